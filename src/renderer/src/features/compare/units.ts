import { metricInfo } from '@engine/analysis/metricInfo'
import type { MetricId } from '@engine/study/spec'
import { fixed, signed } from '@/composables/format'

/** How values and differences of a metric are written: rates in % and points, the rest as they are. */
export function unitsOf(metric: MetricId) {
  const { percent, label } = metricInfo[metric]
  const scale = percent ? 100 : 1
  const digits = percent ? 1 : 3
  const level = (value: number | null): string => (value === null ? '–' : fixed(value * scale, digits))
  const difference = (value: number | null): string => (value === null ? '–' : signed(value * scale, digits))
  return {
    label,
    unit: percent ? '%' : '',
    level,
    difference,
    /** lo–hi for levels */
    levels: (lo: number | null, hi: number | null): string => (lo === null || hi === null ? '–' : `${level(lo)}–${level(hi)}`),
    /** lo, hi for differences */
    differences: (lo: number | null, hi: number | null): string =>
      lo === null || hi === null ? '–' : `${difference(lo)}, ${difference(hi)}`,
  }
}
