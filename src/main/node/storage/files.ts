import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode, withFile } from '../errors'

/**
 * Writes a whole file so that a crash or a full disk leaves either the old or the new one: temporary neighbour, fsync, rename.
 * Throws `disk-full` or `not-writable` naming the file.
 */
export const writeAtomic = (file: string, data: string | Uint8Array): Promise<void> =>
  withFile(file, async () => {
    const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const handle = await open(temporary, 'wx')
      try {
        await handle.writeFile(data)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, file)
      await syncFolder(dirname(file))
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

/** Creates the folder with its parents; the result removes what was created, as long as it is empty. */
export async function makeFolder(folder: string): Promise<() => Promise<void>> {
  const first = await mkdir(folder, { recursive: true })
  return async () => {
    if (first !== undefined) await rm(first, { recursive: true, force: true })
  }
}

/** Renames a damaged file or folder out of the way; resolves to its new name. */
export async function setAside(path: string): Promise<string> {
  const aside = `${path}.damaged-${randomBytes(3).toString('hex')}`
  await rename(path, aside)
  return aside
}
