import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { badInput, QuerentError } from '@engine/core/errors'
import type { Hasher } from '@engine/data/hash'

/** The bytes of a file, unpacked when it is gzip; `name` is what errors call it. */
export function readBytes(path: string, name: string = path): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw fileError(error, name)
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw badInput(`${name}: damaged gzip file: ${error instanceof Error ? error.message : ''}`, { file: name })
  }
}

function fileError(error: unknown, name: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new QuerentError('not-found', `${name}: no such file`, { file: name }, { cause: error })
  if (code === 'EISDIR') return badInput(`${name}: this is a folder; a file is needed`, { file: name })
  if (code === 'EACCES') return badInput(`${name}: no permission to read this file`, { file: name })
  return error
}

export function nodeHasher(): Hasher {
  const hash = createHash('sha256')
  return { update: (bytes) => hash.update(bytes), hex: () => hash.digest('hex') }
}
