import type { RunState } from '@engine/study/events'

/** When and by whom rows were labelled, up to a round. */
export interface Picks {
  /** round of each labelled row: 0 for the initial set, r for the r-th query */
  readonly rounds: ReadonlyMap<number, number>
  /** rows of the query that led to this round */
  readonly fresh: ReadonlySet<number>
}

/** What a run had labelled when round `round` was evaluated. */
export function picksAt(state: Pick<RunState, 'initial' | 'records'>, round: number): Picks {
  const rounds = new Map(state.initial.map(({ row }): [number, number] => [row, 0]))
  for (const record of state.records) {
    if (record.round >= round) break
    for (const { row } of record.selection) rounds.set(row, record.round + 1)
  }
  return { rounds, fresh: new Set([...rounds].flatMap(([row, when]) => (when === round && round > 0 ? [row] : []))) }
}
