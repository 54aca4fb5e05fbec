import { badInput } from '../core/errors'
import { countOf, numberTypes } from './numberTypes'
import { shapeText, type DType, type NumericArray } from './numericArray'

const types: Readonly<Record<number, DType>> = { 8: 'uint8', 9: 'int8', 11: 'int16', 12: 'int32', 13: 'float32', 14: 'float64' }

export const isIdx = (bytes: Uint8Array): boolean =>
  bytes[0] === 0 && bytes[1] === 0 && types[bytes[2]] !== undefined && bytes[3] >= 1 && bytes[3] <= 8

/** Where the values of an IDX file (the format of MNIST; big-endian, type and rank in the first four bytes) lie. */
export function idxLayout(
  head: Uint8Array,
  name: string,
): { readonly start: number; readonly end: number; readonly shape: readonly number[]; readonly dtype: DType } {
  const rank = head[3]
  const start = 4 + 4 * rank
  if (!isIdx(head) || head.length < start) throw badInput(`${name}: not an IDX file, or cut off in its header`, { file: name })
  const view = new DataView(head.buffer, head.byteOffset)
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const dtype = types[head[2]]
  return { start, end: start + countOf(shape, name) * numberTypes[dtype].bytes, shape, dtype }
}

/** Reads an IDX file. */
export function readIdx(bytes: Uint8Array, name: string): NumericArray {
  const { start, end, shape, dtype } = idxLayout(bytes, name)
  if (bytes.length !== end)
    throw badInput(
      `${name}: ${bytes.length < end ? `the file is cut off at byte ${bytes.length}` : `${bytes.length - end} bytes follow the end at byte ${end}`}`,
      { file: name, found: `${bytes.length} bytes`, expected: `${end} bytes for ${shapeText(shape)}` },
    )
  return { data: numberTypes[dtype].read(bytes, start, countOf(shape, name), false, { name, shape }), shape, dtype }
}
