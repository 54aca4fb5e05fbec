import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import type { StoredThing } from '@contract/storage'
import { QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'

/** What single things take room, which projects and labelling sessions name them, and what of them can go. */
export function createFreeing({ store, storage, datasets, labelling }: LabDependencies): Pick<Handlers, 'storage.unused' | 'storage.free'> {
  const folders = { features: storage.features, model: storage.models, download: storage.downloads } as const

  /** Projects whose study mentions one of the names; one that cannot be read uses nothing that could be told. */
  async function users(): Promise<(names: readonly string[]) => string[]> {
    const projects = store.index().projects.filter(({ removedAt }) => removedAt === null)
    const studies = await Promise.all(
      projects.map(async ({ id, name }) => ({ name, words: new Set((await store.readStudy(id).catch(() => '')).split(/[^\w.-]+/)) })),
    )
    return (names) => studies.filter(({ words }) => names.some((name) => words.has(name))).map(({ name }) => name)
  }

  async function things(): Promise<StoredThing[]> {
    const usersOf = await users()
    const sessions = await labelling.list()
    const labellingOf = (id: string): string[] => (sessions.some(({ dataset }) => dataset === id) ? ['a labelling session'] : [])
    const sets = (await datasets.list()).filter(({ imported }) => imported)
    const found: StoredThing[] = sets.map(({ id, title, bytes }) => ({
      kind: 'dataset',
      id,
      name: title,
      bytes,
      usedBy: [...usersOf([id]), ...labellingOf(id)],
    }))
    for (const kind of ['features', 'model', 'download'] as const)
      for (const { id, name, bytes } of await storage.entries(folders[kind]))
        found.push({ kind, id, name, bytes, usedBy: kind === 'download' ? [] : usersOf([id, name]) })
    return found.sort((a, b) => a.usedBy.length - b.usedBy.length || b.bytes - a.bytes)
  }

  async function free({ kind, id }: CommandInput<'storage.free'>['things'][number]): Promise<void> {
    if (kind !== 'dataset') return storage.removeEntries(folders[kind], [id])
    const set = (await datasets.list()).find((candidate) => candidate.imported && candidate.id === id)
    if (set === undefined) return
    await datasets.remove(id)
    await storage.removeEntries(storage.removedDatasets, [set.sha256])
  }

  return {
    'storage.unused': things,
    'storage.free': async ({ things: chosen, evenUsed }) => {
      const now = await things()
      const found = chosen.flatMap(({ kind, id }) => now.filter((thing) => thing.kind === kind && thing.id === id))
      const used = found.find(({ usedBy }) => usedBy.length > 0)
      if (used !== undefined && !evenUsed)
        throw new QuerentError('bad-input', `${used.name} is used by ${used.usedBy.join(', ')}`, {
          found: used.usedBy.join(', '),
          expected: 'things that no project names, or a word that they may go all the same',
        })
      for (const thing of found) await free(thing)
      return things()
    },
  }
}
