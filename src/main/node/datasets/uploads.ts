import { mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { badInput, QuerentError } from '@engine/core/errors'
import { systemCode, withFile } from '../errors'

/** Files that a page sends in pieces, kept until they are imported or the host ends. */
export interface Uploads {
  /** Adds bytes at the end of a file; resolves to its size. */
  receive(upload: string, name: string, offset: number, bytes: Uint8Array): Promise<number>
  /** Absolute paths of what came at the top level of an upload. */
  uploaded(upload: string): Promise<readonly string[]>
  forget(upload: string): Promise<void>
}

/** Uploads below a folder of the library, which is cleared first: no page knows them any more. */
export function openUploads(folder: string): Uploads {
  const cleared = rm(folder, { recursive: true, force: true })
  const folderOf = (upload: string): string => {
    if (!/^[a-z0-9-]{1,80}$/i.test(upload)) throw badInput('this is no name of an upload', { path: 'upload', found: upload.slice(0, 80) })
    return join(folder, upload)
  }
  return {
    receive: async (upload, name, offset, bytes) => {
      await cleared
      const file = join(folderOf(upload), ...safeParts(name))
      return withFile(name, async () => {
        await mkdir(dirname(file), { recursive: true })
        const handle = await open(file, 'a')
        try {
          const { size } = await handle.stat()
          if (size !== offset)
            throw badInput(`${name}: a piece is missing`, { file: name, found: `byte ${offset}`, expected: `byte ${size}` })
          await handle.writeFile(bytes)
          return size + bytes.length
        } finally {
          await handle.close()
        }
      })
    },
    uploaded: async (upload) => {
      await cleared
      const root = folderOf(upload)
      try {
        return (await readdir(root)).map((name) => join(root, name))
      } catch (error) {
        if (systemCode(error) === 'ENOENT')
          throw new QuerentError('not-found', 'these files did not arrive; send them again', { found: upload })
        throw error
      }
    },
    forget: async (upload) => {
      const root = folderOf(upload)
      if (await stat(root).catch(() => null)) await rm(root, { recursive: true, force: true })
    },
  }
}

/** The parts of a relative path of a dropped file; refuses any that could leave the folder. */
function safeParts(name: string): string[] {
  const parts = name.split('/')
  const isBad = (part: string): boolean =>
    part === '' || part === '.' || part === '..' || part.length > 200 || /[\\:*?"<>|\p{Cc}]/u.test(part)
  if (parts.length > 16 || parts.some(isBad)) throw badInput('this name cannot be a file', { path: 'name', found: name.slice(0, 200) })
  return parts
}
