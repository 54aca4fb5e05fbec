import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { badInput } from '@engine/core/errors'
import type { Hasher } from '@engine/data/hash'
import { toQuerentError } from '../errors'

/** The bytes of a file, unpacked when it is gzip; `name` is what errors call it. */
export function readBytes(path: string, name: string = path): Uint8Array {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw toQuerentError(error, name)
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw badInput(`${name}: damaged gzip file: ${error instanceof Error ? error.message : ''}`, { file: name })
  }
}

export function nodeHasher(): Hasher {
  const hash = createHash('sha256')
  return { update: (bytes) => hash.update(bytes), hex: () => hash.digest('hex') }
}
