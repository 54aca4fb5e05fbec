import { badInput } from '../core/errors'
import { placeOf, type DType, type NumericData } from './numericArray'

interface NumberType {
  readonly bytes: number
  /** The row-major values that start at `offset`; may share memory with `bytes`. */
  read(bytes: Uint8Array, offset: number, count: number, littleEndian: boolean, at: Place): NumericData
}

/** What an error about one value needs. */
interface Place {
  readonly name: string
  readonly shape: readonly number[]
  /** position in the array of the first value read */
  readonly first?: number
}

type Constructor<A extends NumericData> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): A
  readonly BYTES_PER_ELEMENT: number
}

/** Views aligned little-endian data in place; copies when it must move or swap. Hosts are little-endian machines. */
function native<A extends NumericData>(constructor: Constructor<A>): NumberType {
  const size = constructor.BYTES_PER_ELEMENT
  return {
    bytes: size,
    read: (bytes, offset, count, littleEndian) => {
      const start = bytes.byteOffset + offset
      if ((littleEndian || size === 1) && start % size === 0) return new constructor(bytes.buffer, start, count)
      const copy = Uint8Array.from(bytes.subarray(offset, offset + count * size))
      if (!littleEndian) for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse()
      return new constructor(copy.buffer, 0, count)
    },
  }
}

const float32Of = (bits: (word: number) => number): NumberType => ({
  bytes: 2,
  read: (bytes, offset, count, littleEndian) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, count * 2)
    const out = new Uint32Array(count)
    for (let i = 0; i < count; i++) out[i] = bits(view.getUint16(2 * i, littleEndian))
    return new Float32Array(out.buffer)
  },
})

/** IEEE 754 binary16 as the bits of the equal binary32. */
export function halfToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >>> 10) & 0x1f
  const mantissa = half & 0x3ff
  if (exponent === 0x1f) return (sign | 0x7f800000 | (mantissa << 13)) >>> 0
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (mantissa << 13)) >>> 0
  if (mantissa === 0) return sign >>> 0
  const shift = Math.clz32(mantissa) - 21 // brings a subnormal's leading bit to the hidden place
  return (sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13)) >>> 0
}

const wide = (signed: boolean): NumberType => ({
  bytes: 8,
  read: (bytes, offset, count, littleEndian, at) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, count * 8)
    const out = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      const value = signed ? view.getBigInt64(8 * i, littleEndian) : view.getBigUint64(8 * i, littleEndian)
      out[i] = Number(value)
      if (!Number.isSafeInteger(out[i])) {
        const place = placeOf((at.first ?? 0) + i, at.shape)
        throw badInput(`${at.name}: the integer at ${place} is too large to be represented exactly`, {
          file: at.name,
          path: place,
          found: String(value),
          expected: 'at most 2^53 − 1 in size',
        })
      }
    }
    return out
  },
})

export const numberTypes: Readonly<Record<DType, NumberType>> = {
  bool: native(Uint8Array),
  int8: native(Int8Array),
  uint8: native(Uint8Array),
  int16: native(Int16Array),
  uint16: native(Uint16Array),
  int32: native(Int32Array),
  uint32: native(Uint32Array),
  int64: wide(true),
  uint64: wide(false),
  float16: float32Of(halfToFloat32Bits),
  bfloat16: float32Of((word) => (word << 16) >>> 0),
  float32: native(Float32Array),
  float64: native(Float64Array),
}

/** Number of values of a shape; refuses counts no file can hold. */
export function countOf(shape: readonly number[], name: string): number {
  const count = shape.reduce((a, b) => a * b, 1)
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || !Number.isSafeInteger(count * 8))
    throw badInput(`${name}: impossible shape`, { file: name, found: shape.join('×') })
  return count
}
