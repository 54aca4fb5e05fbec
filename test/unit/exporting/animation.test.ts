import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { animationFiles, type AnimationOptions } from '@main/exporting/animation'
import { resourcePath } from '@main/node/resources'
import { selectionOf } from '@main/lab/selection'
import { refusal } from '../../support/errors'
import { madeResults, plainStudy } from '../../support/paperTwin'

const sample = (row: number) => ({ row, label: 0, score: null, predicted: null, confidence: null })
const view = madeResults(plainStudy('[random, margin]', 1, 3), {
  change: (record) => ({ ...record, selection: [0, 1, 2, 3].map((i) => sample(20 + 30 * record.round + i)) }),
})
const n = 178
const frame = {
  rows: Int32Array.from({ length: n }, (_, row) => row),
  positions: Float32Array.from({ length: 2 * n }, (_, t) => Math.cos(t * t)),
  progress: 1,
}
const runs = view.manifest.runs.map(({ hash, strategy }) => ({ run: hash, strategy }))
const map = selectionOf(view, runs, 'pca', frame)
const options: AnimationOptions = {
  formats: ['gif', 'mp4', 'svg'],
  widthMm: 139.7,
  fontPt: 9,
  widthPx: 321,
  roundMs: 600,
  fontsDir: resourcePath('fonts'),
}

let files: Awaited<ReturnType<typeof animationFiles>>
const told: number[] = []
beforeAll(async () => {
  files = await animationFiles(map, { ...options, onProgress: (done) => told.push(done) })
})

/** Payloads of the boxes of a kind, wherever they are nested. */
function boxes(file: Uint8Array, wanted: string): DataView[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const found: DataView[] = []
  for (let at = 0; at + 8 <= file.length; at += view.getUint32(at)) {
    const type = Buffer.from(file.subarray(at + 4, at + 8)).toString('latin1')
    const inside = file.subarray(at + 8, at + view.getUint32(at))
    if (type === wanted) found.push(new DataView(inside.buffer, inside.byteOffset, inside.byteLength))
    else if (['moov', 'trak', 'mdia', 'minf', 'stbl'].includes(type)) found.push(...boxes(inside, wanted))
  }
  return found
}

describe('an animation', () => {
  it('as GIF has a frame per round, the last one longer, and repeats', async () => {
    const { pages, delay, loop, width, pageHeight } = await sharp(files['selection.gif'] as Uint8Array, { animated: true }).metadata()
    expect({ pages, delay, loop, width }).toEqual({ pages: 4, delay: [600, 600, 600, 1800], loop: 0, width: 322 })
    expect(pageHeight! % 2).toBe(0)
  })

  it('as GIF shows the newest picks in their colour on white, other picks in every frame', async () => {
    const shots = await Promise.all(
      [0, 1, 2, 3].map((page) =>
        sharp(files['selection.gif'] as Uint8Array, { page })
          .removeAlpha()
          .raw()
          .toBuffer(),
      ),
    )
    const yellow = ([...pixels]: Buffer): number => {
      let count = 0
      for (let at = 0; at < pixels.length; at += 3) if (pixels[at] > 220 && pixels[at + 1] > 200 && pixels[at + 2] < 120) count++
      return count
    }
    expect(shots.every((pixels) => pixels[0] === 255 && pixels[pixels.length - 1] === 255)).toBe(true)
    // The legend has one such dot in every frame.
    expect(Math.min(...shots.slice(1).map(yellow))).toBeGreaterThan(yellow(shots[0]))
    expect(new Set(shots.map((pixels) => pixels.toString('base64'))).size).toBe(4)
  })

  it('as MP4 plays as long, in even sizes, without a date', () => {
    const file = files['selection.mp4'] as Uint8Array
    const [header] = boxes(file, 'mvhd')
    expect(header.getUint32(16) / header.getUint32(12)).toBeCloseTo(3 * 0.6 + 1.8, 2)
    expect([header.getUint32(4), header.getUint32(8)]).toEqual([0, 0])
    expect(boxes(file, 'stsz')[0].getUint32(8)).toBe(3 * 3 + 9)
    const [track] = boxes(file, 'tkhd')
    expect([track.getUint32(76) >> 16, (track.getUint32(80) >> 16) % 2]).toEqual([322, 0])
  })

  it('as SVG has text that can be searched, at the size of print', () => {
    const names = Object.keys(files).filter((name) => name.endsWith('.svg'))
    expect(names).toEqual(['selection-000.svg', 'selection-001.svg', 'selection-002.svg', 'selection-003.svg'])
    expect(files[names[3]]).toMatch(/^<svg width="139.7mm" height="[\d.]+mm"[\s\S]*round 3 of 3/)
  })

  it('is the same from run to run, and says how far it is', async () => {
    expect(await animationFiles(map, options)).toEqual(files)
    expect(told).toEqual([...told].sort((a, b) => a - b))
    expect(told.at(-1)).toBe(1)
  })

  it('is stopped, and refused where it would not fit into memory', async () => {
    const signal = AbortSignal.abort()
    expect((await refusal(() => animationFiles(map, { ...options, signal }))).code).toBe('cancelled')
    expect((await refusal(() => animationFiles(map, { ...options, formats: ['gif'], widthPx: 20_000 }))).code).toBe('unsupported')
  })

  it('needs a round, and runs of these results', async () => {
    const [{ run }] = runs
    expect((await refusal(() => selectionOf(view, [{ run, strategy: 'badge' }], 'pca', frame))).code).toBe('not-found')
    const fresh = { ...view, state: (hash: string) => ({ ...view.state(hash), records: [] }) }
    expect((await refusal(() => selectionOf(fresh, runs, 'pca', frame))).message).toContain('no round')
  })
})
