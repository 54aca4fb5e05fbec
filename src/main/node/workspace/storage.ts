import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StorageFiles } from '../../lab/storage'
import { withFile } from '../errors'

/** Room that folders take; files that go while it is counted do not count. */
export function storageFiles(folders: Pick<StorageFiles, 'maps' | 'removedDatasets'>): StorageFiles {
  return {
    ...folders,
    measure: async (measured) => {
      let [files, bytes] = [0, 0]
      for (const folder of measured)
        for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
          if (!entry.isFile()) continue
          files++
          bytes += (await stat(join(entry.parentPath, entry.name)).catch(() => null))?.size ?? 0
        }
      return { files, bytes }
    },
    remove: async (removed) => {
      for (const folder of removed) await withFile(folder, () => rm(folder, { recursive: true, force: true }))
    },
  }
}
