import { utf8ToBytes } from '@noble/hashes/utils.js'
import { strFromU8 } from 'fflate'
import { badInput } from '../core/errors'
import { countOf, numberTypes } from './numberTypes'
import type { DType, NumericArray, NumericData } from './numericArray'

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

export const isNpy = (bytes: Uint8Array): boolean => magic.every((byte, i) => bytes[i] === byte)

/** What the head of a `.npy` file says. */
export interface NpyHeader {
  readonly descr: string
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
  /** byte at which the values start */
  readonly start: number
}

const numeric: Readonly<Record<string, DType>> = {
  b1: 'bool',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
}

/**
 * Reads a NumPy `.npy` file, versions 1 to 3, in C or Fortran order and either byte order; the result is row-major.
 * Object and structured arrays are refused: they hold pickles, which can run code.
 */
export function readNpy(bytes: Uint8Array, name: string): NumericArray {
  const header = readNpyHeader(bytes, name)
  const { descr, fortranOrder, shape, start } = header
  const dtype = npyDType(header, name)
  const type = numberTypes[dtype]
  const count = countOf(shape, name)
  requireLength(bytes, start + count * type.bytes, start, name)
  const data = type.read(bytes, start, count, descr[0] !== '>', { name, shape })
  return { data: fortranOrder ? toRowMajor(data, shape) : data, shape, dtype }
}

/** The number type of an array; refuses objects, records and other types. */
export function npyDType({ descr }: NpyHeader, name: string): DType {
  const dtype = numeric[descr.slice(1)]
  if (dtype === undefined || !'<>|='.includes(descr[0])) throw refused(descr, name)
  return dtype
}

/** Strings of a one-dimensional `<U…>` or `S…` array, for class names. */
export function readNpyText(bytes: Uint8Array, name: string): string[] {
  const { descr, shape, start } = readNpyHeader(bytes, name)
  const [, order, kind, digits] = /^([<>|=]?)([US])(\d+)$/.exec(descr) ?? []
  if (kind === undefined || shape.length !== 1) throw refused(descr, name)
  const width = Number(digits) * (kind === 'U' ? 4 : 1)
  const count = countOf(shape, name)
  requireLength(bytes, start + count * width, start, name)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: count }, (_, i) => {
    const from = start + i * width
    if (kind === 'S') return strFromU8(bytes.subarray(from, from + width)).replace(/\0+$/, '')
    let text = ''
    for (let at = from; at < from + width; at += 4) {
      const code = view.getUint32(at, order !== '>')
      if (code > 0x10ffff) throw badInput(`${name}: byte ${at} is no character`, { file: name })
      if (code !== 0) text += String.fromCodePoint(code)
    }
    return text
  })
}

/** Whether the file is an array of strings. */
export const isNpyText = (bytes: Uint8Array, name: string): boolean =>
  isNpy(bytes) && /^[<>|=]?[US]\d+$/.test(readNpyHeader(bytes, name).descr)

/** Reads the header from the first bytes of a file, up to the values at least. */
export function readNpyHeader(bytes: Uint8Array, name: string): NpyHeader {
  if (!isNpy(bytes)) throw badInput(`${name}: not a .npy file`, { file: name, expected: 'the NumPy magic string at byte 0' })
  const version = bytes[6]
  if (!(version >= 1 && version <= 3))
    throw badInput(`${name}: unknown .npy version`, { file: name, found: String(version), expected: '1, 2 or 3' })
  const prefix = version === 1 ? 10 : 12
  if (bytes.length < prefix) throw cut(bytes.length, prefix, name)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const start = prefix + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true))
  if (bytes.length < start) throw cut(bytes.length, start, name)
  const text = strFromU8(bytes.subarray(prefix, start), version < 3)
  const descr = /['"]descr['"]\s*:\s*(?:'([^']*)'|"([^"]*)"|(\[))/.exec(text)
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)
  const shape = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(text)
  if (descr === null || order === null || shape === null)
    throw badInput(`${name}: the .npy header (bytes ${prefix} to ${start}) cannot be read`, {
      file: name,
      found: text.trim().slice(0, 120),
    })
  if (descr[3] !== undefined)
    throw badInput(`${name}: arrays with named fields are not supported`, { file: name, expected: 'one array of plain numbers per file' })
  return {
    descr: descr[1] ?? descr[2],
    fortranOrder: order[1] === 'True',
    shape: (shape[1].match(/\d+/g) ?? []).map(Number),
    start,
  }
}

function refused(descr: string, name: string): Error {
  if (descr.includes('O'))
    return badInput(
      `${name}: this is an array of Python objects; reading it would mean unpickling, which can run code. ` +
        `Save plain numbers instead: numpy.save('fixed.npy', numpy.stack(list(a)).astype('float32'))`,
      { file: name, found: descr, expected: 'numbers' },
    )
  return badInput(`${name}: unsupported number type. Convert it: numpy.save('fixed.npy', a.astype('float64'))`, {
    file: name,
    found: descr,
    expected: 'float16/32/64, int8–64, uint8–64 or bool',
  })
}

const cut = (length: number, expected: number, name: string): Error =>
  badInput(`${name}: the file is cut off at byte ${length}`, {
    file: name,
    found: `${length} bytes`,
    expected: `at least ${expected} bytes`,
  })

function requireLength(bytes: Uint8Array, end: number, start: number, name: string): void {
  if (bytes.length === end) return
  const what =
    bytes.length < end ? `the file is cut off at byte ${bytes.length}` : `${bytes.length - end} bytes follow the array's end at byte ${end}`
  throw badInput(`${name}: ${what}`, {
    file: name,
    found: `${bytes.length} bytes`,
    expected: `${end} bytes (values start at byte ${start})`,
  })
}

function toRowMajor(data: NumericData, shape: readonly number[]): NumericData {
  if (shape.length < 2) return data
  const out = data.slice()
  // Walk the result in order; strides of the column-major source grow with the axis.
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1))
  const index = new Array<number>(shape.length).fill(0)
  let source = 0
  for (let i = 0; i < out.length; i++) {
    out[i] = data[source]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]
      if (++index[axis] < shape[axis]) break
      source -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return out
}

const descriptors: readonly (readonly [new (n: number) => NumericData, string])[] = [
  [Float32Array, '<f4'],
  [Float64Array, '<f8'],
  [Int32Array, '<i4'],
  [Uint32Array, '<u4'],
  [Int16Array, '<i2'],
  [Uint16Array, '<u2'],
  [Int8Array, '|i1'],
  [Uint8Array, '|u1'],
]

/** A version 1 `.npy` file in C order. */
export function writeNpy(data: NumericData, shape: readonly number[]): Uint8Array {
  const descr = descriptors.find(([type]) => data instanceof type)?.[1]
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 // values start on a multiple of 64 bytes
  const bytes = new Uint8Array(length + data.byteLength)
  bytes.set([...magic, 1, 0, (length - 10) & 0xff, (length - 10) >>> 8])
  bytes.set(utf8ToBytes(`${dictionary.padEnd(length - 11)}\n`), 10)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length)
  return bytes
}
