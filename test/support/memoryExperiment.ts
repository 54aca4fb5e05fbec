import type { ExperimentSnapshot, ExperimentSummary, QueueState } from '@contract/types'
import type { Preparation } from '@contract/models'
import { initialRunState, reduceRun } from '@engine/study/reduceRun'
import { expandStudy } from '@engine/study/expand'
import { parseStudy } from '@engine/study/schema'
import type { RunEvent, RunState } from '@engine/study/events'
import { datasetName } from '@engine/study/consistency'
import type { PlannedRun, Study } from '@engine/study/spec'
import { resolve } from './memoryPlan'
import { preparationOf } from './memoryModels'
import { eventsOf } from './memoryRuns'

export interface ExperimentOptions {
  readonly id: string
  readonly project: string
  readonly yaml: string
  readonly startedAt: string
  /** runs that break in this round, by strategy and seed */
  readonly failing?: readonly { readonly strategy: string; readonly seed: number; readonly round: number }[]
}

/** An experiment that plays generated runs: two at a time, as far as `advance` says. */
export interface MemoryExperiment {
  readonly study: Study
  summary(): ExperimentSummary
  snapshot(batch: number): ExperimentSnapshot
  /** Moves every running run by `steps` events and returns them. */
  advance(steps: number): (readonly [string, RunEvent])[]
  queue(): QueueState
  control(action: 'pause' | 'resume' | 'cancel' | 'retry', hashes?: readonly string[]): (readonly [string, RunEvent])[]
  interrupt(): void
  /** What is being made before the runs fails. */
  breakPreparation(message: string): void
  readonly states: ReadonlyMap<string, RunState>
  readonly plan: readonly PlannedRun[]
}

const jobs = 2

export function createMemoryExperiment(options: ExperimentOptions): MemoryExperiment {
  const study = parseStudy(options.yaml, { file: 'study.yaml' })
  const plan = expandStudy(study, resolve(study))
  const states = new Map(plan.map(({ hash }) => [hash, initialRunState]))
  const playing = new Map<string, Generator<RunEvent>>()
  const held = new Set<string>()
  let state: ExperimentSummary['state'] = 'running'
  let finishedAt: string | null = null
  const preparation = preparationOf(study)
  const nextStep = (): Preparation | null => {
    const { value, done } = preparation.next()
    return done ? null : value
  }
  let preparing = nextStep()
  let trouble: string | undefined

  const apply = (hash: string, event: RunEvent): readonly [string, RunEvent] => {
    states.set(hash, reduceRun(states.get(hash)!, event))
    return [hash, event]
  }
  const count = (status: RunState['status']): number => [...states.values()].filter((run) => run.status === status).length
  function settle(): void {
    if ((state !== 'running' && state !== 'paused') || playing.size > 0 || [...states.values()].some(({ status }) => status === 'queued'))
      return
    state = count('failed') > 0 ? 'failed' : count('cancelled') > 0 ? 'cancelled' : 'finished'
    finishedAt = options.startedAt
  }
  const failsAt = (run: PlannedRun): number | null =>
    options.failing?.find(({ strategy, seed }) => strategy === run.spec.strategy.name && seed === run.spec.repeat)?.round ?? null

  function refill(): void {
    for (const run of plan) {
      if (playing.size >= jobs) return
      if (states.get(run.hash)?.status === 'queued' && !held.has(run.hash) && !playing.has(run.hash))
        playing.set(run.hash, eventsOf(run, failsAt(run)))
    }
  }

  const summary = (): ExperimentSummary => ({
    id: options.id,
    project: options.project,
    name: study.study,
    folder: `workspace/${options.project}/${options.id}`,
    startedAt: options.startedAt,
    finishedAt,
    state,
    runs: plan.length,
    finished: count('finished'),
    failed: count('failed'),
    ...(trouble && { trouble }),
  })
  const rounds = plan.reduce((sum, { spec }) => sum + spec.strategy.rounds + 1, 0)

  return {
    study,
    plan,
    states,
    summary,
    snapshot: (batch) => ({
      summary: summary(),
      study: study.study,
      studyYaml: options.yaml,
      strategies: study.strategies.map(({ name, id }) => ({ name, id })),
      datasets: study.datasets.map((ref) => ({
        name: datasetName(ref),
        rows: 1297,
        testRows: 500,
        classes: 10,
        classNames: Array.from({ length: 10 }, (_, i) => String(i)),
      })),
      factors: Object.keys(study.ablate),
      metrics: study.metrics,
      stats: study.stats,
      splitVaries: false,
      backend: { id: 'onnx-native', device: 'CPU' },
      runs: plan.map(({ hash, spec, factors }) => ({
        hash,
        strategy: spec.strategy.name,
        strategyId: spec.strategy.id,
        dataset: spec.datasetName,
        seed: spec.repeat,
        factors,
        state: states.get(hash)!,
      })),
      batch,
    }),
    advance: (steps) => {
      if (state !== 'running') return []
      if (preparing) preparing = nextStep()
      if (preparing) return []
      refill()
      const events: (readonly [string, RunEvent])[] = []
      for (const [hash, run] of [...playing]) {
        for (let i = 0; i < steps; i++) {
          const next = run.next()
          if (next.done) {
            playing.delete(hash)
            break
          }
          events.push(apply(hash, next.value))
        }
      }
      settle()
      return events
    },
    queue: () => {
      const done = [...states.values()].reduce((sum, { records }) => sum + records.length, 0)
      const current = plan.find(({ hash }) => playing.has(hash))
      const at = current && states.get(current.hash)!
      return {
        experiment: options.id,
        experimentName: study.study,
        runs: plan.length,
        finished: count('finished'),
        failed: count('failed'),
        running: playing.size,
        paused: state === 'paused',
        fraction: done / rounds,
        etaMs: done > 0 ? 150 * (rounds - done) : null,
        current: preparing
          ? `${preparing.what}, ${preparing.detail}`
          : current && at
            ? `${current.spec.strategy.name}, seed ${current.spec.repeat}, round ${at.records.length}/${current.spec.strategy.rounds}`
            : '',
        ...(preparing && { preparing }),
      }
    },
    control: (action, hashes) => {
      const chosen = hashes ?? plan.map(({ hash }) => hash)
      const events: (readonly [string, RunEvent])[] = []
      if (action === 'pause' && !hashes && state === 'running') state = 'paused'
      if (action === 'resume' && !hashes && state === 'paused') state = 'running'
      for (const hash of chosen) {
        const run = states.get(hash)
        if (!run) continue
        const open = run.status === 'queued' || run.status === 'running' || run.status === 'paused'
        if (action === 'cancel' && open) {
          playing.delete(hash)
          events.push(apply(hash, { seq: run.lastSeq + 1, type: 'run-ended', state: 'cancelled' }))
        }
        if (action === 'retry' && (run.status === 'failed' || run.status === 'cancelled')) {
          const planned = plan.find((candidate) => candidate.hash === hash)
          if (planned) playing.set(hash, eventsOf(planned, null, run.lastSeq + 1))
          state = 'running'
        }
        if (hashes && action === 'pause') held.add(hash)
        if (hashes && action === 'resume') held.delete(hash)
      }
      settle()
      return events
    },
    breakPreparation: (message) => {
      if (preparing) trouble = `${preparing.what}: ${message}`
      state = 'failed'
    },
    interrupt: () => {
      state = 'interrupted'
      playing.clear()
    },
  }
}
