import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { LabeledPool } from './dataset'

/** An incremental SHA-256; hosts supply a native one. */
export interface Hasher {
  update(bytes: Uint8Array): unknown
  hex(): string
}

export function pureHasher(): Hasher {
  const hash = sha256.create()
  return { update: (bytes) => hash.update(bytes), hex: () => bytesToHex(hash.digest()) }
}

/**
 * SHA-256 (hex) of a data set: per array (training, then test when there is one) a JSON line with storage type, rows and sample
 * shape, the values and the labels as little-endian int32. Equal numbers in equal storage give equal hashes, whatever file they came from.
 */
export function hashDataset(train: LabeledPool, test: LabeledPool | null, hasher: Hasher = pureHasher()): string {
  for (const pool of test === null ? [train] : [train, test]) {
    const type = pool.data instanceof Uint8Array ? 'uint8' : pool.data instanceof Float32Array ? 'float32' : 'float64'
    hasher.update(hashedHead(type, pool.rows, pool.shape))
    hasher.update(bytesOf(pool.data))
    hasher.update(bytesOf(pool.labels))
  }
  return hasher.hex()
}

/** The line before the values of an array. */
export const hashedHead = (type: 'uint8' | 'float32' | 'float64', rows: number, shape: readonly number[]): Uint8Array =>
  utf8ToBytes(`${JSON.stringify({ type, rows, shape })}\n`)

const bytesOf = (data: { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number }): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
