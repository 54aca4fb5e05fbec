import type { MetricId } from '../study/spec'

export interface MetricInfo {
  /** as a sentence or axis names it, sentence case and without unit */
  readonly label: string
  /** shown as a percentage; differences are then points */
  readonly percent: boolean
  readonly higherIsBetter: boolean
}

export const metricInfo: Readonly<Record<MetricId, MetricInfo>> = {
  accuracy: { label: 'accuracy', percent: true, higherIsBetter: true },
  nll: { label: 'negative log-likelihood', percent: false, higherIsBetter: false },
  macro_f1: { label: 'macro F1', percent: true, higherIsBetter: true },
  ece: { label: 'expected calibration error', percent: true, higherIsBetter: false },
  brier: { label: 'Brier score', percent: false, higherIsBetter: false },
}

/** `accuracy (%)`, or the bare label of a metric without unit. */
export const metricTitle = (metric: MetricId): string => metricInfo[metric].label + (metricInfo[metric].percent ? ' (%)' : '')
