import { zipSync } from 'fflate'
import { commands, type CommandInput, type CommandName, type CommandOutput, type LabClient } from '@contract/commands'
import {
  emptyQueue,
  type ExperimentSummary,
  type Notice,
  type ProjectSummary,
  type QueueState,
  type RecipeInfo,
  type Settings,
  type WorkspaceState,
} from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { datasetName } from '@engine/study/consistency'
import { checkStudy } from '@engine/study/schema'
import type { MapFrame } from '@engine/maps/layout'
import { initialRunState } from '@engine/study/reduceRun'
import { csvTable } from '@main/exporting/csv'
import { indexFile } from '@main/exporting/indices'
import { commandsOf } from '@main/lab/externalPrograms'
import { selectionOf } from '@main/lab/selection'
import { createLabellingHandlers } from '@main/lab/labelling'
import { createTasks } from '@main/lab/tasks'
import { createTables } from '@main/lab/tables'
import {
  ablationStudy,
  doctorReport,
  licences,
  methodsStudy,
  recipesForMemory,
  removedThing,
  sampleStudy,
  storageItems,
  thousandStudy,
} from './memoryContent'
import { createMemoryExperiment, type MemoryExperiment } from './memoryExperiment'
import { memoryDownloads, memoryThings } from './memoryDownloads'
import { memoryExtractions } from './memoryExtractions'
import { memoryExports, resultsOf } from './memoryFigure'
import { memoryImports } from './memoryImports'
import { memoryLabelling } from './memoryLabelling'
import { createListeners } from './memoryListeners'
import { proxyStudy } from './memoryModels'
import { planOf } from './memoryPlan'
import { keptRoundOf, pool } from './memoryRuns'
import { blurredDigits, viewerOver } from './viewerTwin'

export interface MemoryLabOptions {
  /** events each running run makes per batch of 100 ms; 0 leaves the clock to `step` */
  readonly pace?: number
  /** experiments that are there from the start */
  readonly with?: 'nothing' | 'finished' | 'interrupted' | 'failed'
  /** adds a project of every kind of method, and one with 1,000 runs of which the last are under way */
  readonly large?: boolean
  /** adds a project whose study makes a backbone and features first: to be run, or with its runs finished */
  readonly proxies?: 'new' | 'finished'
  readonly projects?: boolean
  /** rows on the map; those beyond the runs' pool are never selected */
  readonly mapRows?: number
}

/** The lab in memory: the same commands and events as the real one, over generated runs with recorded accuracies. */
export interface MemoryLab extends LabClient {
  /** Plays `events` of each running run and sends them as one batch. */
  step(events: number): void
  loseHost(): void
  findHost(): void
  notice(notice: Omit<Notice, 'id' | 'at'>): void
  /** Sends one batch into the void, so that the client sees a gap. */
  dropBatch(events: number): void
  /** What is being made before runs fails. */
  breakPreparation(message: string): void
  /** Answers the next call of this command with an error. */
  failNext(command: CommandName, error: QuerentError): void
  /** Keeps this command waiting until the returned function is called. */
  hold(command: CommandName): () => void
  dispose(): void
}

interface Project {
  readonly id: string
  name: string
  yaml: string
  revision: number
  readonly createdAt: string
  openedAt: string
  removed: boolean
  archived?: boolean
}

export function createMemoryLab(options: MemoryLabOptions = {}): MemoryLab {
  const { emit, on } = createListeners()
  const failures = new Map<CommandName, QuerentError>()
  const held = new Map<CommandName, Promise<void>>()
  let connection: 'open' | 'lost' = 'open'
  let minutes = 0
  let serial = 0
  const nextId = (prefix: string): string => `${prefix}-${++serial}`
  const now = (): string => new Date(Date.UTC(2026, 10, 22, 9, minutes++)).toISOString()

  const projects: Project[] = []
  const mapped = options.mapRows === undefined ? pool : blurredDigits(options.mapRows)
  const viewer = viewerOver(mapped)
  const animations = createTasks(async () => viewerOver(pool), 'the animation was stopped; nothing was saved')
  const viewed = { dataset: 'digits', datasetName: 'digits', datasetSha256: pool.sha256, baseDir: '/' }
  const allowed = new Set<string>()
  const experiments = new Map<string, { experiment: MemoryExperiment; batch: number; removed: boolean }>()
  let active: string | null = null
  let settings: Settings = { theme: 'system', jobs: 'auto', backend: 'auto' }
  let notices: Notice[] = []
  let room = [...storageItems]

  const addProject = (name: string, yaml: string): Project => {
    const project: Project = { id: nextId('project'), name, yaml, revision: 1, createdAt: now(), openedAt: now(), removed: false }
    projects.push(project)
    return project
  }
  const startIn = (project: Project, failing?: Parameters<typeof createMemoryExperiment>[0]['failing']): MemoryExperiment => {
    const experiment = createMemoryExperiment({
      id: nextId('experiment'),
      project: project.id,
      yaml: project.yaml,
      startedAt: now(),
      failing,
    })
    experiments.set(experiment.summary().id, { experiment, batch: 0, removed: false })
    return experiment
  }
  if (options.projects !== false) {
    const sample = addProject('Sample: four strategies on digits', sampleStudy)
    const ablation = addProject('gradnorm-ablation', ablationStudy)
    const past = options.with ?? 'finished'
    if (past !== 'nothing') {
      const experiment = startIn(sample, past === 'failed' ? [{ strategy: 'margin', seed: 7, round: 4 }] : undefined)
      experiment.advance(past === 'interrupted' ? 3 : 1)
      for (let i = 0; i < (past === 'interrupted' ? 7 : 100); i++) experiment.advance(past === 'interrupted' ? 300 : 1000)
      if (past === 'interrupted') experiment.interrupt()
      for (let i = 0, other = startIn(ablation); i < 200; i++) other.advance(1000)
    }
    if (options.large) {
      addProject('methods', methodsStudy)
      const many = startIn(addProject('thousand', thousandStudy))
      while (many.summary().finished < 900) many.advance(1000)
    }
    if (options.proxies) {
      const proxies = addProject('proxies', proxyStudy)
      const experiment = options.proxies === 'finished' ? startIn(proxies) : undefined
      while (experiment?.summary().state === 'running') experiment.advance(1000)
    }
    active = sample.id
    sample.openedAt = now()
  }

  const living = (): Project[] => projects.filter(({ removed }) => !removed)
  const projectOf = (id: string): Project => {
    const project = projects.find((candidate) => candidate.id === id)
    if (!project) throw new QuerentError('not-found', 'this project is not in the workspace', { found: id })
    return project
  }
  const entryOf = (id: string) => {
    const entry = experiments.get(id)
    if (!entry) throw new QuerentError('not-found', 'this experiment is not in the workspace', { found: id })
    return entry
  }
  const of = (project: string): ExperimentSummary[] =>
    [...experiments.values()].filter((e) => !e.removed && e.experiment.summary().project === project).map((e) => e.experiment.summary())
  const runningEntry = () => [...experiments.values()].find(({ experiment }) => ['running', 'paused'].includes(experiment.summary().state))

  const sparkline = (id: string): number[] => {
    const { experiment } = entryOf(id)
    const best =
      experiment.plan.filter(({ spec }) => spec.strategy.id === 'margin' || spec.strategy.id === 'acquisition')[0] ?? experiment.plan[0]
    return experiment.states.get(best.hash)?.records.map(({ metrics }) => metrics.accuracy ?? 0) ?? []
  }
  const summaryOf = (project: Project): ProjectSummary => {
    const { study } = checkStudy(project.yaml, { file: 'study.yaml' })
    const last = of(project.id).at(-1)
    return {
      id: project.id,
      name: project.name,
      createdAt: project.createdAt,
      openedAt: project.openedAt,
      dataset: study?.datasets.map(datasetName).join(', ') ?? '',
      strategies: study?.strategies.map(({ name }) => name) ?? [],
      strategyIds: study?.strategies.map(({ id }) => id) ?? [],
      lastRun: last ? { experiment: last.id, at: last.finishedAt ?? last.startedAt, state: last.state } : null,
      sparkline: last ? sparkline(last.id) : [],
      missing: false,
      ...(project.archived ? { archived: true } : {}),
    }
  }
  const workspace = (): WorkspaceState => ({
    folder: '/home/ada/Querent',
    projects: living()
      .map(summaryOf)
      .sort((a, b) => (a.openedAt < b.openedAt ? 1 : -1)),
    active: living().some(({ id }) => id === active) ? active : null,
    interrupted: [...experiments.values()]
      .filter((e) => !e.removed)
      .map((e) => e.experiment.summary())
      .filter(({ state }) => state === 'interrupted'),
  })
  const changed = (): void => emit('workspace.changed', workspace())
  const tell = (experiment: MemoryExperiment): void => {
    emit('experiment.changed', experiment.summary())
    emit('queue.changed', queue())
    changed()
  }
  const queue = (): QueueState => runningEntry()?.experiment.queue() ?? emptyQueue

  function play(events: number, silent = false): void {
    const entry = runningEntry()
    if (!entry) return
    const before = entry.experiment.summary().state
    const made = entry.experiment.advance(events)
    if (made.length === 0) return emit('queue.changed', queue())
    entry.batch++
    // Like the hub: of the epochs of one batch only the latest of each run travels.
    const last = new Map(made.flatMap(([run, event], i) => (event.type === 'epoch' ? [[run, i] as const] : [])))
    const sent = made.filter(([run, event], i) => event.type !== 'epoch' || last.get(run) === i)
    const summary = entry.experiment.summary()
    if (!silent && connection === 'open') emit('experiment.events', { experiment: summary.id, batch: entry.batch, events: sent })
    if (connection !== 'open') return
    emit('queue.changed', queue())
    if (summary.state !== before) {
      emit('experiment.changed', summary)
      changed()
      addNotice({
        severity: summary.failed > 0 ? 'error' : 'note',
        title: summary.name,
        message: summary.failed > 0 ? `${summary.failed} of ${summary.runs} runs failed.` : `${summary.runs} runs finished.`,
      })
    }
  }
  const addNotice = (notice: Omit<Notice, 'id' | 'at'>): void => {
    const added = { ...notice, id: nextId('notice'), at: now() }
    notices = [...notices, added]
    emit('notice.added', added)
  }

  const { viewerOf: libraryViewer, removedSets, ...importing } = memoryImports(emit, options.large === true)
  const viewerOf = (of: CommandInput<'explore.samples'>['of']) => ('library' in of ? libraryViewer(of.library) : viewer)

  const resultTables = createTables()
  const labelling = createLabellingHandlers(
    {
      labelling: memoryLabelling(60, now),
      newId: () => nextId('session'),
      requireAllowed: (studyText) => {
        if (commandsOf(studyText).length > 0) throw new QuerentError('unsupported', 'the study starts a program')
      },
      datasets: { uploaded: async (upload) => [upload], forget: async () => undefined },
    },
    { emit },
  )
  type Handlers = { [C in CommandName]: (input: CommandInput<C>) => CommandOutput<C> | Promise<CommandOutput<C>> }
  const handlers: Handlers = {
    'app.info': () => ({
      version: '0.1.0',
      transport: 'web',
      runtime: 'Node 20.20.2',
      platform: 'Linux x64',
      workspace: '/home/ada/Querent',
      backend: {
        id: 'onnx-native',
        label: `ONNX native · CPU × ${settings.jobs === 'auto' ? 2 : settings.jobs}`,
        device: 'CPU',
        jobs: settings.jobs === 'auto' ? 2 : settings.jobs,
      },
    }),
    'workspace.get': workspace,
    'project.create': ({ name, from }) => {
      const recipe = 'recipe' in from ? recipesForMemory.find(({ info }) => info.id === from.recipe) : undefined
      if ('recipe' in from && !recipe) throw new QuerentError('not-found', `there is no recipe "${from.recipe}"`)
      const yaml = 'yaml' in from ? from.yaml : 'project' in from ? projectOf(from.project).yaml : (recipe?.yaml ?? '')
      const project = addProject(name ?? recipe?.info.title ?? 'New study', yaml)
      active = project.id
      changed()
      return summaryOf(project)
    },
    'project.open': ({ project }) => {
      const opened = projectOf(project)
      opened.openedAt = now()
      active = project
      changed()
      return summaryOf(opened)
    },
    'project.rename': ({ project, name }) => {
      projectOf(project).name = name
      changed()
      return summaryOf(projectOf(project))
    },
    'project.archive': ({ project, archived }) => {
      projectOf(project).archived = archived
      changed()
      return summaryOf(projectOf(project))
    },
    'project.export': ({ project }) => ({
      name: 'project.querent.zip',
      mime: 'application/zip',
      bytes: zipSync({ 'study.yaml': new TextEncoder().encode(projectOf(project).yaml) }),
    }),
    'project.bring': ({ files }) => {
      if ('paths' in files && !files.paths[0].endsWith('results'))
        throw new QuerentError('not-found', 'there is no such file or folder', { file: files.paths[0] })
      const project = addProject('brought', sampleStudy)
      const experiment = startIn(project)
      for (let i = 0; i < 100; i++) experiment.advance(1000)
      changed()
      return { project: summaryOf(project), experiment: experiment.summary().id }
    },
    'project.remove': ({ project }) => {
      projectOf(project).removed = true
      changed()
      return null
    },
    'project.restore': ({ project }) => {
      projectOf(project).removed = false
      changed()
      return summaryOf(projectOf(project))
    },
    'study.get': ({ project }) => ({ yaml: projectOf(project).yaml, revision: projectOf(project).revision }),
    'study.save': ({ project, yaml, revision }) => {
      const stored = projectOf(project)
      if (stored.revision !== revision) throw new QuerentError('locked', 'the study was saved from another window in the meantime')
      stored.yaml = yaml
      stored.revision++
      changed()
      return { revision: stored.revision }
    },
    'study.plan': ({ project, yaml }) => {
      const done = [...experiments.values()].filter((e) => e.experiment.summary().project === project).map(({ experiment }) => experiment)
      return planOf(
        yaml,
        new Set(done.flatMap(({ states }) => [...states].filter(([, { status }]) => status === 'finished').map(([hash]) => hash))),
      )
    },
    'recipes.list': (): RecipeInfo[] => recipesForMemory.map(({ info }) => info),
    'recipes.text': ({ recipe }) => {
      const found = recipesForMemory.find(({ info }) => info.id === recipe)
      if (!found) throw new QuerentError('not-found', `there is no recipe "${recipe}"`)
      return { yaml: found.yaml }
    },
    ...importing,
    ...labelling.handlers,
    'programs.list': ({ project }) =>
      commandsOf(projectOf(project).yaml).map((command) => ({ command, confirmed: allowed.has(JSON.stringify(command)) })),
    'programs.confirm': ({ commands }) => {
      for (const command of commands) allowed.add(JSON.stringify(command))
      return null
    },
    'experiment.start': ({ project }) => {
      if (runningEntry()) throw new QuerentError('locked', 'another experiment is still running. Stop it first, or wait for its end.')
      const experiment = startIn(projectOf(project))
      tell(experiment)
      return experiment.summary()
    },
    'experiment.continue': ({ experiment }) => {
      const entry = entryOf(experiment)
      const again = createMemoryExperiment({
        id: experiment,
        project: entry.experiment.summary().project,
        yaml: entry.experiment.snapshot(0).studyYaml,
        startedAt: now(),
      })
      for (let i = 0; i < 7; i++) again.advance(300)
      experiments.set(experiment, { experiment: again, batch: entry.batch, removed: false })
      emit('experiment.changed', again.summary())
      changed()
      return again.summary()
    },
    'experiment.control': ({ experiment, action, runs }) => {
      const entry = entryOf(experiment)
      const events = entry.experiment.control(action, runs)
      if (events.length > 0) emit('experiment.events', { experiment, batch: ++entry.batch, events })
      tell(entry.experiment)
      return null
    },
    'experiment.list': ({ project }) => of(project),
    'experiment.open': ({ experiment }) => entryOf(experiment).experiment.snapshot(entryOf(experiment).batch),
    'experiment.remove': ({ experiment }) => {
      entryOf(experiment).removed = true
      changed()
      return null
    },
    'experiment.restore': ({ experiment }) => {
      entryOf(experiment).removed = false
      changed()
      return entryOf(experiment).experiment.summary()
    },
    ...resultTables,
    'export.table': ({ experiment, table }) => ({
      name: `${entryOf(experiment).experiment.study.study}-${table}.csv`,
      mime: 'text/csv',
      bytes: new TextEncoder().encode(csvTable(table, resultsOf(entryOf(experiment).experiment))),
    }),
    'export.indices': ({ experiment, ...request }) => {
      const { study, plan, states } = entryOf(experiment).experiment
      const facts = { name: 'digits', ref: 'digits', sha256: '', rows: 1797, testRows: 0, classes: 10, classNames: [] }
      const view = {
        plan,
        manifest: { studyName: study.study, datasets: [facts] },
        state: (hash: string) => states.get(hash) ?? initialRunState,
      }
      return { ...indexFile(view, request), mime: 'application/json' }
    },
    ...memoryExports((id) => entryOf(id).experiment, resultTables),
    'explore.map': async ({ method }) => {
      const map = `memory-${method}`
      void viewer.map({ ...viewed, method, seed: 0 }, (frame) => emit('explore.frame', { map, frame, error: null }))
      return { map, rows: mapped.train.rows, frame: null }
    },
    'explore.stop': () => null,
    'explore.animate': async ({ task, experiment, method, runs, format, ...timing }) => {
      const { study, plan, states } = entryOf(experiment).experiment
      const bytes = await animations.run(task, async (process) => {
        let frame: MapFrame | undefined
        await process.map({ ...viewed, method, seed: 0 }, (next) => (frame = next))
        const state = (hash: string) => states.get(hash) ?? initialRunState
        const map = selectionOf({ manifest: { study }, plan, state }, runs, method, frame!)
        return process.animate({ map, format, ...timing }, (progress) => emit('explore.animation', { task, progress }))
      })
      return { name: `selection-${method}.zip`, mime: 'application/zip', bytes }
    },
    'explore.stopAnimation': async ({ task }) => {
      await animations.stop(task)
      return null
    },
    'explore.round': ({ experiment, run, round }) => {
      const planned = entryOf(experiment).experiment.plan.find(({ hash }) => hash === run)
      if (!planned) throw new QuerentError('not-found', 'there is no such run')
      return keptRoundOf(planned, round, mapped.train)
    },
    'explore.labels': ({ of, part }) => viewerOf(of).labels({ ...viewed, part }),
    'explore.samples': ({ of, ...request }) => viewerOf(of).samples({ ...viewed, ...request }),
    'explore.neighbours': (asked) => viewer.neighbours({ ...viewed, ...asked }),
    'settings.get': () => settings,
    'settings.set': (patch) => (settings = { ...settings, ...patch }),
    ...memoryDownloads(emit),
    ...memoryExtractions(emit),
    ...memoryThings(),
    'storage.get': () => room,
    'storage.removed': () => [
      ...projects.filter(({ removed }) => removed).map(({ id, name }) => removedThing('project', id, name)),
      ...removedSets().map(({ id, title }) => removedThing('dataset', id, title)),
    ],
    'storage.clear': ({ item }) => (room = room.map((entry) => (entry.id === item ? { ...entry, items: 0, bytes: 0 } : entry))),
    'app.licences': () => [...licences],
    'doctor.run': () => doctorReport,
    'queue.get': queue,
    'notice.list': () => notices,
    'notice.dismiss': ({ notice }) => {
      notices = notices.filter(({ id }) => id !== notice)
      return null
    },
  }

  const timer = options.pace ? setInterval(() => play(options.pace ?? 0), 100) : undefined
  return {
    connection: () => connection,
    on,
    call: async <C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>> => {
      await new Promise((resolve) => setTimeout(resolve))
      await held.get(command)
      if (connection === 'lost') throw new QuerentError('not-found', 'the workbench host cannot be reached; trying again')
      const failure = failures.get(command)
      failures.delete(command)
      if (failure) throw failure
      const parsed = commands[command].input.parse(input) as CommandInput<C>
      return structuredClone(await (handlers[command] as (value: CommandInput<C>) => CommandOutput<C> | Promise<CommandOutput<C>>)(parsed))
    },
    step: (events) => play(events),
    breakPreparation: (message) => {
      const experiment = runningEntry()?.experiment
      experiment?.breakPreparation(message)
      if (experiment) tell(experiment)
    },
    dropBatch: (events) => play(events, true),
    failNext: (command, error) => void failures.set(command, error),
    hold: (command) => {
      let release = (): void => undefined
      held.set(command, new Promise((resolve) => (release = resolve)))
      return () => {
        held.delete(command)
        release()
      }
    },
    notice: addNotice,
    loseHost: () => {
      connection = 'lost'
      emit('connection.changed', 'lost')
    },
    findHost: () => {
      connection = 'open'
      emit('connection.changed', 'open')
    },
    dispose: () => clearInterval(timer),
  }
}
