import { strFromU8, unzlibSync } from 'fflate'
import type { NamedStrategy } from '@figures/palette'
import type { RoundRecord, SelectedSample } from '@engine/study/events'
import type { ResultSet } from '@engine/study/results'

/** What the page's figures are drawn from. */
export interface PageData {
  readonly results: ResultSet
  /** with their methods: styles belong to names */
  readonly strategies: readonly NamedStrategy[]
}

type Counts = readonly (readonly [label: number, count: number])[]
interface PackedRecord extends Omit<RoundRecord, 'selection'> {
  readonly selection: Counts
}
interface PackedData extends Omit<PageData, 'results'> {
  readonly results: Omit<ResultSet, 'runs'> & {
    readonly runs: readonly (Omit<ResultSet['runs'][number], 'records' | 'initial'> & {
      readonly records: readonly PackedRecord[]
      readonly initial: Counts
    })[]
  }
}

/** JSON of the data without what no figure reads: of the queried rows their classes stay. */
export function packPage({ results, strategies }: PageData): string {
  const packed: PackedData = {
    strategies,
    results: {
      ...results,
      runs: results.runs.map((run) => ({
        ...run,
        run: '',
        initial: countsOf(run.initial),
        records: run.records.map((record) => ({ ...record, lossCurve: [], diagnostics: {}, selection: countsOf(record.selection) })),
      })),
    },
  }
  return JSON.stringify(packed)
}

/** The data from the zlib stream, in base64, of what `packPage` made. */
export function unpackPage(base64: string): PageData {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  const { results, strategies } = JSON.parse(strFromU8(unzlibSync(bytes))) as PackedData
  const runs = results.runs.map((run) => ({
    ...run,
    initial: samplesOf(run.initial),
    records: run.records.map((record) => ({ ...record, selection: samplesOf(record.selection) })),
  }))
  return { strategies, results: { ...results, runs } }
}

function countsOf(samples: readonly SelectedSample[]): Counts {
  const counts = new Map<number, number>()
  for (const { label } of samples) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => a - b)
}

const samplesOf = (counts: Counts): SelectedSample[] =>
  counts.flatMap(([label, count]) =>
    new Array<SelectedSample>(count).fill({ row: -1, label, score: null, predicted: null, confidence: null }),
  )
