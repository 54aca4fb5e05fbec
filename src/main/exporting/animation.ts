import { setImmediate } from 'node:timers/promises'
import type { AnimationFormat } from '@contract/types'
import { throwIfCancelled, unsupported } from '@engine/core/errors'
import { mapDocument, selectionMap, type SelectionMap } from '@figures/selectionMap'
import { pixelsOf, pixelsOfPoints } from '@figures/venues'
import { figureFontFamily, fontFiles, textMeasure } from './fonts'
import { encodeGif } from './gif'
import { encodeMp4 } from './mp4'
import type { Files } from './paperFiles'
import { fontsOf } from './png'

export interface AnimationOptions {
  readonly formats: readonly AnimationFormat[]
  /** of the SVG frames on paper; text and dots of GIF and MP4 have the same proportions */
  readonly widthMm: number
  readonly fontPt: number
  /** width of GIF and MP4 */
  readonly widthPx: number
  /** how long a round is shown, a multiple of 1 / `framesPerSecond`; the last one stays `lastRounds` times as long */
  readonly roundMs: number
  /** folder of the shipped TrueType fonts */
  readonly fontsDir: string
  /** 0 … 1 */
  readonly onProgress?: (done: number) => void
  readonly signal?: AbortSignal
}

/** Frames as pixels: RGBA, one after the other. */
export interface PixelFrames {
  readonly width: number
  readonly height: number
  readonly count: number
  readonly data: Uint8Array
}

/** When frames are shown, in milliseconds each. */
export type Timing = readonly number[]

export const lastRounds = 3
/** of all frames together, in memory */
const mostPixels = 200e6

/**
 * The selection on a map as `selection.gif`, `selection.mp4` and one `selection-000.svg` per round. Equal input gives equal bytes.
 * Rasterising comes to half of the progress.
 */
export async function animationFiles(map: SelectionMap, options: AnimationOptions): Promise<Files> {
  const { formats, fontsDir, fontPt, widthMm, roundMs, onProgress, signal } = options
  const measure = await textMeasure(fontsDir)
  const fontSizePx = pixelsOfPoints(fontPt)
  const drawing = selectionMap(map, {
    width: pixelsOf(widthMm),
    fontFamily: figureFontFamily,
    fontSizePx,
    measure: (text) => measure(text, fontSizePx),
  })
  const rounds = Array.from({ length: drawing.frames }, (_, round) => round)
  const files: Record<string, string | Uint8Array> = {}
  if (formats.includes('svg')) {
    const size = { width: `${widthMm}mm`, height: `${Math.round((drawing.height / 96) * 254) / 10}mm` }
    for (const round of rounds)
      files[`selection-${String(round).padStart(3, '0')}.svg`] = mapDocument(drawing, `${drawing.base}\n${drawing.frame(round)}`, size)
  }
  const moving = formats.filter((format) => format !== 'svg')
  if (moving.length > 0) {
    const frames = await rasterised(drawing, options)
    const timing = rounds.map((round) => roundMs * (round === rounds.length - 1 ? lastRounds : 1))
    for (const [i, format] of moving.entries()) {
      throwIfCancelled(signal)
      const tell = (done: number): void => onProgress?.((1 + (i + done) / moving.length) / 2)
      files[`selection.${format}`] =
        format === 'gif' ? await encodeGif(frames, timing) : await encodeMp4(frames, timing, { onProgress: tell, signal })
      tell(1)
    }
  }
  onProgress?.(1)
  return files
}

/** Draws what all frames share once, and each frame's own dots and words over it. */
async function rasterised(drawing: ReturnType<typeof selectionMap>, options: AnimationOptions): Promise<PixelFrames> {
  const { fontsDir, onProgress, signal } = options
  const width = even(options.widthPx)
  const height = even((options.widthPx * drawing.height) / drawing.width)
  const count = drawing.frames
  if (width * height * count > mostPixels)
    throw unsupported(`${count} frames of ${width} × ${height} pixels do not fit into memory: choose a smaller size, or the frames as SVG`)
  const { Resvg } = await import('@resvg/resvg-js')
  const font = fontsOf(fontFiles(fontsDir))
  const size = { width: String(width), height: String(height) }
  // The sides of a raster are whole and even numbers: the drawing is stretched by less than a pixel.
  const draw = (content: string): Uint8Array => new Resvg(mapDocument(drawing, content, { ...size, fit: 'none' }), { font }).render().pixels
  const base = draw(drawing.base)
  const data = new Uint8Array(count * base.length)
  for (let round = 0; round < count; round++) {
    throwIfCancelled(signal)
    const frame = data.subarray(round * base.length, (round + 1) * base.length)
    frame.set(base)
    layOver(frame, draw(drawing.frame(round)))
    onProgress?.((0.5 * (round + 1)) / count)
    await setImmediate()
  }
  return { width, height, count, data }
}

/** Draws `above`, its colours multiplied by their opacity as the rasteriser gives them, over an opaque ground. */
function layOver(ground: Uint8Array, above: Uint8Array): void {
  for (let at = 0; at < ground.length; at += 4) {
    const clear = 255 - above[at + 3]
    if (clear === 255) continue
    for (let c = at; c < at + 3; c++) ground[c] = above[c] + Math.round((ground[c] * clear) / 255)
  }
}

/** H.264 halves its colours in both directions. */
const even = (pixels: number): number => 2 * Math.round(pixels / 2)
