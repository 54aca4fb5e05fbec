import type { Matrix } from '../core/matrix'
import type { MetricId } from '../study/spec'

/** Predictions with their true classes, as every metric reads them. */
export interface Predictions {
  /** n × C */
  readonly logProbabilities: Matrix
  /** n × C */
  readonly probabilities: Matrix
  /** n: the most probable class, the lower one of equals */
  readonly predicted: Int32Array
  readonly labels: Int32Array
  readonly classes: number
}

export interface Metric {
  readonly id: MetricId
  readonly title: string
  readonly description: string
  /** which direction is good */
  readonly better: 'higher' | 'lower'
  /** The value over all n ≥ 1 samples. */
  evaluate(predictions: Predictions): number
}
