import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { StorageFiles } from '../../lab/storage'
import { withFile } from '../errors'

type Folders = Pick<StorageFiles, 'maps' | 'removedDatasets' | 'labelling' | 'removedLabelling' | 'downloads' | 'features' | 'models'>

/** Room that folders take; files that go while it is counted do not count. */
export function storageFiles(folders: Folders): Omit<StorageFiles, 'requireRoom'> {
  return {
    ...folders,
    measure: async (measured) => {
      let [files, bytes] = [0, 0]
      for (const folder of measured) {
        const size = await folderSize(folder)
        files += size.files
        bytes += size.bytes
      }
      return { files, bytes }
    },
    remove: async (removed) => {
      for (const folder of removed) await withFile(folder, () => rm(folder, { recursive: true, force: true }))
    },
    entries: async (folder) => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.'))
      const found = await Promise.all(
        names.map(async (id) => {
          const path = join(folder, id)
          const info = await stat(path).catch(() => null)
          if (info === null) return []
          const inside = info.isDirectory() ? await readdir(path, { recursive: true }).catch(() => []) : ['']
          const sizes = await Promise.all(inside.map((name) => sizeOf(join(path, name))))
          const bytes = sizes.reduce((sum, size) => sum + size, 0)
          return [{ id, name: await ownName(path, inside, id), bytes, changedAt: info.mtime.toISOString() }]
        }),
      )
      return found.flat()
    },
    removeEntries: async (folder, ids) => {
      for (const id of ids)
        if (id === basename(id) && !id.startsWith('.')) await withFile(id, () => rm(join(folder, id), { recursive: true, force: true }))
    },
  }
}

/** Files and bytes below a folder, without those below the names at its top that are passed over. */
export async function folderSize(
  folder: string,
  passedOver: ReadonlySet<string> = new Set(),
): Promise<{ readonly files: number; readonly bytes: number }> {
  let [files, bytes] = [0, 0]
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile() || passedOver.has(relative(folder, entry.parentPath).split(sep)[0])) continue
    files++
    bytes += await sizeOf(join(entry.parentPath, entry.name))
  }
  return { files, bytes }
}

/** Bytes of a file; 0 for a folder, or when it is gone. */
async function sizeOf(path: string): Promise<number> {
  const info = await stat(path).catch(() => null)
  return info?.isFile() ? info.size : 0
}

/** The `name` or `title` that a JSON file of the folder gives it. */
async function ownName(folder: string, inside: readonly string[], id: string): Promise<string> {
  for (const file of inside) {
    if (!file.endsWith('.json') || file.endsWith('.part.json')) continue
    try {
      const { name, title } = JSON.parse(await readFile(join(folder, file), 'utf8')) as { name?: unknown; title?: unknown }
      const own = name ?? title
      if (typeof own === 'string') return own
    } catch {
      // not a description
    }
  }
  return id
}
