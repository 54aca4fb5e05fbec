import { computed, ref, type ComputedRef, type Ref } from 'vue'
import type { ResultSet } from '@engine/study/results'
import { cellDash } from '@figures/curveSeries'
import type { FigureChoices } from '@figures/figure'
import { seriesStyles, type NamedStrategy, type SeriesStyle } from '@figures/palette'
import { useSampled } from '@/composables/useSampled'
import { useExperiment } from '@/state/experiment'
import { toResults } from '@/state/toResults'
import { useAnswer, type Asked } from './analyst/useAnswer'
import { curveKey, type CellRow } from './comparison'
import { noSplit, useCompareUrl, type CompareUrl } from './useCompareUrl'
import { useComparisonView, type ComparisonChoices } from './useComparisonView'
import { useFocus, type Focus } from './useFocus'
import { useSources, type Sources } from './useSources'

/** Everything the views of Compare share. */
export interface CompareState {
  readonly results: ComputedRef<ResultSet | null>
  readonly sources: Sources
  readonly choices: ComparisonChoices
  readonly url: CompareUrl
  readonly focus: Focus
  /** with the method of each; of added sources too */
  readonly strategies: ComputedRef<readonly NamedStrategy[]>
  readonly looks: ComputedRef<ReadonlyMap<string, SeriesStyle>>
  /** mark of one row or curve: cells of a strategy differ in their dash, as in the drawing */
  readonly lookOf: (row: CellRow) => SeriesStyle | undefined
  /** with † after an oracle */
  readonly nameOf: (strategy: string) => string
  readonly comparison: Asked<'comparison'>
  readonly tests: Asked<'tests'>
  /** tests, which may take long, wait for the first curves */
  readonly curvesReady: Ref<boolean>
  readonly budget: ComputedRef<number | null>
  /** what figures show: the view's data set and levels, one plot or the chosen small multiples */
  readonly figureChoices: ComputedRef<FigureChoices>
  /** the same with every data set and level */
  readonly wholeChoices: ComputedRef<FigureChoices>
}

export function useCompareState(): CompareState {
  const experiment = useExperiment()
  const own = useSampled<ResultSet | null>(
    () => experiment.live,
    () => (experiment.live ? toResults(experiment.live) : null),
    1000,
  )
  const sources = useSources(() => own.value)
  const results = computed(() => sources.joined.value?.results ?? null)
  const choices = useComparisonView(() => results.value)
  const url = useCompareUrl()
  const strategies = computed<readonly NamedStrategy[]>(() => [
    ...(experiment.live?.snapshot.strategies.map(({ name, id }) => ({ name, id })) ?? []),
    ...(sources.joined.value?.strategies ?? []),
  ])
  const view = choices.view
  const comparison = useAnswer<'comparison'>(
    () => results.value,
    () => (view.value.dataset ? { kind: 'comparison', view: view.value } : null),
  )
  const curvesReady = ref(false)
  const tests = useAnswer<'tests'>(
    () => results.value,
    () => {
      const isWanted = url.tab.value === 'wins' || (url.tab.value === 'curves' && curvesReady.value)
      return view.value.dataset && isWanted ? { kind: 'tests', view: view.value } : null
    },
  )
  const looks = computed(() => seriesStyles(strategies.value))
  const cells = computed(() =>
    (comparison.found.value?.answer.curves ?? []).map((curve) => ({ strategy: curve.strategy, key: curveKey(curve) })),
  )
  const lookOf = (row: CellRow): SeriesStyle | undefined => {
    const look = looks.value.get(row.strategy)
    const siblings = cells.value.filter(({ strategy }) => strategy === row.strategy)
    const cell = siblings.findIndex(({ key }) => key === curveKey(row))
    return look && cell >= 0 ? { ...look, dash: cellDash(look, cell, siblings.length) } : look
  }
  const budgets = computed(() => comparison.found.value?.answer.budgets ?? [])
  const shared = computed<FigureChoices>(() => ({
    strategies: strategies.value,
    metric: view.value.metric,
    baseline: view.value.baseline,
    hidden: [...choices.hidden.value].sort(),
    ...(url.prices.value ? { prices: url.prices.value } : {}),
  }))
  const focus = useFocus(url.selected, () => strategies.value.map(({ name }) => name))
  return {
    results,
    sources,
    choices,
    url,
    focus,
    strategies,
    looks,
    lookOf,
    nameOf: (strategy) => (results.value?.oracles?.includes(strategy) ? `${strategy}†` : strategy),
    comparison,
    tests,
    curvesReady,
    budget: computed(
      () =>
        budgets.value.find((labels) => String(labels) === choices.budget.value) ??
        budgets.value[Math.floor((budgets.value.length - 1) / 2)] ??
        null,
    ),
    figureChoices: computed(() => {
      const { dataset, facet } = view.value
      const split = url.split.value
      const { [split]: _split, ...rest } = facet
      return {
        ...shared.value,
        ...(split === 'dataset' ? {} : { dataset }),
        facet: rest,
        panels: split === noSplit ? false : [split],
      }
    }),
    wholeChoices: shared,
  }
}
