import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import type { ProjectSummary } from '@contract/types'
import { badInput, QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Experiments } from './experiments'
import { experimentsOf, type Projects } from './projects'
import { extentOf } from './snapshot'
import type { ExperimentRecord } from './workspacePort'

/** What a project file says of itself, beside its study and results. */
export interface ProjectAbout {
  readonly name: string
  readonly createdAt: string
  /** `id` names the folder below `results` */
  readonly experiments: readonly Pick<ExperimentRecord, 'id' | 'name' | 'startedAt' | 'finishedAt' | 'readOnly'>[]
}

/** Files and folders that come from elsewhere, and projects that leave as one file. */
export interface ArrivalFiles {
  /** What lies at a path; rejects when it is none of these, naming what was expected. */
  look(
    path: string,
  ): Promise<{ readonly kind: 'study'; readonly name: string; readonly yaml: string } | { readonly kind: 'results' | 'project' }>
  /** Puts an uploaded folder where it stays. */
  move(from: string, to: string): Promise<void>
  /** Writes the study and the results of a project file or folder into a new folder; refuses damaged, hostile and huge ones. */
  unpack(path: string, folder: string): Promise<ProjectAbout>
  /** A project as one zip file; `folders` of its experiments by id. */
  pack(about: ProjectAbout, yaml: string, folders: Readonly<Record<string, string>>): Promise<Uint8Array>
  remove(folder: string): Promise<void>
}

type ArrivalHandlers = Pick<Handlers, 'project.export' | 'project.bring'>

export function createArrivals(deps: LabDependencies, projects: Projects, experiments: Experiments): ArrivalHandlers {
  const { store, clock, arrivals } = deps

  async function bring(files: CommandInput<'project.bring'>['files']): Promise<{ project: ProjectSummary; experiment: string | null }> {
    const paths = 'paths' in files ? files.paths : await deps.datasets.uploaded(files.upload)
    const [path] = paths
    if (paths.length !== 1) throw badInput('one file or folder at a time can be opened', { found: `${paths.length}`, expected: '1' })
    const found = await arrivals.look(path)
    if (found.kind === 'study') return { project: await projects.create(found.name, found.yaml), experiment: null }
    if (found.kind === 'project') return bringProject(path)
    return bringResults(path, 'upload' in files)
  }

  /** A result folder is shown where it lies; an uploaded one moves into the workspace. */
  async function bringResults(path: string, isUpload: boolean): Promise<{ project: ProjectSummary; experiment: string }> {
    const known = store.index().experiments.find(({ folder, removedAt }) => folder === path && removedAt === null)
    const owner = known && store.index().projects.find(({ id, removedAt }) => id === known.project && removedAt === null)
    if (known && owner) return { project: await projects.summary(owner), experiment: known.id }
    const view = await deps.experiments.open(path)
    const { studyName } = view.manifest
    const project = await projects.create(studyName, view.studyText)
    const id = deps.newId()
    const folder = isUpload ? store.experimentFolder(project.id, id) : path
    if (isUpload) await arrivals.move(path, folder)
    const at = clock.now().toISOString()
    await experiments.add({
      ...extentOf(view),
      id,
      project: project.id,
      name: studyName,
      folder,
      startedAt: at,
      finishedAt: at,
      removedAt: null,
      readOnly: true,
    })
    await projects.announce()
    return { project: await projects.summary(projects.record(project.id)), experiment: id }
  }

  async function bringProject(path: string): Promise<{ project: ProjectSummary; experiment: string | null }> {
    const id = deps.newId()
    const folder = store.projectFolder(id)
    const records: Omit<ExperimentRecord, 'state'>[] = []
    let about: ProjectAbout
    try {
      about = await arrivals.unpack(path, folder)
      for (const { id: name, ...kept } of about.experiments) {
        const where = store.experimentFolder(id, name)
        const extent = extentOf(await deps.experiments.open(where))
        records.push({ ...kept, ...extent, id: deps.newId(), project: id, folder: where, removedAt: null })
      }
      await projects.adopt({ id, name: about.name, createdAt: about.createdAt })
    } catch (error) {
      await arrivals.remove(folder)
      throw error
    }
    for (const record of records) await experiments.add(record)
    await projects.announce()
    return { project: await projects.summary(projects.record(id)), experiment: records.at(-1)?.id ?? null }
  }

  return {
    'project.bring': async ({ files }) => {
      try {
        return await bring(files)
      } finally {
        if ('upload' in files) await deps.datasets.forget(files.upload)
      }
    },
    'project.export': async ({ project, results }) => {
      const { name, createdAt } = projects.record(project)
      const kept = results ? experimentsOf(store.index(), project) : []
      if (kept.some(({ state }) => state === 'running' || state === 'paused'))
        throw new QuerentError('locked', `a study of ${name} is running: stop it first, or save the project without results`)
      const about = {
        name,
        createdAt,
        experiments: kept.map(({ id, name: title, startedAt, finishedAt, readOnly }) => ({
          id,
          name: title,
          startedAt,
          finishedAt,
          ...(readOnly && { readOnly }),
        })),
      }
      const bytes = await arrivals.pack(
        about,
        await store.readStudy(project),
        Object.fromEntries(kept.map(({ id, folder }) => [id, folder])),
      )
      return { name: `${fileTitle(name)}.querent.zip`, mime: 'application/zip', bytes }
    },
  }
}

/** A name that every file system takes. */
export const fileTitle = (name: string): string => name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|[-.]+$/g, '') || 'project'
