import { createInflate } from 'node:zlib'
import { badInput, unsupported } from '@engine/core/errors'
import type { DType } from '@engine/data/numericArray'
import { baseName, sliceOf, type InputFile } from '../source/inputFile'
import { spool, unpackedLimit, type Scratch } from '../source/scratch'
import type { ArraySource, FileImporter } from './contract'
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
  title: 'MATLAB 5 file',
  sniff: (head) => (new TextDecoder('latin1').decode(head.subarray(0, 10)) === 'MATLAB 5.0' ? 1 : 0),
  arrays: openMatlab,
}

/** Numeric variables of a file. The rows are the first axis of a table, and the last of an array of pictures (h × w × c × n). */
async function openMatlab(file: InputFile, { scratch }: { readonly scratch: Scratch }): Promise<ArraySource[]> {
  const header = await file.read(0, headerBytes)
  if (header.length < headerBytes) throw cut(file, headerBytes)
  const mark = new TextDecoder('latin1').decode(header.subarray(126, 128))
  if (mark !== 'IM' && mark !== 'MI')
    throw badInput(`${file.name}: damaged MATLAB header`, { file: file.name, found: mark, expected: 'IM at byte 126' })
  const littleEndian = mark === 'IM'
  const arrays: ArraySource[] = []
  const others: string[] = []
  for (let at = headerBytes; at < file.size;) {
    const element = await tagAt(file, at, littleEndian)
    if (element.start + element.size > file.size) throw cut(file, element.start + element.size)
    at = element.type === compressed ? element.start + element.size : element.next
    const body = element.type === compressed ? await inflated(file, element.start, element.size, scratch) : file
    const inner = element.type === compressed ? await tagAt(body, 0, littleEndian) : element
    if (inner.type !== matrix) continue
    const found = await variable(body, inner.start, inner.start + inner.size, littleEndian, baseName(file.name))
    if (typeof found === 'string') others.push(found)
    else arrays.push(found)
  }
  if (arrays.length === 0)
    throw unsupported(`${file.name}: no arrays of numbers`, {
      file: file.name,
      found: others.join(', ') || 'no variables',
      expected: 'full real arrays; no cells, structures or sparse matrices',
    })
  return arrays
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

/** A numeric variable, or the name of one that is not read. */
async function variable(
  file: InputFile,
  from: number,
  end: number,
  littleEndian: boolean,
  fileName: string,
): Promise<ArraySource | string> {
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
  if (!numericClasses.has(flagBits & 0xff) || ((flagBits >>> 8) & complexFlag) !== 0) return key
  const values = await tagAt(file, naming.next, littleEndian)
  const dtype = types[values.type]
  const name = `${fileName}#${key}`
  if (dtype === undefined || axes.some((axis) => axis < 0) || values.start + values.size > Math.max(end, values.next))
    throw badInput(`${name}: damaged variable`, { file: fileName, path: key, found: `type ${values.type}, ${axes.join('×')}` })
  const common = { start: values.start, dtype, littleEndian }
  const slice = sliceOf(file, name, 0, Math.min(file.size, values.start + values.size))
  if (axes.length > 2) {
    const sample = axes.slice(0, -1)
    return numericSource(slice, name, key, { ...common, shape: [axes[axes.length - 1], ...sample], order: rowMajorPositions(sample) })
  }
  const [rows, columns = 1] = axes
  if (rows === 1 || columns === 1) return numericSource(slice, name, key, { ...common, shape: [rows * columns] })
  return numericSource(slice, name, key, { ...common, shape: [rows, columns], fortranOrder: true })
}
