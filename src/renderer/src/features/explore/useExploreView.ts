import { computed } from 'vue'
import { cellTitle } from '@engine/analysis/factorWords'
import { initialRunState } from '@engine/study/reduceRun'
import type { RunState } from '@engine/study/events'
import { useQuery, useQueryChoice } from '@/composables/useQuery'
import { useExperiment } from '@/state/experiment'
import { colorings, type Coloring } from './painting'
import type { MapMethod } from './useMap'

export interface ShownRun {
  readonly hash: string
  readonly strategy: string
  readonly label: string
  readonly state: RunState
}

/** What Explore looks at, all of it in the URL: data set, map, colouring, seed, two runs, round, row. */
export function useExploreView() {
  const experiment = useExperiment()
  const snapshot = computed(() => experiment.live?.snapshot ?? null)

  const dataset = useQuery('dataset')
  const method = useQueryChoice<MapMethod>('map', ['pca', 'tsne', 'umap'], 'pca')
  const coloring = useQueryChoice<Coloring>('colour', colorings, 'round')
  const seed = useQuery('seed', '0')
  const left = useQuery('left')
  const right = useQuery('right')
  const roundText = useQuery('round')
  const rowText = useQuery('row')

  const datasets = computed(() => snapshot.value?.datasets.map(({ name }) => name) ?? [])
  const datasetName = computed(() => datasets.value.find((name) => name === dataset.value) ?? datasets.value[0] ?? '')
  const seeds = computed(() => [...new Set(snapshot.value?.runs.map((run) => run.seed) ?? [])].sort((a, b) => a - b).map(String))
  const seedText = computed(() => seeds.value.find((value) => value === seed.value) ?? seeds.value[0] ?? '0')

  /** runs of the data set and seed; a line like full-data selects nothing */
  const runs = computed<ShownRun[]>(() =>
    (snapshot.value?.runs ?? []).flatMap((run) => {
      if (run.dataset !== datasetName.value || String(run.seed) !== seedText.value || run.strategyId === 'full-data') return []
      const cell = cellTitle(run.factors)
      const state = experiment.live?.runs.get(run.hash) ?? initialRunState
      return [{ hash: run.hash, strategy: run.strategy, label: cell ? `${run.strategy}, ${cell}` : run.strategy, state }]
    }),
  )
  const named = (label: string, fallback: ShownRun | undefined): ShownRun | null =>
    runs.value.find((run) => run.label === label) ?? fallback ?? null
  const usual = computed(() => runs.value.filter(({ strategy }) => strategy !== snapshot.value?.stats.baseline))
  const leftRun = computed(() => named(left.value, usual.value[0] ?? runs.value[0]))
  const rightRun = computed(() =>
    named(right.value, usual.value.find((run) => run !== leftRun.value) ?? runs.value.find((run) => run !== leftRun.value)),
  )
  const lastRound = computed(() => Math.max(0, ...[leftRun.value, rightRun.value].map((run) => (run?.state.records.length ?? 1) - 1)))
  const round = computed({
    get: () => (roundText.value === '' ? lastRound.value : Math.min(lastRound.value, Math.max(0, Number(roundText.value) || 0))),
    set: (value) => void (roundText.value = String(value)),
  })
  const row = computed<number | null>({
    get: () => (/^\d+$/.test(rowText.value) ? Number(rowText.value) : null),
    set: (value) => void (rowText.value = value === null ? '' : String(value)),
  })
  return {
    snapshot,
    dataset,
    datasetName,
    datasets,
    method,
    coloring,
    seed,
    seedText,
    seeds,
    runs,
    left,
    right,
    leftRun,
    rightRun,
    lastRound,
    round,
    row,
  }
}
