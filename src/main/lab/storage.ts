import type { Handlers } from '@contract/rpc'
import type { RemovedThing, StorageItem } from '@contract/storage'
import type { LabDependencies } from './dependencies'
import type { WorkspaceIndex } from './workspacePort'

/** Sizes of folders; a folder that is not there is empty. */
export interface StorageFiles {
  measure(folders: readonly string[]): Promise<{ readonly files: number; readonly bytes: number }>
  /** For good. */
  remove(folders: readonly string[]): Promise<void>
  /** folder of the maps that can be computed again */
  readonly maps: string
  /** folder of the data sets that were removed and can still be brought back */
  readonly removedDatasets: string
  /** folders of the labelling sessions, and of those that were removed and can still be brought back */
  readonly labelling: string
  readonly removedLabelling: string
  /** folders of unfinished downloads, stored features and models; each holds an entry per thing */
  readonly downloads: string
  readonly features: string
  readonly models: string
  /** What a folder holds at its top: names as their own files tell them, and when each was changed or moved here. */
  entries(folder: string): Promise<{ readonly id: string; readonly name: string; readonly bytes: number; readonly changedAt: string }[]>
  /** Refuses what the limit of the library and its caches has no room for. */
  requireRoom(bytes: number): Promise<void>
  /** For good. */
  removeEntries(folder: string, ids: readonly string[]): Promise<void>
}

type StorageHandlers = Pick<Handlers, 'storage.get' | 'storage.clear' | 'storage.removed'>

/** What the workspace holds on disk, and what of it can go. */
export function createStorage({ store, storage, datasets }: LabDependencies, announce: () => Promise<void>): StorageHandlers {
  /** Only folders of the workspace: results that are looked at where they lie belong to somebody else. */
  const foldersOf = (index: WorkspaceIndex, removed: boolean): string[] => {
    const isGone = new Set(index.projects.filter(({ removedAt }) => removedAt !== null).map(({ id }) => id))
    const own = index.experiments.filter(({ folder, project }) => folder === store.experimentFolder(project, lastName(folder)))
    if (!removed) return own.filter(({ project, removedAt }) => removedAt === null && !isGone.has(project)).map(({ folder }) => folder)
    return [
      ...[...isGone].map((id) => store.projectFolder(id)),
      ...own.filter(({ project, removedAt }) => removedAt !== null && !isGone.has(project)).map(({ folder }) => folder),
    ]
  }
  const imported = async () => (await datasets.list()).filter((set) => set.imported)

  async function items(): Promise<StorageItem[]> {
    const index = store.index()
    const sets = await imported()
    const { labelling, removedLabelling } = storage
    const entries = [storage.features, storage.models, storage.downloads, labelling, removedLabelling, storage.removedDatasets].map(
      (folder) => storage.entries(folder),
    )
    const [features, models, downloads, sessions, removedSessions, removedSets] = (await Promise.all(entries)).map((list) => ({
      items: list.length,
      bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
    }))
    const [results, removed, maps] = await Promise.all([
      storage.measure(foldersOf(index, false)),
      storage.measure(foldersOf(index, true)),
      storage.measure([storage.maps]),
    ])
    return [
      { id: 'results', items: foldersOf(index, false).length, bytes: results.bytes },
      { id: 'datasets', items: sets.length, bytes: sets.reduce((sum, { bytes }) => sum + bytes, 0) },
      { id: 'features', ...features },
      { id: 'models', ...models },
      { id: 'maps', items: maps.files, bytes: maps.bytes },
      { id: 'downloads', ...downloads },
      { id: 'labelling', ...sessions },
      { id: 'removed', items: foldersOf(index, true).length + removedSessions.items, bytes: removed.bytes + removedSessions.bytes },
      { id: 'removed-datasets', ...removedSets },
    ]
  }

  /** Results of a deleted project come back with it. */
  async function removedThings(): Promise<RemovedThing[]> {
    const index = store.index()
    const names = new Map(index.projects.flatMap(({ id, name, removedAt }) => (removedAt === null ? [[id, name] as const] : [])))
    const own = new Set(foldersOf(index, true))
    const sizeOf = async (folder: string): Promise<number> => (own.has(folder) ? (await storage.measure([folder])).bytes : 0)
    const projects = index.projects.map(async ({ id, name, removedAt }): Promise<RemovedThing[]> => {
      if (removedAt === null) return []
      return [{ kind: 'project', id, name, project: null, removedAt, bytes: await sizeOf(store.projectFolder(id)) }]
    })
    const results = index.experiments.map(async ({ id, name, project, folder, removedAt }): Promise<RemovedThing[]> => {
      const owner = names.get(project)
      if (removedAt === null || owner === undefined) return []
      return [{ kind: 'results', id, name, project: owner, removedAt, bytes: await sizeOf(folder) }]
    })
    const entriesOf = async (kind: 'session' | 'dataset', folder: string): Promise<RemovedThing[]> =>
      (await storage.entries(folder)).map(({ changedAt, ...entry }) => ({ kind, ...entry, project: null, removedAt: changedAt }))
    const found = await Promise.all([
      ...projects,
      ...results,
      entriesOf('session', storage.removedLabelling),
      entriesOf('dataset', storage.removedDatasets),
    ])
    return found.flat().sort((a, b) => (a.removedAt < b.removedAt ? 1 : -1))
  }

  return {
    'storage.get': items,
    'storage.removed': removedThings,
    'storage.clear': async ({ item }) => {
      if (item === 'maps') await storage.remove([storage.maps])
      else if (item === 'removed-datasets') await storage.remove([storage.removedDatasets])
      else if (item === 'datasets') for (const { id } of await imported()) await datasets.remove(id)
      else {
        const index = store.index()
        const folders = foldersOf(index, true)
        const isGone = new Set(index.projects.filter(({ removedAt }) => removedAt !== null).map(({ id }) => id))
        // Forgotten first: a folder that cannot be removed is left over, never listed without its files.
        await store.update((now) => ({
          ...now,
          projects: now.projects.filter(({ id }) => !isGone.has(id)),
          experiments: now.experiments.filter(({ project, removedAt }) => removedAt === null && !isGone.has(project)),
        }))
        await storage.remove([...folders, storage.removedLabelling])
        await announce()
      }
      return items()
    },
  }
}

const lastName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
