import type { Handlers } from '@contract/rpc'
import {
  emptyQueue,
  type ExperimentProgress,
  type ExperimentSnapshot,
  type ExperimentSummary,
  type KeptRound,
  type QueueState,
} from '@contract/types'
import { joinSources, tablePrefix, tableSource, type Source } from '@engine/analysis/tidy/joinSources'
import { QuerentError, unsupported } from '@engine/core/errors'
import type { DrawnResults, LabDependencies, ResultView } from './dependencies'
import type { Experiment, ExperimentOutcome, ExperimentRequest } from './experiment'
import { createExternalPrograms } from './externalPrograms'
import type { Hub } from './hub'
import type { Notices } from './notices'
import type { Projects } from './projects'
import { experimentsOf } from './projects'
import { extentOf, snapshotOf, stateOfExtent } from './snapshot'
import type { DatasetSource } from './ports'
import type { Tables } from './tables'
import type { ExperimentRecord } from './workspacePort'

type ExperimentHandlers = Pick<
  Handlers,
  | 'programs.list'
  | 'programs.confirm'
  | 'experiment.start'
  | 'experiment.continue'
  | 'experiment.control'
  | 'experiment.list'
  | 'experiment.open'
  | 'experiment.remove'
  | 'experiment.restore'
  | 'export.table'
  | 'export.figure'
  | 'export.indices'
  | 'export.tables'
  | 'export.tableViews'
  | 'export.sheet'
  | 'export.paper'
  | 'queue.get'
>

/** What a record says to clients. */
export const summaryOf = ({ sparkline: _sparkline, removedAt: _removedAt, ...summary }: ExperimentRecord): ExperimentSummary => summary

interface Live {
  readonly entry: ExperimentRecord
  readonly experiment: Experiment
  readonly view: ResultView
}

export interface Experiments {
  readonly handlers: ExperimentHandlers
  /** What an experiment has so far. */
  view(experiment: string): Promise<ResultView>
  /** A data set of an experiment, by its name there. */
  datasetOf(experiment: string, name: string): Promise<{ readonly source: DatasetSource; readonly rows: number }>
  /** Lists an experiment whose folder is there already. */
  add(experiment: Omit<ExperimentRecord, 'state'>): Promise<void>
  /** What a run kept of a round. */
  keptRound(experiment: string, run: string, round: number): Promise<KeptRound>
  /** Finds out how far experiments came that an earlier process left running; they are offered for continuing. */
  settleCutOff(): Promise<void>
  /** Stops what runs at its next safe point and waits for that. */
  stop(): Promise<void>
}

/** One experiment runs at a time; the app shows its progress in the queue bar. */
export function createExperiments(
  deps: LabDependencies,
  hub: Hub,
  notices: Notices,
  projects: () => Projects,
  tables: Tables,
): Experiments {
  const { store, clock } = deps
  const programs = createExternalPrograms(store)
  /** name of what runs or is about to */
  let busyWith: string | null = null
  let live: Live | null = null
  let launching: Promise<unknown> = Promise.resolve()
  let settled: Promise<void> = Promise.resolve()
  let queue = emptyQueue
  let isStopping = false

  const record = (experiment: string): ExperimentRecord => {
    const found = store.index().experiments.find(({ id }) => id === experiment)
    if (!found) throw new QuerentError('not-found', 'this experiment is not in the workspace', { found: experiment })
    return found
  }
  const write = async (id: string, next: (all: readonly ExperimentRecord[]) => ExperimentRecord[]): Promise<void> => {
    await store.update((index) => ({ ...index, experiments: next(index.experiments) }))
    hub.emit('experiment.changed', summaryOf(record(id)))
  }
  const change = (experiment: string, patch: Partial<ExperimentRecord>): Promise<void> =>
    write(experiment, (all) => all.map((entry) => (entry.id === experiment ? { ...entry, ...patch } : entry)))
  const showQueue = (next: QueueState): void => {
    if ((queue.experiment === null) !== (next.experiment === null)) deps.onBusy(next.experiment !== null)
    queue = next
    hub.emit('queue.changed', queue)
  }
  const showProgress = ({ id, name }: ExperimentRecord, progress: ExperimentProgress): void =>
    showQueue({ ...progress, experiment: id, experimentName: name })

  /** Starts `entry` in its folder; a folder with finished runs goes on from them. */
  async function launch(entry: ExperimentRecord, studyText: string): Promise<ExperimentSummary> {
    if (isStopping) throw new QuerentError('cancelled', 'the workbench is closing')
    if (busyWith !== null)
      throw new QuerentError('locked', `${busyWith} is still running. Stop it first, or wait for its end.`, { found: busyWith })
    programs.require(studyText)
    busyWith = entry.name
    let experiment: Experiment
    try {
      const starting = deps.experiments.start(requestFor(entry, studyText))
      launching = starting
      experiment = await starting
    } catch (error) {
      busyWith = null
      throw error
    }
    // One that goes on counts from what is on disk, which is less than what clients of its earlier part have heard.
    if (store.index().experiments.some(({ id }) => id === entry.id)) hub.skip(entry.id)
    experiment.onEvent((hash, event) => hub.runEvent(entry.id, hash, event))
    experiment.onProgress((progress) => showProgress(entry, progress))
    const { manifest, plan, warnings } = experiment
    live = { entry, experiment, view: { manifest, plan, studyText, state: (hash) => experiment.state(hash) } }
    showProgress(entry, experiment.progress())
    const current: ExperimentRecord = { ...entry, state: 'running', runs: plan.length, finishedAt: null, trouble: undefined }
    const written = write(entry.id, (all) => [...all.filter(({ id }) => id !== entry.id), current])
    settled = settle(live)
    await written
    for (const text of warnings) notices.add('warning', entry.name, text)
    await projects().announce()
    return summaryOf(record(entry.id))
  }

  function requestFor(entry: ExperimentRecord, studyText: string): ExperimentRequest {
    const { jobs, backend } = store.settings()
    return {
      studyText,
      studyPath: store.studyPath(entry.project),
      outDir: entry.folder,
      ...(backend === 'auto' ? {} : { backend }),
      ...(jobs === 'auto' ? {} : { jobs }),
      reuseFrom: experimentsOf(store.index(), entry.project)
        .filter(({ id }) => id !== entry.id)
        .map(({ folder }) => folder),
      command: 'app',
      isListed: true,
    }
  }

  /** Waits for the end and stores how it went; never rejects. */
  async function settle({ entry, experiment, view }: Live): Promise<void> {
    const outcome = await experiment.done.catch((error: unknown) => error)
    hub.flush(entry.id)
    live = null
    busyWith = null
    showQueue(emptyQueue)
    const failed = experiment.plan.filter(({ hash }) => experiment.state(hash).status === 'failed').length
    const trouble = outcome instanceof Error ? outcome.message : null
    const cut = isCancelled(outcome) ? (isStopping ? 'interrupted' : 'cancelled') : null
    const state = trouble !== null ? 'failed' : (cut ?? (failed > 0 ? 'failed' : 'finished'))
    try {
      await change(entry.id, { ...extentOf(view), state, failed, trouble: trouble ?? undefined, finishedAt: clock.now().toISOString() })
      if (trouble !== null) notices.add('error', entry.name, trouble)
      else if (failed > 0)
        notices.add('error', entry.name, `${failed} of ${view.plan.length} runs failed. Runs shows why; Retry runs them again.`)
      else if (state === 'finished') notices.add('note', entry.name, `${view.plan.length} runs finished.`)
      await projects().announce()
    } catch (error) {
      notices.add('error', entry.name, trouble ?? (error instanceof Error ? error.message : String(error)))
    }
  }

  const viewOf = async (experiment: string): Promise<ResultView> =>
    live?.entry.id === experiment ? live.view : deps.experiments.open(record(experiment).folder)
  const sourceOf = async (source: string): Promise<Source> => {
    if (source.startsWith(tablePrefix)) return tableSource(await tables['results.table']({ table: source.slice(tablePrefix.length) }))
    const view = await viewOf(source)
    const { strategies } = view.manifest.study
    return { id: source, name: record(source).name, results: deps.exporting.results(view), strategies }
  }
  /** What figures show: the experiment, with what was added to the comparison. */
  async function drawnOf(view: ResultView, added: readonly string[] = []): Promise<DrawnResults> {
    const { results, strategies } = joinSources(deps.exporting.results(view), await Promise.all(added.map(sourceOf)))
    return { results, strategies: [...view.manifest.study.strategies, ...strategies] }
  }
  const fileName = (entry: ExperimentRecord, suffix: string): string => `${entry.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}-${suffix}`
  const figureTypes = { svg: 'image/svg+xml', png: 'image/png', pdf: 'application/pdf' } as const

  const handlers: ExperimentHandlers = {
    'programs.list': async ({ project }) => programs.list(await store.readStudy(project)),
    'programs.confirm': async ({ commands }) => {
      await programs.confirm(commands)
      return null
    },
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
      if (entry.readOnly)
        throw unsupported(
          'These results were made elsewhere and are only looked at. Run the study of this project: what is finished is used again.',
        )
      const { studyText } = await deps.experiments.open(entry.folder)
      return launch(entry, studyText)
    },
    'experiment.control': async ({ experiment, action, runs }) => {
      if (live?.entry.id !== experiment)
        throw new QuerentError('not-found', `this experiment is not running, so it cannot ${action}; continue it to compute what is left`)
      live.experiment[action](runs)
      if (runs === undefined && (action === 'pause' || action === 'resume'))
        await change(experiment, { state: action === 'pause' ? 'paused' : 'running' })
      return null
    },
    'experiment.list': ({ project }) => experimentsOf(store.index(), project).map(summaryOf),
    'experiment.open': async ({ experiment }): Promise<ExperimentSnapshot> => {
      const view = await viewOf(experiment)
      const entry = record(experiment)
      // Somebody else may still be computing them.
      if (entry.readOnly && extentOf(view).finished !== entry.finished)
        await change(experiment, { ...extentOf(view), state: stateOfExtent(extentOf(view)) })
      return snapshotOf(summaryOf(record(experiment)), view, hub.flush(experiment))
    },
    'experiment.remove': async ({ experiment }) => {
      if (live?.entry.id === experiment) throw new QuerentError('locked', 'this experiment is running: stop it before deleting it')
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
    'export.indices': async ({ experiment, ...request }) => ({
      ...deps.exporting.indices(await viewOf(experiment), record(experiment).folder, request),
      mime: request.format === 'json' ? 'application/json' : request.format === 'csv' ? 'text/csv' : 'application/octet-stream',
    }),
    'export.figure': async ({ experiment, request, added, ...look }) => ({
      name: fileName(record(experiment), `${request.figure}.${look.format}`),
      mime: figureTypes[look.format],
      ...(await deps.exporting.figure(await drawnOf(await viewOf(experiment), added), request, look)),
    }),
    'export.tables': async ({ experiment }) => deps.exporting.tables(await viewOf(experiment)),
    'export.tableViews': async ({ experiment, tables, baseline }) => deps.exporting.tableViews(await viewOf(experiment), tables, baseline),
    'export.sheet': async ({ experiment, added, ...sheet }) => {
      const view = await viewOf(experiment)
      const bytes = await deps.exporting.sheet(view, await drawnOf(view, added), sheet)
      return { name: fileName(record(experiment), 'sheet.zip'), mime: 'application/zip', bytes }
    },
    'export.paper': async ({ experiment, part, baseline }) => {
      const [suffix, mime] = part === 'report' ? ['report.html', 'text/html'] : [`${part}.zip`, 'application/zip']
      const bytes = await deps.exporting.paper(await viewOf(experiment), part, baseline)
      return { name: fileName(record(experiment), suffix), mime, bytes }
    },
    'queue.get': () => queue,
  }
  return {
    handlers,
    add: (experiment) => write(experiment.id, (all) => [...all, { ...experiment, state: stateOfExtent(experiment) }]),
    view: viewOf,
    datasetOf: async (experiment, name) => {
      const { manifest } = await viewOf(experiment)
      const known = manifest.datasets.find((dataset) => dataset.name === name)
      if (!known) throw new QuerentError('not-found', `${record(experiment).name} has no data set ${name}`, { found: name })
      const baseDir = deps.viewing.baseDir(record(experiment).folder, manifest.base)
      return { source: { dataset: known.ref, datasetName: name, datasetSha256: known.sha256, baseDir }, rows: known.rows }
    },
    keptRound: async (experiment, run, round) => {
      const { plan } = await viewOf(experiment)
      const planned = plan.find(({ hash }) => hash === run)
      if (!planned) throw new QuerentError('not-found', `${record(experiment).name} has no such run`, { found: run })
      const { strategy, shadow } = planned.spec
      const kept = (what: string, suffix = ''): Promise<{ readonly data: ArrayLike<number> } | null> =>
        deps.viewing.keptArray(record(experiment).folder, run, `${what}-${String(round).padStart(3, '0')}${suffix}`)
      const outlook = await kept('outlook')
      const own = await kept('scores')
      const others = await Promise.all(shadow.map(({ name }, k) => kept('scores', `-shadow-${k}`).then((values) => ({ name, values }))))
      return {
        outlook: outlook && Float32Array.from(outlook.data),
        scores: [{ name: strategy.name, values: own }, ...others].flatMap(({ name, values }) =>
          values === null ? [] : [{ name, values: Float64Array.from(values.data) }],
        ),
      }
    },
    settleCutOff: async () => {
      for (const entry of store.index().experiments) {
        if (entry.state !== 'running' && entry.state !== 'paused') continue
        const view = await deps.experiments.open(entry.folder).catch(() => null)
        const extent = view === null ? null : extentOf(view)
        const state = extent === null ? 'failed' : stateOfExtent(extent)
        await change(entry.id, { ...extent, state })
      }
    },
    stop: async () => {
      isStopping = true
      await launching.catch(() => undefined)
      live?.experiment.cancel()
      await settled
    },
  }
}

const isCancelled = (outcome: unknown): boolean => (outcome as Partial<ExperimentOutcome>).cancelled === true
