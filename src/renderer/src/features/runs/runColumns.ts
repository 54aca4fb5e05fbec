import {
  columnGroupingFeature,
  createColumnHelper,
  createExpandedRowModel,
  createGroupedRowModel,
  createSortedRowModel,
  rowExpandingFeature,
  rowSortingFeature,
  tableFeatures,
} from '@tanstack/vue-table'
import type { RunRow } from '@/state/runRows'
import { stateWords } from './stateWords'

export const runFeatures = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  columnGroupingFeature,
  groupedRowModel: createGroupedRowModel(),
  rowExpandingFeature,
  expandedRowModel: createExpandedRowModel(),
})

/** What needs attention comes first. */
const statusRank: Readonly<Record<RunRow['status'], number>> = {
  running: 0,
  failed: 1,
  interrupted: 2,
  paused: 3,
  queued: 4,
  unstarted: 5,
  finished: 6,
  cancelled: 7,
}

const helper = createColumnHelper<typeof runFeatures, RunRow>()
export const runColumns = helper.columns([
  helper.accessor('strategy', { sortFn: (a, b) => a.original.strategy.localeCompare(b.original.strategy) }),
  helper.accessor('factors', { sortFn: (a, b) => a.original.factors.localeCompare(b.original.factors) }),
  helper.accessor('dataset', {}),
  helper.accessor('seed', {}),
  helper.accessor('status', { sortFn: (a, b) => statusRank[a.original.status] - statusRank[b.original.status] }),
  helper.accessor('progress', {}),
  helper.accessor((row) => row.value ?? undefined, { id: 'value', sortUndefined: 'last' }),
  helper.accessor('elapsedMs', {}),
  helper.accessor((row) => row.etaMs ?? undefined, { id: 'etaMs', sortUndefined: 'last' }),
])

/** Whether a row holds every word of the filter. */
export function fitsFilter(row: RunRow, words: readonly string[]): boolean {
  const text =
    `${row.strategy} ${row.factors} ${row.dataset} seed ${row.seed} ${stateWords[row.status]} ${row.hash} ${row.error}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
