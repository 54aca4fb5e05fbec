import { badInput } from '../core/errors'
import { argMax, exponentials } from '../core/linear'
import type { Matrix } from '../core/matrix'
import type { MetricId } from '../study/spec'
import { accuracy } from './accuracy'
import { brier } from './brier'
import type { Metric } from './contract'
import { ece } from './ece'
import { macroF1 } from './macroF1'
import { nll } from './nll'

const byId: Readonly<Record<MetricId, Metric>> = { accuracy, nll, macro_f1: macroF1, ece, brier }

export const metrics: ReadonlyMap<MetricId, Metric> = new Map(Object.values(byId).map((metric) => [metric.id, metric]))

/**
 * The named metrics of log-probabilities (n × C) against labels (n); null when n is 0.
 * Refuses a label outside [0, classes) and a log-probability that is not a number.
 */
export function evaluateMetrics<M extends MetricId>(
  logProbabilities: Matrix,
  labels: Int32Array,
  classes: number,
  ids: readonly M[],
): Record<M, number | null> {
  const { rows, cols, data } = logProbabilities
  if (rows !== labels.length)
    throw badInput('one label per prediction is needed', { found: `${labels.length} labels`, expected: `${rows}` })
  if (cols !== classes) throw badInput('one column per class is needed', { found: `${cols} columns`, expected: `${classes}` })
  labels.forEach((label, i) => {
    if (label >= 0 && label < classes) return
    throw badInput(`label ${label} of row ${i} is not a class`, { path: `row ${i}`, found: String(label), expected: `0 … ${classes - 1}` })
  })
  const wrong = data.findIndex(Number.isNaN)
  if (wrong >= 0)
    throw badInput(`prediction of row ${Math.floor(wrong / cols)} is not a number`, {
      path: `row ${Math.floor(wrong / cols)}`,
      found: 'NaN',
    })
  const predictions = {
    logProbabilities,
    probabilities: exponentials(logProbabilities),
    predicted: Int32Array.from({ length: rows }, (_, i) => argMax(data, i * cols, cols)),
    labels,
    classes,
  }
  return Object.fromEntries(ids.map((id) => [id, rows === 0 ? null : byId[id].evaluate(predictions)])) as Record<M, number | null>
}
