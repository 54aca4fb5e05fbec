import type { Handlers } from '@contract/rpc'
import type { ExperimentSnapshot, ExperimentSummary, QueueState } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import type { LabDependencies, ResultView } from './dependencies'
import type { Experiment, ExperimentProgress } from './experiment'
import type { Hub } from './hub'
import type { Notices } from './notices'
import type { Projects } from './projects'
import { experimentsOf } from './projects'
import { snapshotOf, sparklineOf } from './snapshot'
import type { ExperimentRecord } from './workspacePort'

type ExperimentHandlers = Pick<
  Handlers,
  | 'experiment.start'
  | 'experiment.continue'
  | 'experiment.control'
  | 'experiment.list'
  | 'experiment.open'
  | 'experiment.remove'
  | 'experiment.restore'
  | 'export.table'
  | 'export.figure'
  | 'queue.get'
>

export const emptyQueue: QueueState = {
  experiment: null,
  experimentName: '',
  runs: 0,
  finished: 0,
  failed: 0,
  running: 0,
  paused: false,
  fraction: 0,
  etaMs: null,
  current: '',
}

/** What a record says to clients. */
export const summaryOf = ({ sparkline: _sparkline, removedAt: _removedAt, ...summary }: ExperimentRecord): ExperimentSummary => summary

interface Live {
  readonly experiment: Experiment
  readonly view: ResultView
}

export interface Experiments {
  readonly handlers: ExperimentHandlers
  /** Stops every experiment at its next safe point and waits for that. */
  stop(): Promise<void>
}

/** One experiment runs at a time; the app shows its progress in the queue bar. */
export function createExperiments(deps: LabDependencies, hub: Hub, notices: Notices, projects: () => Projects): Experiments {
  const { store, clock } = deps
  const live = new Map<string, Live>()
  const settled = new Map<string, Promise<void>>()
  let queue = emptyQueue
  let stopping = false

  const record = (experiment: string): ExperimentRecord => {
    const found = store.index().experiments.find(({ id }) => id === experiment)
    if (!found) throw new QuerentError('not-found', 'this experiment is not in the workspace', { found: experiment })
    return found
  }
  const change = async (experiment: string, patch: Partial<ExperimentRecord>): Promise<void> => {
    await store.update((index) => ({ ...index, experiments: index.experiments.map((e) => (e.id === experiment ? { ...e, ...patch } : e)) }))
    hub.emit('experiment.changed', summaryOf(record(experiment)))
  }
  const showQueue = (next: QueueState): void => {
    if ((queue.experiment === null) !== (next.experiment === null)) deps.onBusy(next.experiment !== null)
    queue = next
    hub.emit('queue.changed', queue)
  }
  const onProgress = (entry: ExperimentRecord, progress: ExperimentProgress): void =>
    showQueue({
      experiment: entry.id,
      experimentName: entry.name,
      runs: progress.runs,
      finished: progress.finished,
      failed: progress.failed,
      running: progress.running,
      paused: progress.paused,
      fraction: progress.fraction,
      etaMs: progress.etaMs,
      current: progress.current,
    })

  /** Starts `entry` in its folder; a folder with finished runs goes on from them. */
  async function launch(entry: ExperimentRecord, studyText: string): Promise<ExperimentSummary> {
    const busy = [...live.keys()][0]
    if (busy !== undefined)
      throw new QuerentError('locked', `${record(busy).name} is still running. Stop it first, or wait for its end.`, {
        found: record(busy).name,
      })
    const { jobs, backend } = store.settings()
    const experiment = await deps.experiments.start({
      studyText,
      studyPath: store.studyPath(entry.project),
      outDir: entry.folder,
      ...(backend === 'auto' ? {} : { backend }),
      ...(jobs === 'auto' ? {} : { jobs }),
      reuseFrom: experimentsOf(store.index(), entry.project)
        .filter(({ id }) => id !== entry.id)
        .map(({ folder }) => folder),
      command: 'app',
    })
    const view: ResultView = { manifest: experiment.manifest, plan: experiment.plan, studyText, state: (hash) => experiment.state(hash) }
    live.set(entry.id, { experiment, view })
    if (!store.index().experiments.some(({ id }) => id === entry.id))
      await store.update((index) => ({ ...index, experiments: [...index.experiments, entry] }))
    await change(entry.id, { state: 'running', runs: experiment.plan.length, finishedAt: null })
    experiment.onEvent((hash, event) => hub.runEvent(entry.id, hash, event))
    experiment.onProgress((progress) => onProgress(entry, progress))
    onProgress(entry, experiment.progress())
    settled.set(entry.id, settle(entry, experiment, view))
    await projects().announce()
    return summaryOf(record(entry.id))
  }

  async function settle(entry: ExperimentRecord, experiment: Experiment, view: ResultView): Promise<void> {
    try {
      const outcome = await experiment.done
      hub.flush(entry.id)
      const states = experiment.plan.map(({ hash }) => experiment.state(hash).status)
      const finished = states.filter((status) => status === 'finished').length
      const cut = outcome.cancelled ? (stopping ? 'interrupted' : 'cancelled') : 'finished'
      const state = outcome.failed > 0 && !outcome.cancelled ? 'failed' : cut
      await change(entry.id, {
        state,
        finished,
        failed: outcome.failed,
        finishedAt: clock.now().toISOString(),
        sparkline: sparklineOf(view),
      })
      if (outcome.failed > 0)
        notices.add('error', entry.name, `${outcome.failed} of ${outcome.runs} runs failed. Runs shows why; Retry runs them again.`)
      else if (state === 'finished') notices.add('note', entry.name, `${outcome.runs} runs finished.`)
    } catch (error) {
      await change(entry.id, { state: 'failed', finishedAt: clock.now().toISOString() })
      notices.add('error', entry.name, error instanceof Error ? error.message : String(error))
    } finally {
      live.delete(entry.id)
      showQueue(emptyQueue)
      await projects().announce()
    }
  }

  const viewOf = async (experiment: string): Promise<ResultView> =>
    live.get(experiment)?.view ?? deps.experiments.open(record(experiment).folder)
  const fileName = (entry: ExperimentRecord, suffix: string): string => `${entry.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}-${suffix}`
  const figureTypes = { svg: 'image/svg+xml', png: 'image/png', pdf: 'application/pdf' } as const

  const handlers: ExperimentHandlers = {
    'experiment.start': async ({ project }) => {
      const studyText = await store.readStudy(project)
      const id = deps.newId()
      return launch(
        {
          id,
          project,
          name: deps.study.describe(studyText).name || projects().record(project).name,
          folder: store.experimentFolder(project, id),
          startedAt: clock.now().toISOString(),
          finishedAt: null,
          state: 'running',
          runs: 0,
          finished: 0,
          failed: 0,
          sparkline: [],
          removedAt: null,
        },
        studyText,
      )
    },
    'experiment.continue': async ({ experiment }) => {
      const entry = record(experiment)
      const { studyText } = await deps.experiments.open(entry.folder)
      return launch(entry, studyText)
    },
    'experiment.control': ({ experiment, action, runs }) => {
      const running = live.get(experiment)?.experiment
      if (!running)
        throw new QuerentError(
          'not-found',
          `this experiment is not running, so it cannot be ${action === 'retry' ? 'retried here: continue it' : `${action}ed`}`,
        )
      running[action](runs)
      if (runs === undefined && (action === 'pause' || action === 'resume'))
        void change(experiment, { state: action === 'pause' ? 'paused' : 'running' })
      return null
    },
    'experiment.list': ({ project }) => experimentsOf(store.index(), project).map(summaryOf),
    'experiment.open': async ({ experiment }): Promise<ExperimentSnapshot> => {
      const view = await viewOf(experiment)
      return snapshotOf(summaryOf(record(experiment)), view, hub.flush(experiment))
    },
    'experiment.remove': async ({ experiment }) => {
      if (live.has(experiment)) throw new QuerentError('locked', 'this experiment is running: stop it before deleting it')
      await change(experiment, { removedAt: clock.now().toISOString() })
      await projects().announce()
      return null
    },
    'experiment.restore': async ({ experiment }) => {
      await change(experiment, { removedAt: null })
      await projects().announce()
      return summaryOf(record(experiment))
    },
    'export.table': async ({ experiment, table }) => {
      const text = deps.exporting.table(deps.exporting.results(await viewOf(experiment)), table)
      return { name: fileName(record(experiment), `${table}.csv`), mime: 'text/csv', bytes: new TextEncoder().encode(text) }
    },
    'export.figure': async ({ experiment, request, format, dpi }) => ({
      name: fileName(record(experiment), `${request.figure}.${format}`),
      mime: figureTypes[format],
      bytes: await deps.exporting.figure(await viewOf(experiment), request, format, dpi ?? 300),
    }),
    'queue.get': () => queue,
  }
  return {
    handlers,
    stop: async () => {
      stopping = true
      for (const { experiment } of live.values()) experiment.cancel()
      await Promise.all(settled.values())
    },
  }
}
