import type { LabEvents } from '@contract/commands'
import type { ExperimentSnapshot } from '@contract/types'
import { reduceRun } from '@engine/study/reduceRun'
import type { RunState } from '@engine/study/events'

/** An experiment kept up to date by batches. The map is replaced entry by entry; each `RunState` is immutable. */
export interface LiveExperiment {
  readonly snapshot: ExperimentSnapshot
  readonly runs: Map<string, RunState>
  /** last batch applied */
  batch: number
}

export type BatchOutcome = 'applied' | 'old' | 'gap'

export const liveFrom = (snapshot: ExperimentSnapshot): LiveExperiment => ({
  snapshot,
  runs: new Map(snapshot.runs.map((run) => [run.hash, run.state])),
  batch: snapshot.batch,
})

/** Applies one batch in place. On a gap nothing changes: the caller opens the experiment again. */
export function applyBatch(live: LiveExperiment, payload: LabEvents['experiment.events']): BatchOutcome {
  if (payload.experiment !== live.snapshot.summary.id || payload.batch <= live.batch) return 'old'
  if (payload.batch !== live.batch + 1) return 'gap'
  for (const [run, event] of payload.events) {
    const state = live.runs.get(run)
    if (state) live.runs.set(run, reduceRun(state, event))
  }
  live.batch = payload.batch
  return 'applied'
}
