import { cellTitle } from '@engine/analysis/factorWords'
import type { Curve } from '@engine/analysis/curves'
import { metricInfo } from '@engine/analysis/metricInfo'
import type { MetricId } from '@engine/study/spec'
import { fixed, signed } from '@/composables/format'
import type { ChartTable } from './chart'

/** Mean, interval and n of every curve at every budget, in the units the figure shows. */
export function curvesTable(curves: readonly Curve[], metric: MetricId): ChartTable {
  const { percent, label } = metricInfo[metric]
  const scale = percent ? 100 : 1
  const digits = percent ? 1 : 3
  const difference = curves.some((curve) => curve.baseline !== null)
  const show = (value: number | null): string =>
    value === null ? '–' : difference ? signed(value * scale, digits) : fixed(value * scale, digits)
  const factors = curves.some((curve) => cellTitle(curve.factors) !== '')
  const datasets = new Set(curves.map((curve) => curve.dataset)).size > 1
  return {
    columns: [
      ...(datasets ? ['data set'] : []),
      'strategy',
      ...(factors ? ['factors'] : []),
      'labelled samples',
      `${difference ? 'difference in ' : ''}${label}${percent ? (difference ? ' (points)' : ' (%)') : ''}`,
      '95 % CI',
      'n',
    ],
    rows: curves.flatMap((curve) =>
      curve.labels.map((labels, i) => [
        ...(datasets ? [curve.dataset] : []),
        curve.strategy,
        ...(factors ? [cellTitle(curve.factors) || '–'] : []),
        labels,
        show(curve.mean[i]),
        curve.lo[i] === null ? '–' : `${show(curve.lo[i])} to ${show(curve.hi[i])}`,
        curve.n[i],
      ]),
    ),
  }
}
