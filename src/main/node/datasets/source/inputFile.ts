import { closeSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { withFile } from '../../errors'

/** A file of what is being imported: on disk, a part of an archive, or unpacked into the work folder. */
export interface InputFile {
  /** path with `/`, relative to what was given; only ever shown or compared, never opened */
  readonly name: string
  /** bytes */
  readonly size: number
  /** Bytes from `from` on: `length` of them, fewer at the end of the file. */
  read(from: number, length: number): Promise<Uint8Array>
  stream(): AsyncIterable<Uint8Array>
}

const chunkBytes = 1 << 21

/** A file on disk under the name that messages use. */
export function diskFile(path: string, name: string, size: number): InputFile {
  const readAt = (from: number, length: number): Promise<Uint8Array> =>
    withFile(name, async () => {
      const wanted = Math.max(0, Math.min(length, size - from))
      const buffer = new Uint8Array(wanted) // at the start of its own memory, so that numbers in it are aligned
      // A small file is read in less time than handing the reading to another thread takes.
      if (wanted <= smallBytes) return readSmall(path, buffer, from)
      const handle = await open(path, 'r')
      try {
        let at = 0
        while (at < wanted) {
          const { bytesRead } = await handle.read(buffer, at, wanted - at, from + at)
          if (bytesRead === 0) break // shorter than it was
          at += bytesRead
        }
        return buffer.subarray(0, at)
      } finally {
        await handle.close()
      }
    })
  return { name, size, read: readAt, stream: () => inChunks(size, readAt) }
}

const smallBytes = 1 << 16

function readSmall(path: string, buffer: Uint8Array, from: number): Uint8Array {
  const file = openSync(path, 'r')
  try {
    let at = 0
    for (let count = -1; at < buffer.length && count !== 0; at += count) count = readSync(file, buffer, at, buffer.length - at, from + at)
    return buffer.subarray(0, at)
  } finally {
    closeSync(file)
  }
}

/** Bytes `start … start + size − 1` of another file, as a file. */
export function sliceOf(file: InputFile, name: string, start: number, size: number): InputFile {
  const readAt = (from: number, length: number): Promise<Uint8Array> => file.read(start + from, Math.max(0, Math.min(length, size - from)))
  return { name, size, read: readAt, stream: () => inChunks(size, readAt) }
}

async function* inChunks(size: number, readAt: InputFile['read']): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size;) {
    const bytes = await readAt(at, chunkBytes)
    if (bytes.length === 0) return
    yield bytes
    at += bytes.length
  }
}

/** The whole file; for small ones. */
export const readAll = (file: InputFile): Promise<Uint8Array> => file.read(0, file.size)

/** Last part of a file's name. */
export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** Folder part of a file's name, '' at the top. */
export const folderName = (name: string): string => (name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '')
