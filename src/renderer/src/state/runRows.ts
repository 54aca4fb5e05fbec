import { initialRunState } from '@engine/study/reduceRun'
import type { RoundRecord, RunState, RunStatus } from '@engine/study/events'
import type { MetricId } from '@engine/study/spec'
import { cellTitle } from '@engine/analysis/factorWords'
import { wasEvaluated } from '@engine/analysis/resultSet'
import type { LiveExperiment } from './experimentReducer'

/** Nothing waits or runs in an experiment that nobody computes: a run was begun, or it was not. */
export type RowStatus = RunStatus | 'interrupted' | 'unstarted'

/** A run as a table row; plain values only, so that sorting and grouping need not look further. */
export interface RunRow {
  readonly key: string
  readonly hash: string
  readonly strategy: string
  readonly dataset: string
  readonly factors: string
  readonly seed: number
  readonly status: RowStatus
  /** rounds done, counting the evaluation of the start as none */
  readonly round: number
  readonly rounds: number
  /** 0 … 1, with the part of the round in flight */
  readonly progress: number
  readonly value: number | null
  readonly losses: readonly number[]
  readonly elapsedMs: number
  readonly etaMs: number | null
  readonly error: string
}

export const roundMs = ({ timings: t }: RoundRecord): number => t.trainMs + t.forwardMs + t.scoreMs + t.chooseMs + t.updateMs + t.evalMs

function rowOf(run: LiveExperiment['snapshot']['runs'][number], index: number, state: RunState, metric: MetricId, isLive: boolean): RunRow {
  const done = state.records.length
  const total = state.rounds + 1
  const inFlight = state.epoch && state.epoch.epochs > 0 ? state.epoch.epoch / state.epoch.epochs : 0
  const elapsedMs = state.records.reduce((sum, record) => sum + roundMs(record), 0)
  const last = state.records.at(-1)
  const running = state.status === 'running'
  const isOpen = running || state.status === 'queued' || state.status === 'paused'
  const status = isLive || !isOpen ? state.status : running || done > 0 ? 'interrupted' : 'unstarted'
  return {
    key: `${run.hash}:${index}`,
    hash: run.hash,
    strategy: run.strategy,
    dataset: run.dataset,
    factors: cellTitle(run.factors),
    seed: run.seed,
    status,
    round: Math.max(0, done - 1),
    rounds: state.rounds,
    progress: state.status === 'finished' ? 1 : state.rounds > 0 || done > 0 ? Math.min(1, (done + inFlight) / total) : 0,
    value: state.records.findLast(wasEvaluated)?.metrics[metric] ?? null,
    losses: last?.lossCurve ?? [],
    elapsedMs,
    etaMs: running && isLive && done > 0 ? (elapsedMs / done) * Math.max(0, total - done - inFlight) : null,
    error: state.error?.message ?? '',
  }
}

export function runRows({ snapshot, runs }: LiveExperiment): RunRow[] {
  const isLive = snapshot.summary.state === 'running' || snapshot.summary.state === 'paused'
  return snapshot.runs.map((run, index) => rowOf(run, index, runs.get(run.hash) ?? initialRunState, snapshot.stats.metric, isLive))
}

/** How many runs are in each state. */
export function countStates(rows: readonly RunRow[]): Readonly<Record<RowStatus, number>> {
  const counts: Record<RowStatus, number> = {
    queued: 0,
    running: 0,
    paused: 0,
    interrupted: 0,
    unstarted: 0,
    finished: 0,
    cancelled: 0,
    failed: 0,
  }
  for (const row of rows) counts[row.status]++
  return counts
}
