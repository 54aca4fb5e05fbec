import type { RunState, RunStatus } from '@engine/study/events'
import type { PlannedRun } from '@engine/study/spec'
import type { ExperimentProgress } from '@contract/types'

/** A run with where it stands. */
export interface Tracked {
  readonly run: PlannedRun
  status: RunStatus
  state: RunState
}

/** Rounds that a run evaluates. */
export const roundsOf = ({ spec }: PlannedRun): number => spec.strategy.rounds + 1

export interface ProgressMeter {
  /** A round of a run took `ms`. */
  measured(run: PlannedRun, ms: number): void
  progress(tracked: readonly Tracked[], slots: number, paused: boolean): ExperimentProgress
}

/** Progress in rounds; time to the end from measured rounds, those of the same strategy on the same data set where there are some. */
export function createProgressMeter(): ProgressMeter {
  const costs = new Map<string, { ms: number; rounds: number }>()
  const keyOf = ({ spec }: PlannedRun): string => JSON.stringify([spec.datasetName, spec.strategy.name, spec.training.weightStart])
  const charge = (key: string, ms: number): void => {
    const cost = costs.get(key) ?? { ms: 0, rounds: 0 }
    costs.set(key, { ms: cost.ms + ms, rounds: cost.rounds + 1 })
  }
  const everything = ''
  return {
    measured: (run, ms) => {
      charge(everything, ms)
      charge(keyOf(run), ms)
    },
    progress: (tracked, slots, paused) => {
      let total = 0
      let done = 0
      let msLeft = 0
      const overall = costs.get(everything)
      for (const { run, status, state } of tracked) {
        const rounds = roundsOf(run)
        const ended = status === 'finished' || status === 'failed'
        const settled = ended || status === 'cancelled'
        const inRound = status === 'running' && state.epoch ? state.epoch.epoch / Math.max(1, state.epoch.epochs) : 0
        const completed = ended ? rounds : Math.min(rounds, state.records.length + inRound)
        total += rounds
        done += completed
        const cost = costs.get(keyOf(run)) ?? overall
        if (!settled && cost) msLeft += (rounds - completed) * (cost.ms / cost.rounds)
      }
      const inFlight = tracked.filter(({ status }) => status === 'running')
      const count = (status: RunStatus): number => tracked.filter((entry) => entry.status === status).length
      return {
        runs: tracked.length,
        finished: count('finished'),
        failed: count('failed'),
        running: inFlight.length,
        paused,
        fraction: total === 0 ? 1 : done / total,
        etaMs: overall === undefined || paused ? null : msLeft / Math.max(1, Math.min(slots, tracked.length)),
        current: inFlight.map(({ run, state }) => describeRun(run, state)).join(' · '),
      }
    },
  }
}

const describeRun = (run: PlannedRun, { records }: RunState): string =>
  `${run.spec.strategy.name}, seed ${run.spec.repeat}, round ${Math.min(records.length, roundsOf(run) - 1)}/${roundsOf(run) - 1}`
