import { badInput } from '@engine/core/errors'
import { numberTypes, countOf } from '@engine/data/numberTypes'
import type { DType, NumericData } from '@engine/data/numericArray'
import type { InputFile } from '../source/inputFile'
import type { ArraySource } from './contract'

const chunkBytes = 1 << 22
const mostValues = 1 << 26

/** Where the values of an array lie in a file. */
export interface Layout {
  readonly start: number
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly littleEndian: boolean
  /** the first axis varies fastest */
  readonly fortranOrder?: boolean
  /** position in the row of each of its values as they are stored; in order when left out */
  readonly order?: Int32Array
}

/** Values per row; refuses rows that do not fit into memory. */
export function rowSize(shape: readonly number[], name: string): number {
  const size = countOf(shape.slice(1), name)
  if (size > mostValues)
    throw badInput(`${name}: ${size} values in each row`, { file: name, found: shape.join('×'), expected: `at most ${mostValues}` })
  return size
}

/** An array of numbers in a file, read block by block. */
export function numericSource(file: InputFile, name: string, key: string, layout: Layout): ArraySource {
  const { start, shape, dtype, fortranOrder = false } = layout
  const bytes = numberTypes[dtype].bytes
  const end = start + countOf(shape, name) * bytes
  if (file.size < end)
    throw badInput(`${name}: the file is cut off at byte ${file.size}`, {
      file: name,
      found: `${file.size} bytes`,
      expected: `${end} bytes (values start at byte ${start})`,
    })
  return {
    name,
    key,
    shape,
    dtype,
    chunks: () => (fortranOrder && shape.length > 1 ? columnMajor(file, name, layout) : rowMajor(file, name, layout)),
    texts: () => Promise.reject(badInput(`${name}: numbers, not text`, { file: name })),
  }
}

async function* rowMajor(file: InputFile, name: string, { start, shape, dtype, littleEndian, order }: Layout): AsyncGenerator<NumericData> {
  const type = numberTypes[dtype]
  const rows = shape[0] ?? 1
  const size = rowSize(shape, name)
  const perChunk = Math.max(1, Math.floor(chunkBytes / Math.max(1, size * type.bytes)))
  for (let row = 0; row < rows; row += perChunk) {
    const count = Math.min(perChunk, rows - row) * size
    const bytes = await file.read(start + row * size * type.bytes, count * type.bytes)
    if (bytes.length < count * type.bytes) throw shortened(name)
    const values = type.read(bytes, 0, count, littleEndian, { name, shape, first: row * size })
    yield order === undefined ? values : reordered(values, order)
  }
}

function reordered(values: NumericData, order: Int32Array): NumericData {
  const out = values.slice()
  const size = order.length
  for (let i = 0; i < values.length; i += size) for (let j = 0; j < size; j++) out[i + order[j]] = values[i + j]
  return out
}

/** Row blocks of a column-major array: for each block, its piece of every column. */
async function* columnMajor(file: InputFile, name: string, { start, shape, dtype, littleEndian }: Layout): AsyncGenerator<NumericData> {
  const type = numberTypes[dtype]
  const [rows] = shape
  const size = rowSize(shape, name)
  const target = rowMajorPositions(shape.slice(1))
  // Few long reads: a piece of 64 kB where memory allows.
  const perChunk = Math.max(1, Math.min(Math.floor((1 << 16) / type.bytes), Math.floor((1 << 25) / Math.max(1, size * type.bytes))))
  for (let row = 0; row < rows; row += perChunk) {
    const count = Math.min(perChunk, rows - row)
    let out: NumericData | null = null
    for (let j = 0; j < size; j++) {
      const bytes = await file.read(start + (j * rows + row) * type.bytes, count * type.bytes)
      if (bytes.length < count * type.bytes) throw shortened(name)
      const column = type.read(bytes, 0, count, littleEndian, { name, shape: [rows], first: row })
      out ??= new (column.constructor as new (length: number) => NumericData)(count * size)
      for (let i = 0, at = target[j]; i < count; i++, at += size) out[at] = column[i]
    }
    if (out !== null) yield out
  }
}

/** Row-major position of each element, counted with the first axis fastest. */
export function rowMajorPositions(shape: readonly number[]): Int32Array {
  const count = shape.reduce((a, b) => a * b, 1)
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const positions = new Int32Array(count)
  for (let q = 0; q < count; q++) {
    let rest = q
    let at = 0
    for (let axis = 0; axis < shape.length; axis++) {
      at += (rest % shape[axis]) * strides[axis]
      rest = Math.floor(rest / shape[axis])
    }
    positions[q] = at
  }
  return positions
}

const shortened = (name: string): Error => badInput(`${name}: the file became shorter while it was read`, { file: name })
