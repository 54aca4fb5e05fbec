import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode, withFile } from '../errors'

/**
 * Writes a whole file so that a crash or a full disk leaves either the old or the new one: temporary neighbour, fsync, rename.
 * Throws `disk-full` or `not-writable` naming the file.
 */
export const writeAtomic = (file: string, data: string | Uint8Array, mode = 0o666): Promise<void> => replaceFile(file, data, mode, true)

/** As `writeAtomic` without waiting for the disk: whole after a killed process, perhaps lost by a power cut. For what a run can do without. */
export const writeWhole = (file: string, data: Uint8Array): Promise<void> => replaceFile(file, data, 0o666, false)

const replaceFile = (file: string, data: string | Uint8Array, mode: number, isLasting: boolean): Promise<void> =>
  withFile(file, async () => {
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const handle = await open(temporary, 'wx', mode)
      try {
        await handle.writeFile(data)
        if (isLasting) await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
      if (isLasting) await syncFolder(dirname(file))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  })

/** Makes a rename or a new name in the folder survive a power cut; Windows has no such call and does without. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The file's bytes, or null when there is none. */
export async function readIfThere(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}

/**
 * Creates the folder with its parents; the result removes what was created. Node's own recursive mkdir never returns where a
 * file system answers ENOENT for a parent that exists (/proc).
 */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  const missing: string[] = []
  for (let path = folder; !existsSync(path); path = dirname(path)) missing.unshift(path)
  const created: string[] = []
  const undo = async (): Promise<void> => {
    // Only what is empty: another process may have begun to use it.
    for (const path of created.toReversed()) await rmdir(path).catch(() => undefined)
  }
  try {
    for (const path of missing) {
      await mkdir(path)
      created.push(path)
    }
    return undo
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return undo
    await undo()
    throw error
  }
}

/** Renames a damaged file or folder out of the way; resolves to its new name. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged-${randomBytes(3).toString('hex')}`
  await rename(path, aside)
  return aside
}
