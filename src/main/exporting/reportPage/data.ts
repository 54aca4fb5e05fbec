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

/** Samples of one class that were predicted alike, right or wrong (null: not predicted), with about one confidence: their mean. */
type Counts = readonly (readonly [label: number, correct: boolean | null, confidence: number | null, count: number])[]
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

/** JSON of the data without what no figure reads: of the queried rows, how many of each class were predicted how. */
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

/** Confidences of one tenth are merged: reliability is told by tenths, and keeps its mean. */
function countsOf(samples: readonly SelectedSample[]): Counts {
  const groups = new Map<string, SelectedSample[]>()
  for (const sample of samples) {
    const { label, predicted, confidence } = sample
    const tenth = confidence === null ? '' : Math.min(9, Math.floor(10 * confidence))
    const key = [label, predicted === null ? '' : predicted === label, tenth].join(' ')
    const group = groups.get(key)
    if (group) group.push(sample)
    else groups.set(key, [sample])
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, [{ label, predicted, confidence }, ...others]]) => {
      const total = others.reduce((sum, sample) => sum + (sample.confidence ?? 0), confidence ?? 0)
      const count = others.length + 1
      return [
        label,
        predicted === null ? null : predicted === label,
        confidence === null ? null : Math.round((1e4 * total) / count) / 1e4,
        count,
      ]
    })
}

const samplesOf = (counts: Counts): SelectedSample[] =>
  counts.flatMap(([label, correct, confidence, count]) => {
    const predicted = correct === null ? null : correct ? label : label === 0 ? 1 : 0
    return new Array<SelectedSample>(count).fill({ row: -1, label, score: null, predicted, confidence })
  })
