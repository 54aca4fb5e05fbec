import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import process from 'node:process'
import { QuerentError } from '@engine/core/errors'
import { systemCode, withFile } from '../errors'

/** Folder of a library's files that wait to be taken by a window. */
export const savedOf = (library: string): string => join(library, '.saved')

/** A file that waits, by a name of its own that nobody can guess. */
export interface SavedFile {
  readonly name: string
  readonly path: string
  /** bytes */
  readonly size: number
}

/** Files that are made for windows, each in a folder of its own; what an earlier start left is cleared first. */
export function openSaved(folder: string): {
  newFile(name: string): Promise<{ saved: string; path: string }>
  drop(saved: string): Promise<void>
} {
  const cleared = rm(folder, { recursive: true, force: true })
  return {
    newFile: async (name) => {
      await cleared
      const saved = randomBytes(32).toString('hex')
      await withFile(folder, () => mkdir(join(folder, saved), { recursive: true }))
      return { saved, path: join(folder, saved, name) }
    },
    drop: (saved) => dropSaved(folder, saved),
  }
}

/** The file of this name that waits in the folder; null when there is none (any more). */
export async function findSaved(folder: string, saved: string): Promise<SavedFile | null> {
  if (!isSaved(saved)) return null
  const [name] = await readdir(join(folder, saved)).catch(() => [])
  if (name === undefined) return null
  const path = join(folder, saved, name)
  const info = await stat(path).catch(() => null)
  return info?.isFile() ? { name, path, size: info.size } : null
}

export async function dropSaved(folder: string, saved: string): Promise<void> {
  if (isSaved(saved)) await rm(join(folder, saved), { recursive: true, force: true })
}

/** Moves a file that waits to where the user wants it; on another disk it is copied, and appears there when it is whole. */
export async function moveSaved(folder: string, saved: string, to: string): Promise<void> {
  const found = await findSaved(folder, saved)
  if (found === null) throw new QuerentError('not-found', `the file for ${basename(to)} is not there any more; save it again`, { file: to })
  try {
    await withFile(to, () => moveFile(found.path, to))
  } finally {
    await dropSaved(folder, saved) // also when it failed: nobody knows its name any more
  }
}

async function moveFile(from: string, to: string): Promise<void> {
  try {
    return await rename(from, to)
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error
  }
  const beside = `${to}.${process.pid}.tmp`
  try {
    await copyFile(from, beside)
    await rename(beside, to)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  }
}

const isSaved = (saved: string): boolean => /^[0-9a-f]{64}$/.test(saved)
