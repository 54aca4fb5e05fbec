import { badInput } from '@engine/core/errors'

/** Pixels row by row from the top: grey, or red, green and blue. */
export interface Bitmap {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly data: Uint8Array
}

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d && bytes.length > 26

const fileHeader = 14
const oldHeader = 12
const depths = [1, 4, 8, 24, 32]

/** Decodes a Windows bitmap without compression, with a palette (1, 4, 8 bits a pixel) or without (24, 32 bits; transparency dropped). */
export function decodeBmp(bytes: Uint8Array, name: string, mostPixels: number): Bitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const headBytes = view.getUint32(fileHeader, true)
  const isOld = headBytes === oldHeader
  if (!isOld && (headBytes < 40 || fileHeader + headBytes > bytes.length)) throw damaged(name, `a header of ${headBytes} bytes`)
  const width = isOld ? view.getUint16(18, true) : view.getInt32(18, true)
  const lines = isOld ? view.getUint16(20, true) : view.getInt32(22, true) // negative: from the top
  const depth = isOld ? view.getUint16(24, true) : view.getUint16(28, true)
  const compression = isOld ? 0 : view.getUint32(30, true)
  const height = Math.abs(lines)
  // 3 says where in a pixel its colours lie: only the usual places are read.
  if (!depths.includes(depth) || !(compression === 0 || (compression === 3 && depth === 32 && isUsualOrder(view))))
    throw damaged(name, `${depth} bits a pixel, compression ${compression}`)
  const lineBytes = Math.ceil((width * depth) / 32) * 4
  const start = view.getUint32(10, true)
  if (width < 1 || height < 1 || width * height > mostPixels || start + lineBytes * height > bytes.length)
    throw damaged(name, `${width} × ${height} pixels in ${bytes.length} bytes`)
  const palette = depth > 8 ? null : paletteOf(bytes, fileHeader + headBytes, isOld ? 3 : 4, Math.min(start, bytes.length))
  const isGrey = palette?.every(([blue, green, red]) => blue === green && green === red) ?? false
  const channels = isGrey ? 1 : 3
  const data = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const line = start + (lines < 0 ? y : height - 1 - y) * lineBytes
    for (let x = 0; x < width; x++) {
      const colour =
        palette === null ? bytes.subarray(line + (x * depth) / 8, line + (x * depth) / 8 + 3) : palette[indexAt(bytes, line, x, depth)]
      if (colour === undefined) throw damaged(name, 'a colour that its palette lacks')
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = colour[channels - 1 - c]
    }
  }
  return { width, height, channels, data }
}

const damaged = (name: string, found: string): Error =>
  badInput(`${name}: a bitmap with ${found}`, { file: name, found, expected: 'a whole uncompressed BMP file' })

/** Masks of red, green and blue behind the 40 bytes of the header: the order of plain pixels. */
const isUsualOrder = (view: DataView): boolean =>
  view.byteLength >= 66 && view.getUint32(54, true) === 0xff0000 && view.getUint32(58, true) === 0xff00 && view.getUint32(62, true) === 0xff

function paletteOf(bytes: Uint8Array, from: number, size: number, end: number): Uint8Array[] {
  const colours: Uint8Array[] = []
  for (let at = from; at + size <= end && colours.length < 256; at += size) colours.push(bytes.subarray(at, at + 3))
  return colours
}

/** Number of the colour of pixel `x`; the first pixel of a byte has its high bits. */
function indexAt(bytes: Uint8Array, line: number, x: number, depth: number): number {
  const bit = x * depth
  return (bytes[line + (bit >> 3)] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1)
}
