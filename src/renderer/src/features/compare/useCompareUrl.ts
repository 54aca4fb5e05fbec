import { computed } from 'vue'
import type { Prices } from '@engine/analysis/cost'
import { useQuery, useQueryChoice } from '@/composables/useQuery'

export const tabs = [
  { id: 'curves', title: 'Curves' },
  { id: 'budget', title: 'At budget' },
  { id: 'wins', title: 'Wins' },
  { id: 'effects', title: 'Ablation effects' },
  { id: 'cost', title: 'Cost' },
  { id: 'diversity', title: 'Diversity' },
  { id: 'overlap', title: 'Overlap' },
  { id: 'classes', title: 'Classes' },
  { id: 'calibration', title: 'Calibration' },
  { id: 'proxy', title: 'Proxy' },
  { id: 'ranks', title: 'Ranks' },
] as const
export type Tab = (typeof tabs)[number]['id']

export const axes = [
  { value: 'labels', label: 'labelled samples' },
  { value: 'percent', label: '% of pool' },
  { value: 'active', label: 'active-learning time' },
  { value: 'hours', label: 'wall-clock' },
  { value: 'cost', label: 'cost' },
] as const
export type Axis = (typeof axes)[number]['value']

/** `none` draws one plot. */
export const noSplit = 'none'

/** What Compare alone keeps in the URL. */
export function useCompareUrl() {
  const tab = useQueryChoice<Tab>(
    'tab',
    tabs.map(({ id }) => id),
    'curves',
  )
  const axis = useQueryChoice<Axis>(
    'x',
    axes.map(({ value }) => value),
    'labels',
  )
  const labelPrice = useQuery('labelPrice')
  const hourPrice = useQuery('hourPrice')
  const priceOf = (text: string): number | null => (text !== '' && Number.isFinite(Number(text)) && Number(text) >= 0 ? Number(text) : null)
  const prices = computed<Prices | undefined>(() => {
    const [label, hour] = [priceOf(labelPrice.value), priceOf(hourPrice.value)]
    return label === null && hour === null ? undefined : { label: label ?? 0, hour: hour ?? 0 }
  })
  return {
    tab,
    axis,
    labelPrice,
    hourPrice,
    prices,
    /** path of the factor, or `dataset`, that small multiples are split by */
    split: useQuery('by', noSplit),
    selected: useQuery('strategy'),
  }
}
export type CompareUrl = ReturnType<typeof useCompareUrl>
