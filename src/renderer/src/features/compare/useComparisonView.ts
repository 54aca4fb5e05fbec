import { computed } from 'vue'
import { factorLevels, factorText, type Factors } from '@engine/analysis/resultSet'
import type { ResultSet } from '@engine/study/results'
import type { FactorValue, MetricId } from '@engine/study/spec'
import { useQuery, useQueryChoice, useQuerySet } from '@/composables/useQuery'
import { useExperiment } from '@/state/experiment'
import type { ComparisonView } from './comparison'

export type BandChoice = 't95' | 'paired-difference' | 'traces'

const metrics: readonly MetricId[] = ['accuracy', 'nll', 'macro_f1', 'ece', 'brier']

/** What Compare and Export look at, all of it in the URL. */
export function useComparisonView(results: () => ResultSet | null) {
  const experiment = useExperiment()
  const snapshot = computed(() => experiment.live?.snapshot ?? null)

  const dataset = useQuery('dataset')
  const metric = useQuery('metric')
  const baseline = useQuery('baseline')
  const band = useQueryChoice<BandChoice>('band', ['t95', 'paired-difference', 'traces'], 't95')
  const budget = useQuery('at')
  const facetText = useQuery('facet')
  const hidden = useQuerySet('hide')

  const datasets = computed(() => snapshot.value?.datasets.map(({ name }) => name) ?? [])
  const measured = computed(() => metrics.filter((id) => snapshot.value?.metrics.includes(id)))
  const candidates = computed(() => snapshot.value?.strategies.filter(({ id }) => id !== 'full-data').map(({ name }) => name) ?? [])

  /** chosen level of each factor as text; a factor that is not in it shows all its levels */
  const chosenLevels = computed<Readonly<Record<string, string>>>(() => {
    try {
      const value: unknown = JSON.parse(facetText.value || '{}')
      return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([path, level]) => [path, String(level)])) : {}
    } catch {
      return {}
    }
  })
  const factors = computed(() => {
    const all = results()
    return (snapshot.value?.factors ?? []).map((path) => ({ path, levels: all ? factorLevels(all, path) : [] }))
  })
  const facet = computed<Factors>(() =>
    Object.fromEntries(
      factors.value.flatMap(({ path, levels }): [string, FactorValue][] => {
        const level = levels.find((candidate) => factorText(candidate) === chosenLevels.value[path])
        return level === undefined ? [] : [[path, level]]
      }),
    ),
  )
  function chooseLevel(path: string, level: string): void {
    const next: Record<string, string> = { ...chosenLevels.value, [path]: level }
    if (level === '') delete next[path]
    facetText.value = Object.keys(next).length > 0 ? JSON.stringify(next) : ''
  }

  const view = computed<ComparisonView>(() => ({
    dataset: datasets.value.find((name) => name === dataset.value) ?? datasets.value[0] ?? '',
    metric: measured.value.find((id) => id === metric.value) ?? snapshot.value?.stats.metric ?? 'accuracy',
    baseline: candidates.value.find((name) => name === baseline.value) ?? snapshot.value?.stats.baseline ?? '',
    facet: facet.value,
  }))
  return { view, dataset, datasets, metric, measured, baseline, candidates, band, budget, factors, chosenLevels, chooseLevel, hidden: hidden.values, toggleHidden: hidden.toggle }
}
export type ComparisonChoices = ReturnType<typeof useComparisonView>
