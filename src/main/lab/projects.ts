import type { Handlers } from '@contract/rpc'
import type { ExperimentSummary, ProjectSummary, WorkspaceState } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'
import type { ExperimentRecord, ProjectRecord, WorkspaceIndex } from './workspacePort'

const sampleRecipe = 'sample'
const sampleName = 'Sample: four strategies on digits'

type ProjectHandlers = Pick<
  Handlers,
  | 'workspace.get'
  | 'project.create'
  | 'project.open'
  | 'project.rename'
  | 'project.archive'
  | 'project.remove'
  | 'project.restore'
  | 'study.get'
  | 'study.save'
  | 'study.plan'
  | 'recipes.list'
  | 'recipes.text'
>

export interface Projects {
  readonly handlers: ProjectHandlers
  record(project: string): ProjectRecord
  summary(record: ProjectRecord): Promise<ProjectSummary>
  create(name: string, yaml: string): Promise<ProjectSummary>
  /** Lists a project whose folder is there already. */
  adopt(project: Pick<ProjectRecord, 'id' | 'name' | 'createdAt'>): Promise<void>
  workspace(): Promise<WorkspaceState>
  /** Tells every client that the list changed. */
  announce(): Promise<void>
  /** A first start finds the sample project. */
  ensureSample(): Promise<void>
}

export function createProjects(deps: LabDependencies, hub: Hub, summaryOf: (record: ExperimentRecord) => ExperimentSummary): Projects {
  const { store, clock } = deps
  const finishedRuns = createFinishedRuns(deps)
  const now = (): string => clock.now().toISOString()

  const record = (project: string): ProjectRecord => {
    const found = store.index().projects.find(({ id, removedAt }) => id === project && removedAt === null)
    if (!found) throw new QuerentError('not-found', 'this project is not in the workspace', { found: project })
    return found
  }
  const change = (project: string, patch: (record: ProjectRecord) => Partial<ProjectRecord>): Promise<void> =>
    store.update((index) => ({ ...index, projects: index.projects.map((p) => (p.id === project ? { ...p, ...patch(p) } : p)) }))

  async function summary(project: ProjectRecord): Promise<ProjectSummary> {
    const text = await store.readStudy(project.id).catch(() => null)
    const study = deps.study.describe(text ?? '')
    const last = experimentsOf(store.index(), project.id).at(-1)
    return {
      id: project.id,
      name: project.name,
      createdAt: project.createdAt,
      openedAt: project.openedAt,
      dataset: study.dataset,
      strategies: study.strategies.map(({ name }) => name),
      strategyIds: study.strategies.map(({ id }) => id),
      lastRun: last ? { experiment: last.id, at: last.finishedAt ?? last.startedAt, state: last.state } : null,
      sparkline: last?.sparkline ?? [],
      missing: text === null,
      ...(project.archivedAt ? { archived: true } : {}),
    }
  }

  async function workspace(): Promise<WorkspaceState> {
    const index = store.index()
    const living = index.projects.filter(({ removedAt }) => removedAt === null)
    const projects = await Promise.all(living.map(summary))
    const ids = new Set(living.map(({ id }) => id))
    return {
      folder: store.folder,
      projects: projects.sort((a, b) => (a.openedAt < b.openedAt ? 1 : -1)),
      active: index.active !== null && ids.has(index.active) ? index.active : null,
      interrupted: index.experiments
        .filter(({ state, removedAt, readOnly, project }) => state === 'interrupted' && removedAt === null && !readOnly && ids.has(project))
        .map(summaryOf),
    }
  }
  // Two windows may save at once: the second must see the first one's revision.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }
  const announce = async (): Promise<void> => hub.emit('workspace.changed', await workspace())

  async function adopt({ id, name, createdAt }: Pick<ProjectRecord, 'id' | 'name' | 'createdAt'>): Promise<void> {
    const project: ProjectRecord = { id, name, createdAt, openedAt: now(), revision: 1, removedAt: null }
    await store.update((index) => ({ ...index, active: id, projects: [...index.projects, project] }))
    await announce()
  }
  async function create(name: string, yaml: string): Promise<ProjectSummary> {
    const id = deps.newId()
    await store.writeStudy(id, yaml)
    await adopt({ id, name, createdAt: now() })
    return summary(record(id))
  }

  const handlers: ProjectHandlers = {
    'workspace.get': workspace,
    'project.create': async ({ name, from }) => {
      if ('recipe' in from) {
        const recipe = (await deps.recipes.list()).find(({ id }) => id === from.recipe)
        return create(name ?? recipe?.title ?? from.recipe, await deps.recipes.text(from.recipe))
      }
      if ('project' in from) return create(name ?? `${record(from.project).name} (copy)`, await store.readStudy(from.project))
      return create(name ?? (deps.study.describe(from.yaml).name || 'New study'), from.yaml)
    },
    'project.open': async ({ project }) => {
      record(project)
      await change(project, () => ({ openedAt: now(), archivedAt: null }))
      await store.update((index) => ({ ...index, active: project }))
      await announce()
      return summary(record(project))
    },
    'project.rename': async ({ project, name }) => {
      record(project)
      await change(project, () => ({ name }))
      await announce()
      return summary(record(project))
    },
    'project.archive': async ({ project, archived }) => {
      record(project)
      await change(project, () => ({ archivedAt: archived ? now() : null }))
      if (archived) await store.update((index) => ({ ...index, active: index.active === project ? null : index.active }))
      await announce()
      return summary(record(project))
    },
    'project.remove': async ({ project }) => {
      const { name } = record(project)
      if (experimentsOf(store.index(), project).some(({ state }) => state === 'running' || state === 'paused'))
        throw new QuerentError('locked', `a study of ${name} is running: stop it before deleting the project`)
      await change(project, () => ({ removedAt: now() }))
      await announce()
      return null
    },
    'project.restore': async ({ project }) => {
      if (!store.index().projects.some(({ id }) => id === project)) throw new QuerentError('not-found', 'this project is gone')
      await change(project, () => ({ removedAt: null }))
      await announce()
      return summary(record(project))
    },
    'study.get': async ({ project }) => ({ yaml: await store.readStudy(project), revision: record(project).revision }),
    'study.save': ({ project, yaml, revision }) =>
      inTurn(async () => {
        const stored = record(project).revision
        if (stored !== revision)
          throw new QuerentError('locked', 'the study was saved from another window in the meantime', {
            found: `revision ${stored}`,
            expected: `revision ${revision}`,
          })
        await store.writeStudy(project, yaml)
        await change(project, (p) => ({ revision: p.revision + 1 }))
        await announce()
        return { revision: revision + 1 }
      }),
    'study.plan': async ({ project, yaml }) => deps.study.plan(yaml, store.studyPath(project), await finishedRuns(project)),
    'recipes.list': () => deps.recipes.list(),
    'recipes.text': async ({ recipe }) => ({ yaml: await deps.recipes.text(recipe) }),
  }

  return {
    handlers,
    record,
    summary,
    create,
    adopt,
    workspace,
    announce,
    ensureSample: async () => {
      if (store.index().projects.length > 0) return
      await create(sampleName, await deps.recipes.text(sampleRecipe))
    },
  }
}

export const experimentsOf = (index: WorkspaceIndex, project: string): ExperimentRecord[] =>
  index.experiments.filter((experiment) => experiment.project === project && experiment.removedAt === null)

/** Hashes of the runs that a project's experiments have finished: a new grid reuses them. Ended experiments are read once. */
function createFinishedRuns(deps: LabDependencies): (project: string) => Promise<ReadonlySet<string>> {
  const ended = new Map<string, readonly string[]>()
  const hashesOf = async ({ id, folder, finishedAt }: ExperimentRecord): Promise<readonly string[]> => {
    const key = `${id} ${finishedAt}`
    const known = ended.get(key)
    if (known !== undefined) return known
    const view = await deps.experiments.open(folder).catch(() => null)
    const hashes = view?.plan.map(({ hash }) => hash).filter((hash) => view.state(hash).status === 'finished') ?? []
    if (finishedAt !== null) ended.set(key, hashes)
    return hashes
  }
  return async (project) => new Set((await Promise.all(experimentsOf(deps.store.index(), project).map(hashesOf))).flat())
}
