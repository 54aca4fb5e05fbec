import { badInput } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import type { ArraySource } from './contract'

/** A part of fixed-size records of bytes that go on from file to file. */
export interface RecordPart {
  readonly files: readonly InputFile[]
  readonly recordBytes: number
  /** first byte of the part in a record, and its length */
  readonly at: number
  readonly length: number
  /** position in the row of each byte of the part; in order when left out */
  readonly order?: Int32Array
  /** what is taken off each byte: labels that count from 1 */
  readonly lowest?: number
}

const recordsAtOnce = 512

/** One array of bytes over the records of several files. */
export function recordArray(
  name: string,
  key: string,
  shape: readonly number[],
  { files, recordBytes, at, length, order, lowest = 0 }: RecordPart,
): ArraySource {
  for (const file of files)
    if (file.size % recordBytes !== 0 || file.size === 0)
      throw badInput(`${file.name}: ${file.size} bytes are not whole records`, {
        file: file.name,
        found: `${file.size} bytes`,
        expected: `a multiple of ${recordBytes} bytes`,
      })
  const rows = files.reduce((sum, { size }) => sum + size / recordBytes, 0)
  return {
    name,
    key,
    shape: [rows, ...shape],
    dtype: 'uint8',
    texts: () => Promise.reject(badInput(`${name}: numbers, not text`, { file: name })),
    chunks: async function* () {
      for (const file of files)
        for (let from = 0; from < file.size; from += recordsAtOnce * recordBytes) {
          const bytes = await file.read(from, recordsAtOnce * recordBytes)
          const count = Math.floor(bytes.length / recordBytes)
          const out = new Uint8Array(count * length)
          for (let i = 0; i < count; i++) {
            const part = bytes.subarray(i * recordBytes + at, i * recordBytes + at + length)
            if (order === undefined) out.set(part, i * length)
            else for (let j = 0; j < length; j++) out[i * length + order[j]] = part[j]
          }
          if (lowest !== 0) for (let i = 0; i < out.length; i++) out[i] -= lowest
          yield out
        }
    },
  }
}
