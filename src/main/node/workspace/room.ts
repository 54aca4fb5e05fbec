import { join } from 'node:path'
import { QuerentError } from '@engine/core/errors'
import { readIfThere } from '../storage/files'
import { featuresOf, libraryOf, mapsOf, modelsOf } from './location'
import { folderSize } from './storage'
import { settingsSchema } from './store'

/** Refuses bytes more than the workspace's limit for data sets and caches has room for, as it was when the room was measured. */
export type Room = (bytes: number) => void

/** Measures what data sets, downloads, removed sets, features, models and maps of a workspace take; nothing without a limit. */
export async function roomOf(workspace: string): Promise<Room> {
  const limit = await limitOf(workspace)
  if (limit === null) return () => undefined
  const folders = [libraryOf, featuresOf, modelsOf, mapsOf].map((folderOf) => folderOf(workspace))
  const taken = (await Promise.all(folders.map((folder) => folderSize(folder, passing)))).reduce((sum, { bytes }) => sum + bytes, 0)
  return (bytes) => {
    if (taken + bytes > limit * 1e9)
      throw new QuerentError('disk-full', `data sets and caches may take ${limit} GB`, {
        found: `${(taken / 1e9).toFixed(2)} GB taken, ${(bytes / 1e9).toFixed(2)} GB more to come`,
        expected: 'free space, or raise the limit, in Settings',
      })
  }
}

/** What is being written or sent at this moment. */
const passing: ReadonlySet<string> = new Set(['.work', '.uploads'])

async function limitOf(workspace: string): Promise<number | null> {
  const bytes = await readIfThere(join(workspace, 'settings.json'))
  try {
    return settingsSchema.parse(JSON.parse(bytes?.toString('utf8') ?? 'null')).roomLimitGb ?? null
  } catch {
    return null // none yet, or damaged: the workbench sets it aside and says so
  }
}
