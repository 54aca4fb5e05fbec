import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { randomFrom } from '@engine/core/random'
import { isHeader } from '@engine/data/csv'
import { decodeImage, sizeOfImages, type ImageSize } from '@main/node/datasets/importing/images'
import { refusal } from '../../support/errors'

const cell = (bytes: Uint8Array) => ({ name: 'a.png', bytes: () => Promise.resolve(bytes) })

/** Pixels row by row, with noise on slopes: every filter of PNG is the best somewhere. */
function pixelsOf({ width, height, channels }: ImageSize, seed: number): Uint8Array {
  const random = randomFrom(seed)
  return Uint8Array.from(
    { length: width * height * channels },
    (_, i) => (i % width) * 3 + Math.floor(i / width) * (seed % 5) + random.int(9),
  )
}

describe('small pictures', () => {
  it.each([1, 3] as const)('come out as they went in, with %i channels, whatever stands before the pixels', async (channels) => {
    for (const [seed, options] of [{}, { adaptiveFiltering: true }, { compressionLevel: 0 }, { progressive: true }].entries()) {
      const size: ImageSize = { width: 19, height: 23, channels }
      const pixels = pixelsOf(size, seed)
      const raw = { raw: { width: 19, height: 23, channels } }
      for (const picture of [sharp(pixels, raw), sharp(pixels, raw).withMetadata({ density: 72 })]) {
        const png = channels === 1 ? picture.toColourspace('b-w').png(options) : picture.png(options)
        const out = await decodeImage(cell(new Uint8Array(await png.toBuffer())), size)
        const planes = Uint8Array.from({ length: pixels.length }, (_, i) => pixels[(i % (19 * 23)) * channels + Math.floor(i / (19 * 23))])
        expect(out).toEqual(planes)
      }
    }
  })

  it('are refused when damaged or cut, and when they claim what their bytes cannot hold', async () => {
    const size: ImageSize = { width: 32, height: 32, channels: 3 }
    const whole = new Uint8Array(
      await sharp(pixelsOf(size, 1), { raw: { ...size } })
        .png()
        .toBuffer(),
    )
    const damaged = whole.slice()
    damaged[whole.length - 40] ^= 0xff
    for (const bytes of [damaged, whole.slice(0, whole.length - 60)])
      expect(await refusal(() => decodeImage(cell(bytes), size))).toMatchObject({ code: 'bad-input', details: { file: 'a.png' } })
    const claims = whole.slice()
    new DataView(claims.buffer).setUint32(16, 40_000_000)
    expect(await refusal(() => sizeOfImages([cell(claims)], {}))).toMatchObject({ details: { found: '40000000 × 32' } })
  })
})

describe('a table whose second line is shorter than the first', () => {
  it('still tells whether the first one names columns', () => {
    expect(isHeader(['a', 'b', 'c'], ['x', 'y'])).toBe(false)
    expect(isHeader(['a', 'b', 'c'], ['x', '1'])).toBe(true)
  })
})
