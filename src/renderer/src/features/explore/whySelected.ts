import type { KeptRound } from '@contract/types'
import type { RunState } from '@engine/study/events'
import { columnOf } from './painting'

export interface ScoreRank {
  readonly name: string
  readonly value: number
  /** 1 = highest */
  readonly rank: number
  readonly of: number
  /** share of the candidates that are not above it, in percent */
  readonly percentile: number
  /** all values, for the histogram */
  readonly values: readonly number[]
}

/** Place of a row among the candidates of a round under every score that was kept; what was labelled before is no candidate. */
export function ranksOf(kept: KeptRound | null, row: number, labeled: ReadonlySet<number>): ScoreRank[] {
  if (!kept) return []
  const columns: readonly (readonly [string, ReadonlyMap<number, number>, 1 | -1])[] = [
    ...kept.scores.map(({ name, values }) => [name, columnOf(values, 2, 1), 1] as const),
    ['entropy (nat)', columnOf(kept.outlook, 5, 4), 1],
    ['margin', columnOf(kept.outlook, 5, 3), -1],
    ['confidence', columnOf(kept.outlook, 5, 2), -1],
  ]
  const ranks = columns.flatMap(([name, values, sign]) => {
    const own = values.get(row)
    if (own === undefined) return []
    const candidates = [...values].flatMap(([other, value]) => (labeled.has(other) ? [] : [value]))
    const above = candidates.filter((value) => sign * value > sign * own).length
    return [
      {
        name,
        value: own,
        rank: above + 1,
        of: candidates.length,
        percentile: 100 * (1 - above / Math.max(1, candidates.length)),
        values: candidates,
      },
    ]
  })
  // A strategy's own entropy or margin is that of the model, its margin negated.
  const isSame = (a: ScoreRank, b: ScoreRank): boolean =>
    a.rank === b.rank && Math.abs(Math.abs(a.value) - Math.abs(b.value)) <= 1e-6 * Math.abs(a.value)
  return ranks.filter(
    (rank, place) => place < kept.scores.length || !ranks.slice(0, kept.scores.length).some((other) => isSame(rank, other)),
  )
}

/** Round and place in its batch at which a run labelled a row; null when it did not. */
export function pickOf(
  state: Pick<RunState, 'initial' | 'records'>,
  row: number,
): { readonly round: number; readonly order: number; readonly size: number } | null {
  const initial = state.initial.findIndex((sample) => sample.row === row)
  if (initial >= 0) return { round: 0, order: initial, size: state.initial.length }
  for (const { round, selection } of state.records) {
    const order = selection.findIndex((sample) => sample.row === row)
    if (order >= 0) return { round: round + 1, order, size: selection.length }
  }
  return null
}

/** Counts in `bins` equal bins over the range of the values, with the range. */
export function histogram(
  values: readonly number[],
  bins: number,
): { readonly counts: number[]; readonly low: number; readonly high: number } {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity])
  const counts = new Array<number>(bins).fill(0)
  if (values.length === 0) return { counts, low: 0, high: 0 }
  const scale = high > low ? bins / (high - low) : 0
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) * scale))]++
  return { counts, low, high }
}
