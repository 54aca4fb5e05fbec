import { createInflate } from 'node:zlib'
import type { ImportMapping } from '@contract/importing'
import { badInput, unsupported } from '@engine/core/errors'
import type { DType } from '@engine/data/numericArray'
import { baseName, sliceOf, type InputFile } from '../source/inputFile'
import { spool, unpackedLimit, type Scratch } from '../source/scratch'
import type { ArraySource, FileImporter } from './contract'
import { isMatlab4, matlab4Variables, type MatlabValues, type MatlabVariable } from './matlab4'
import { numericSource, rowMajorPositions } from './numbers'

const headerBytes = 128
const matrix = 14
const compressed = 15
const types: Readonly<Record<number, DType>> = {
  1: 'int8',
  2: 'uint8',
  3: 'int16',
  4: 'uint16',
  5: 'int32',
  6: 'uint32',
  7: 'float32',
  9: 'float64',
  12: 'int64',
  13: 'uint64',
}

export const matlab: FileImporter = {
  id: 'matlab',
  title: 'MATLAB file',
  sniff: (head, name) => (isMatlab5(head) ? 1 : isMatlab4(head) ? (/\.mat$/i.test(name) ? 1 : 0.7) : 0),
  arrays: async (file, { mapping, scratch }) => {
    const variables = isMatlab5(await file.read(0, 10)) ? await matlab5Variables(file, scratch) : await matlab4Variables(file)
    const arrays = variables.flatMap(({ key, values }) => (values === null ? [] : [arrayOf(key, values, baseName(file.name), mapping)]))
    if (arrays.length > 0) return arrays
    throw unsupported(`${file.name}: no arrays of numbers`, {
      file: file.name,
      found: variables.map(({ key }) => key).join(', ') || 'no variables',
      expected: 'full real arrays; no cells, structures or sparse matrices',
    })
  },
}

const isMatlab5 = (head: Uint8Array): boolean => new TextDecoder('latin1').decode(head.subarray(0, 10)) === 'MATLAB 5.0'

/** The rows are the first axis of a table, and the last of an array of pictures (h × w × c × n). */
function arrayOf(key: string, { file, start, axes, ...type }: MatlabValues, fileName: string, mapping: ImportMapping): ArraySource {
  const name = `${fileName}#${key}`
  const common = { start, ...type }
  const slice = sliceOf(file, name, 0, file.size)
  const picture = axes.length === 2 ? pictureAxes(mapping) : null
  const size = picture?.reduce((a, b) => a * b, 1)
  // Flat pictures lie in the rows of a matrix, or in its columns.
  if (picture !== null && axes[1] === size)
    return numericSource(slice, name, key, { ...common, shape: [axes[0], ...picture], fortranOrder: true })
  const sample = axes.length > 2 ? axes.slice(0, -1) : axes[0] === size ? picture : null
  if (sample !== null)
    return numericSource(slice, name, key, { ...common, shape: [axes[axes.length - 1], ...sample], order: rowMajorPositions(sample) })
  const [rows, columns = 1] = axes
  if (rows === 1 || columns === 1) return numericSource(slice, name, key, { ...common, shape: [rows * columns] })
  return numericSource(slice, name, key, { ...common, shape: [rows, columns], fortranOrder: true })
}

/** Height, width and channels of flat pictures, where the mapping says them. */
function pictureAxes({ kind = 'image', width, height, channels = 1 }: ImportMapping): readonly number[] | null {
  if (kind !== 'image' || width === undefined || height === undefined) return null
  return channels === 1 ? [height, width] : [height, width, channels]
}

async function matlab5Variables(file: InputFile, scratch: Scratch): Promise<MatlabVariable[]> {
  const header = await file.read(0, headerBytes)
  if (header.length < headerBytes) throw cut(file, headerBytes)
  const mark = new TextDecoder('latin1').decode(header.subarray(126, 128))
  if (mark !== 'IM' && mark !== 'MI')
    throw badInput(`${file.name}: damaged MATLAB header`, { file: file.name, found: mark, expected: 'IM at byte 126' })
  const littleEndian = mark === 'IM'
  const variables: MatlabVariable[] = []
  for (let at = headerBytes; at < file.size;) {
    const element = await tagAt(file, at, littleEndian)
    if (element.start + element.size > file.size) throw cut(file, element.start + element.size)
    at = element.type === compressed ? element.start + element.size : element.next
    const body = element.type === compressed ? await inflated(file, element.start, element.size, scratch) : file
    const inner = element.type === compressed ? await tagAt(body, 0, littleEndian) : element
    if (inner.type === matrix)
      variables.push(await variable(body, inner.start, inner.start + inner.size, littleEndian, baseName(file.name)))
  }
  return variables
}

const cut = (file: InputFile, expected: number): Error =>
  badInput(`${file.name}: the file is cut off at byte ${file.size}`, {
    file: file.name,
    found: `${file.size} bytes`,
    expected: `at least ${expected} bytes`,
  })

interface Tag {
  readonly type: number
  readonly start: number
  readonly size: number
  /** where the next element starts */
  readonly next: number
}

async function tagAt(file: InputFile, at: number, littleEndian: boolean): Promise<Tag> {
  const bytes = await file.read(at, 8)
  if (bytes.length < 8) throw cut(file, at + 8)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const type = view.getUint32(0, littleEndian)
  // Up to four bytes of data fit beside a short tag.
  if (type >>> 16 !== 0) return { type: type & 0xffff, start: at + 4, size: type >>> 16, next: at + 8 }
  const size = view.getUint32(4, littleEndian)
  return { type, start: at + 8, size, next: at + 8 + Math.ceil(size / 8) * 8 }
}

const inflated = (file: InputFile, start: number, size: number, scratch: Scratch): Promise<InputFile> =>
  spool(sliceOf(file, file.name, start, size).stream(), createInflate(), {
    name: file.name,
    scratch,
    limit: unpackedLimit(size),
    packedBytes: size,
  })

const numericClasses = new Set([6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
const complexFlag = 0x08

async function variable(file: InputFile, from: number, end: number, littleEndian: boolean, fileName: string): Promise<MatlabVariable> {
  const flags = await tagAt(file, from, littleEndian)
  const dimensions = await tagAt(file, flags.next, littleEndian)
  const naming = await tagAt(file, dimensions.next, littleEndian)
  if (naming.next > end || dimensions.size > 4 * 32 || naming.size > 1024)
    throw badInput(`${fileName}: damaged variable at byte ${from}`, { file: fileName, path: `byte ${from}` })
  const word = await file.read(flags.start, 4)
  const flagBits = new DataView(word.buffer, word.byteOffset, 4).getUint32(0, littleEndian)
  const sizes = await file.read(dimensions.start, dimensions.size)
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.length)
  const axes = Array.from({ length: Math.floor(sizes.length / 4) }, (_, i) => view.getInt32(4 * i, littleEndian))
  const key = new TextDecoder('latin1').decode(await file.read(naming.start, naming.size)) || 'unnamed'
  if (!numericClasses.has(flagBits & 0xff) || ((flagBits >>> 8) & complexFlag) !== 0) return { key, values: null }
  const values = await tagAt(file, naming.next, littleEndian)
  const dtype = types[values.type]
  if (dtype === undefined || axes.some((axis) => axis < 0) || values.start + values.size > Math.max(end, values.next))
    throw badInput(`${fileName}#${key}: damaged variable`, { file: fileName, path: key, found: `type ${values.type}, ${axes.join('×')}` })
  const upTo = sliceOf(file, file.name, 0, Math.min(file.size, values.start + values.size))
  return { key, values: { file: upTo, start: values.start, dtype, littleEndian, axes } }
}
