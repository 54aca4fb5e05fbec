import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { badInput, QuerentError, unsupported } from '@engine/core/errors'
import type { ImageCell } from '../importers/contract'
import { decodeBmp, isBmp } from './bmp'

export interface ImageSize {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

export const imageEnding = /\.(jpe?g|png|webp|gif|tiff?|bmp)$/i

const mostFileBytes = 256 * 2 ** 20
/** Pixels of one picture before it is shrunk; a file of a few bytes can claim billions. */
const mostPixels = 100_000_000
const options: SharpOptions = { limitInputPixels: mostPixels, failOn: 'error', ignoreIcc: true }

type Open = (bytes: Uint8Array, name: string) => Sharp
let opening: Promise<Open> | null = null

/** Loads the native decoder when the first picture comes; commands without pictures start without it. */
const decoder = (): Promise<Open> =>
  (opening ??= import('sharp').then(({ default: sharp }) => {
    sharp.concurrency(1) // pictures are decoded side by side, not one by many threads
    sharp.cache(false)
    return (bytes, name) => {
      if (!isBmp(bytes)) return sharp(bytes, options)
      const { data, ...raw } = decodeBmp(bytes, name, mostPixels)
      return sharp(data, { raw })
    }
  }))

async function guarded<T>(cell: ImageCell, work: (open: Open, bytes: Uint8Array) => Promise<T>): Promise<T> {
  const open = await decoder()
  const bytes = await cell.bytes()
  requireImage(bytes, cell.name)
  try {
    return await work(open, bytes)
  } catch (error) {
    if (error instanceof QuerentError) throw error
    throw badInput(`${cell.name}: the picture cannot be decoded: ${error instanceof Error ? error.message : String(error)}`, {
      file: cell.name,
      expected: 'a whole JPEG, PNG, WebP, GIF, TIFF or BMP file',
    })
  }
}

/** Only formats of pixels reach the decoder: no SVG, PDF or scripts. */
export function requireImage(bytes: Uint8Array, name: string): void {
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 12))
  const known =
    head.startsWith('\xff\xd8\xff') ||
    head.startsWith('\x89PNG\r\n\x1a\n') ||
    /^GIF8[79]a/.test(head) ||
    /^RIFF[\s\S]{4}WEBP/.test(head) ||
    head.startsWith('II*\0') ||
    head.startsWith('MM\0*') ||
    isBmp(bytes)
  if (!known)
    throw unsupported(`${name}: not a picture that is read`, {
      file: name,
      found: bytes.length === 0 ? 'an empty file' : [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      expected: 'JPEG, PNG, WebP, GIF, TIFF or BMP',
    })
  if (bytes.length > mostFileBytes)
    throw badInput(`${name}: ${bytes.length} bytes for one picture`, { file: name, expected: `at most ${mostFileBytes}` })
  if (head.startsWith('\x89PNG') && bytes.length > 24) {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const [width, height] = [view.getUint32(16), view.getUint32(20)]
    // At least a bit for each pixel, packed as well as can be.
    if ((width * height) / 8 > bytes.length * mostRatio)
      throw badInput(`${name}: ${bytes.length} bytes cannot hold ${width} × ${height} pixels`, {
        file: name,
        found: `${width} × ${height}`,
        expected: 'a whole PNG file',
      })
  }
}

/** Bytes that a packed byte of a PNG file can become. */
const mostRatio = 1032

const largestByDefault = 224
const usualSide = 64

/** Size for all pictures from a look at some: their own when it is one, else `usualSide` squared; colour when any has it. */
export async function sizeOfImages(cells: readonly ImageCell[], wanted: Partial<ImageSize>): Promise<ImageSize> {
  const seen: Metadata[] = []
  for (const cell of cells) seen.push(await guarded(cell, (open, bytes) => open(bytes, cell.name).metadata()))
  const [first] = seen
  const isSame = seen.every(({ width, height }) => width === first.width && height === first.height)
  const shrink = Math.min(1, largestByDefault / Math.max(first.width, first.height))
  const isGrey = seen.every(({ space, channels }) => space === 'b-w' || space === 'grey16' || channels < 3)
  return {
    width: wanted.width ?? (isSame ? Math.max(1, Math.round(first.width * shrink)) : usualSide),
    height: wanted.height ?? (isSame ? Math.max(1, Math.round(first.height * shrink)) : usualSide),
    channels: wanted.channels ?? (isGrey ? 1 : 3),
  }
}

/** Bytes c × h × w of a picture: filled to the size with its overhang cut off, transparency dropped, colour profile ignored. */
export async function decodeImage(cell: ImageCell, size: ImageSize): Promise<Uint8Array> {
  const { width, height, channels } = size
  const given = await cell.bytes()
  const small = width * height <= mostSmallPixels ? await decodeSmall(given, size) : null
  if (small !== null) return small
  return guarded({ name: cell.name, bytes: () => Promise.resolve(given) }, async (open, bytes) => {
    const picture = open(bytes, cell.name)
    // A plain PNG of the right size needs no further step, and most sets of small pictures are that.
    const prepared = isPlainPng(bytes, size)
      ? picture
      : picture
          .resize(width, height, { fit: 'cover' })
          .removeAlpha()
          .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    const { data, info } = await prepared.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    if (info.width !== width || info.height !== height || info.channels < channels)
      throw new RangeError(`${info.width}×${info.height}×${info.channels} pixels came out`)
    return planes(data, info.channels, size)
  })
}

/** Pixels up to which handing a picture to the native decoder's threads takes longer than decoding it here. */
const mostSmallPixels = 64 * 64

/** A plain small PNG, decoded here; null for any other and for a damaged one, which the native decoder has the words for. */
async function decodeSmall(bytes: Uint8Array, size: ImageSize): Promise<Uint8Array | null> {
  const raw = size.width * size.height * size.channels
  if (!isPlainPng(bytes, size) || bytes.length > 2 * raw + 4096) return null
  const { decode } = await (openingSmall ??= import('fast-png'))
  try {
    const { data, channels, depth } = decode(bytes, { checkCrc: true })
    return depth === 8 && channels === size.channels && data.length === raw ? planes(data, channels, size) : null
  } catch {
    return null
  }
}

let openingSmall: Promise<typeof import('fast-png')> | null = null

/** Channel after channel, from pixels that have `given` channels each. */
function planes(data: ArrayLike<number>, given: number, { width, height, channels }: ImageSize): Uint8Array {
  const pixels = width * height
  const out = new Uint8Array(channels * pixels)
  for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) out[c * pixels + p] = data[p * given + c]
  return out
}

/** Whether a PNG has this size, 8 bits a channel, and exactly these channels as they are (no palette, transparency, gamma, interlacing). */
function isPlainPng(bytes: Uint8Array, { width, height, channels }: ImageSize): boolean {
  if (bytes.length < 41 || bytes[0] !== 0x89) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isSame = view.getUint32(16) === width && view.getUint32(20) === height && bytes[24] === 8 && bytes[25] === (channels === 3 ? 2 : 0)
  if (!isSame || bytes[28] !== 0) return false
  // Only resolution, time and words may stand before the pixels: other chunks can change them.
  for (let at = 33; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const chunk = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (chunk === 'IDAT') return true
    if (!['pHYs', 'tIME', 'tEXt'].includes(chunk)) return false
  }
  return false
}
