import type { PixelFrames, Timing } from './animation'

/** A GIF that repeats without end. */
export async function encodeGif({ width, height, count, data }: PixelFrames, timing: Timing): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(data, {
    raw: { width, height: height * count, channels: 4, pageHeight: height },
    limitInputPixels: false,
  })
    .gif({ delay: [...timing], loop: 0, dither: 0, effort: 4 })
    .toBuffer()
}
