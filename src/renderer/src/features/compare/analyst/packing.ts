import type { RoundRecord, SelectedSample } from '@engine/study/events'
import type { RunResult } from '@engine/study/results'

/** A run as it travels to the analysis: what was selected in two arrays, because thousands of small objects are slow to copy. */
export interface PackedRun {
  readonly key: string
  readonly run: Omit<RunResult, 'records' | 'initial'>
  readonly records: readonly Omit<RoundRecord, 'selection' | 'lossCurve'>[]
  /** samples of the initial set, then of each round */
  readonly counts: Int32Array
  /** row, label, score, predicted, confidence of each; NaN is null */
  readonly samples: Float64Array
}

const width = 5

/** Unique among the runs of a comparison, where two sources may share a run. */
export const keyOf = ({ strategy, run }: RunResult): string => `${strategy}\n${run}`

export function packRun(result: RunResult): PackedRun {
  const { records, initial, ...run } = result
  const lists = [initial, ...records.map(({ selection }) => selection)]
  const counts = Int32Array.from(lists, ({ length }) => length)
  const samples = new Float64Array(width * counts.reduce((sum, count) => sum + count, 0))
  let at = 0
  for (const list of lists)
    for (const { row, label, score, predicted, confidence } of list) {
      samples[at] = row
      samples[at + 1] = label
      samples[at + 2] = score ?? NaN
      samples[at + 3] = predicted ?? NaN
      samples[at + 4] = confidence ?? NaN
      at += width
    }
  const slim = records.map(({ selection: _selection, lossCurve: _lossCurve, ...rest }) => rest)
  return { key: keyOf(result), run, records: slim, counts, samples }
}

export function unpackRun({ run, records, counts, samples }: PackedRun): RunResult {
  let at = 0
  const next = (list: number): SelectedSample[] =>
    Array.from({ length: counts[list] }, () => {
      const [row, label, score, predicted, confidence] = samples.subarray(at, (at += width))
      return { row, label, score: known(score), predicted: known(predicted), confidence: known(confidence) }
    })
  const initial = next(0)
  return { ...run, initial, records: records.map((record, round) => ({ ...record, lossCurve: [], selection: next(round + 1) })) }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value)
