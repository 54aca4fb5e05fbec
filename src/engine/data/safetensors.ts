import { utf8ToBytes } from '@noble/hashes/utils.js'
import { strFromU8 } from 'fflate'
import { z } from '../core/zod'
import { badInput } from '../core/errors'
import { countOf, numberTypes } from './numberTypes'
import { shapeText, type DType, type NumericArray, type NumericData } from './numericArray'

const dtypes: Readonly<Record<string, DType>> = {
  BOOL: 'bool',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  U16: 'uint16',
  I32: 'int32',
  U32: 'uint32',
  I64: 'int64',
  U64: 'uint64',
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
}

const tensorSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()).max(32),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
})
type TensorEntry = z.infer<typeof tensorSchema>

/** What an opened `.safetensors` file holds; values are read on request. */
export interface Safetensors {
  readonly keys: readonly string[]
  read(key: string): NumericArray
}

/** Whether the first bytes look like `.safetensors`: a plausible header length, then a JSON object. */
export const isSafetensorsHead = (head: Uint8Array): boolean =>
  head.length >= 10 && head[8] === 0x7b && headerLength(head) >= 2 && headerLength(head) < 2 ** 32

/** Whether the bytes look like `.safetensors`: a header length that fits, then a JSON object. */
export const isSafetensors = (bytes: Uint8Array): boolean => isSafetensorsHead(bytes) && 8 + headerLength(bytes) <= bytes.length

/** Where a tensor's values lie in a file. */
export interface TensorLayout {
  readonly key: string
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly start: number
}

/** The tensors of a file of `size` bytes whose header is in `head`; checks that each lies inside the file. */
export function safetensorsLayout(head: Uint8Array, size: number, name: string): TensorLayout[] {
  const start = 8 + headerLength(head)
  return [...readEntries(head, start, name)].map(([key, entry]) => layoutOf(start, key, entry, size, name))
}

/** Opens a `.safetensors` file and checks its whole header. */
export function openSafetensors(bytes: Uint8Array, name: string): Safetensors {
  if (!isSafetensors(bytes)) {
    const found = bytes.length < 8 ? `${bytes.length} bytes` : `header of ${headerLength(bytes)} bytes in a file of ${bytes.length}`
    throw badInput(`${name}: not a .safetensors file, or cut off in its header`, { file: name, found, expected: 'a JSON header at byte 8' })
  }
  const start = 8 + headerLength(bytes)
  const entries = readEntries(bytes, start, name)
  return {
    keys: [...entries.keys()],
    read: (key) => {
      const entry = entries.get(key)
      if (entry === undefined) throw badInput(`${name}: no tensor named "${key}"`, { file: name })
      return readTensor(bytes, start, key, entry, name)
    },
  }
}

function readEntries(bytes: Uint8Array, start: number, name: string): Map<string, TensorEntry> {
  let header: unknown
  try {
    header = JSON.parse(strFromU8(bytes.subarray(8, start)))
  } catch (error) {
    throw badInput(`${name}: the header (bytes 8 to ${start}) is not JSON`, {
      file: name,
      found: error instanceof Error ? error.message : '',
    })
  }
  const entries = new Map<string, TensorEntry>()
  for (const [key, value] of Object.entries(header as Record<string, unknown>)) {
    if (key === '__metadata__') continue
    const parsed = tensorSchema.safeParse(value)
    if (!parsed.success)
      throw badInput(`${name}: the header entry of "${key}" is wrong`, { file: name, path: key, found: z.prettifyError(parsed.error) })
    entries.set(key, parsed.data)
  }
  return entries
}

function layoutOf(start: number, key: string, entry: TensorEntry, size: number, name: string): TensorLayout {
  const { shape, data_offsets: [from, to] } = entry // prettier-ignore
  const dtype = dtypes[entry.dtype]
  if (dtype === undefined)
    throw badInput(`${name}: tensor "${key}" has an unsupported type`, {
      file: name,
      path: key,
      found: entry.dtype,
      expected: Object.keys(dtypes).join(', '),
    })
  const bytes = countOf(shape, name) * numberTypes[dtype].bytes
  if (to - from !== bytes)
    throw badInput(`${name}: tensor "${key}" does not fill its bytes ${from} to ${to}`, {
      file: name,
      path: key,
      found: `${to - from} bytes`,
      expected: `${bytes} bytes for ${shapeText(shape)} ${entry.dtype}`,
    })
  if (start + to > size)
    throw badInput(`${name}: the file is cut off at byte ${size}, inside tensor "${key}"`, {
      file: name,
      path: key,
      found: `${size} bytes`,
      expected: `at least ${start + to} bytes`,
    })
  return { key, dtype, shape, start: start + from }
}

function readTensor(bytes: Uint8Array, start: number, key: string, entry: TensorEntry, name: string): NumericArray {
  const { shape, dtype, start: at } = layoutOf(start, key, entry, bytes.length, name)
  return { data: numberTypes[dtype].read(bytes, at, countOf(shape, name), true, { name: `${name}#${key}`, shape }), shape, dtype }
}

const headerLength = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  return view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32
}

const names: readonly (readonly [new (n: number) => NumericData, string])[] = [
  [Float32Array, 'F32'],
  [Float64Array, 'F64'],
  [Int32Array, 'I32'],
  [Uint32Array, 'U32'],
  [Int16Array, 'I16'],
  [Uint16Array, 'U16'],
  [Int8Array, 'I8'],
  [Uint8Array, 'U8'],
]

/** A `.safetensors` file with the tensors in the given order. */
export function writeSafetensors(
  tensors: Readonly<Record<string, { readonly data: NumericData; readonly shape: readonly number[] }>>,
): Uint8Array {
  let end = 0
  const header: Record<string, TensorEntry> = {}
  for (const [key, { data, shape }] of Object.entries(tensors)) {
    const dtype = names.find(([type]) => data instanceof type)?.[1] ?? ''
    header[key] = { dtype, shape: [...shape], data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const json = [...utf8ToBytes(JSON.stringify(header))]
  while (json.length % 8 !== 0) json.push(0x20) // the format aligns the values to 8 bytes
  const bytes = new Uint8Array(8 + json.length + end)
  new DataView(bytes.buffer).setUint32(0, json.length, true)
  bytes.set(json, 8)
  let at = 8 + json.length
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return bytes
}
