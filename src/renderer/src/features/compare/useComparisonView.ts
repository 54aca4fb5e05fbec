import { computed } from 'vue'
import { factorLevels, factorText, type Factors } from '@engine/analysis/resultSet'
import type { ResultSet } from '@engine/study/results'
import type { FactorValue, MetricId } from '@engine/study/spec'
import { useQuery, useQueryChoice, useQuerySet } from '@/composables/useQuery'
import { useExperiment } from '@/state/experiment'
import type { ComparisonView } from './comparison'

export type BandChoice = 't95' | 'paired-difference' | 'traces'

export const allLevels = '*'

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

  const datasets = computed(() => {
    const known = snapshot.value?.datasets.map(({ name }) => name) ?? []
    return [...new Set([...known, ...(results()?.runs.map((run) => run.dataset) ?? [])])]
  })
  const measured = computed(() => metrics.filter((id) => snapshot.value?.metrics.includes(id)))
  const candidates = computed(() => {
    const all = results()
    return all
      ? all.strategies.filter((name) => !all.lines.includes(name))
      : (snapshot.value?.strategies.filter(({ id }) => id !== 'full-data').map(({ name }) => name) ?? [])
  })

  /** level of each factor in the URL as text, `*` for all of them */
  const givenLevels = computed<Readonly<Record<string, string>>>(() => {
    try {
      const value: unknown = JSON.parse(facetText.value || '{}')
      return typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([path, level]) => [path, String(level)]))
        : {}
    } catch {
      return {}
    }
  })
  const factors = computed(() => {
    const all = results()
    const paths = all?.factors ?? snapshot.value?.factors ?? []
    return paths.map((path) => ({ path, levels: all ? factorLevels(all, path) : [] }))
  })
  /** Levels of study-wide factors are looked at one at a time, those of a strategy side by side, unless the URL says otherwise. */
  const chosenLevels = computed<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(
      factors.value.map(({ path, levels }) => {
        const first = path.startsWith('strategies.') || levels.length < 2 ? allLevels : factorText(levels[0])
        const given = givenLevels.value[path]
        return [path, given === allLevels || levels.some((level) => factorText(level) === given) ? given : first]
      }),
    ),
  )
  const facet = computed<Factors>(() =>
    Object.fromEntries(
      factors.value.flatMap(({ path, levels }): [string, FactorValue][] => {
        const level = levels.find((candidate) => factorText(candidate) === chosenLevels.value[path])
        return level === undefined ? [] : [[path, level]]
      }),
    ),
  )
  function chooseLevel(path: string, level: string): void {
    facetText.value = JSON.stringify({ ...givenLevels.value, [path]: level })
  }

  const view = computed<ComparisonView>(() => ({
    dataset: datasets.value.find((name) => name === dataset.value) ?? datasets.value[0] ?? '',
    metric: measured.value.find((id) => id === metric.value) ?? snapshot.value?.stats.metric ?? 'accuracy',
    baseline: candidates.value.find((name) => name === baseline.value) ?? snapshot.value?.stats.baseline ?? '',
    facet: facet.value,
  }))
  return {
    view,
    dataset,
    datasets,
    metric,
    measured,
    baseline,
    candidates,
    band,
    budget,
    factors,
    givenLevels,
    chosenLevels,
    chooseLevel,
    hidden: hidden.values,
    toggleHidden: hidden.toggle,
  }
}
export type ComparisonChoices = ReturnType<typeof useComparisonView>
