/** Bytes and a place in them, shared with the library's readers. */
export interface ByteReader {
  readonly view: DataView
  offset: number
}

/**
 * Numbers of `width` bits in Parquet's mix of repeated runs and packed groups: exactly `count`, each at most `most`. A run that goes
 * past `count` ends there, whatever length it claims. Throws RangeError when the bytes end before, or a number is greater than `most`.
 */
export function readHybrid(reader: ByteReader, width: number, count: number, most: number): Uint8Array | Int32Array {
  const out = most < 256 ? new Uint8Array(count) : new Int32Array(count)
  if (width === 0) return out
  if (width > 32) throw new RangeError(`numbers of ${width} bits`)
  let at = 0
  while (at < count) {
    const header = readVarInt(reader)
    const length = header >>> 1
    const end = header & 1 ? Math.min(count, at + length * 8) : Math.min(count, at + length)
    if (header & 1) unpack(reader, width, out, at, end, length, most)
    else out.fill(repeated(reader, width, most), at, end)
    at = end
  }
  return out
}

function readVarInt(reader: ByteReader): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.view.getUint8(reader.offset++)
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
  throw new RangeError('a number of more than five bytes')
}

function repeated(reader: ByteReader, width: number, most: number): number {
  let value = 0
  for (let byte = 0; byte * 8 < width; byte++) value += reader.view.getUint8(reader.offset++) * 2 ** (byte * 8)
  return checked(value, most)
}

/** Packed numbers into `out[from … to)`; the bytes of whole groups of eight are passed over, and may be missing at the very end. */
function unpack(
  reader: ByteReader,
  width: number,
  out: Uint8Array | Int32Array,
  from: number,
  to: number,
  groups: number,
  most: number,
): void {
  const { view } = reader
  const mask = 2 ** width - 1
  let bits = 0
  let held = 0
  let offset = reader.offset
  for (let i = from; i < to; i++) {
    // 2 ** held: numbers of up to 32 bits and the 7 left over pass what 32-bit shifts hold.
    for (; held < width; held += 8) bits += view.getUint8(offset++) * 2 ** held
    const value = width <= 24 ? bits & mask : bits % 2 ** width
    out[i] = checked(value, most)
    bits = width <= 24 ? bits >>> width : Math.floor(bits / 2 ** width)
    held -= width
  }
  reader.offset = Math.min(view.byteLength, reader.offset + groups * width)
}

function checked(value: number, most: number): number {
  if (value > most) throw new RangeError(`${value} where at most ${most} is possible`)
  return value
}
