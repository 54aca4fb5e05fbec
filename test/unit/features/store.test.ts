import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { fitFeatureScaling, memoryFeatures, readScaled, type FeatureTarget } from '@engine/data/features'
import { extractFeatures, type Extraction } from '@main/node/features/extract'
import { openFeatures, temporaryFeatures } from '@main/node/features/files'
import {
  featureKey,
  findFeatures,
  folderOf,
  listFeatures,
  partFolder,
  removeFeatures,
  renamed,
  requireFeatures,
  valuesFile,
} from '@main/node/features/store'
import { openFeatureWriter, sha256Of } from '@main/node/features/writer'
import { refusal } from '../../support/errors'

const folder = mkdtempSync(join(tmpdir(), 'querent-features-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dataset = { name: 'numbers', sha256: 'd'.repeat(64), rows: 1000 }
const facts = { name: 'net', backboneSha256: 'b'.repeat(64), source: 'a network', settings: {} }
const finished = { ...facts, dataset: dataset.name, datasetSha256: dataset.sha256 }

/** Features that tell their place: row + column / 10. */
const values = (first: number, count: number, width = 3): Float32Array =>
  Float32Array.from({ length: count * width }, (_, i) => first + Math.floor(i / width) + (i % width) / 10)

const extraction = (store: string, more: Partial<Extraction> & { calls?: number[] } = {}): Extraction => ({
  store,
  dataset,
  network: { sha256: 'b' },
  facts,
  open: () =>
    Promise.resolve({
      batch: 64,
      make: (first, count) => {
        more.calls?.push(first)
        return Promise.resolve({ data: values(first, count), width: 3 })
      },
      dispose: () => undefined,
    }),
  ticks: () => 0,
  ...more,
})

describe('features on disk', () => {
  it('read back by rows, in any order, as from memory', async () => {
    const store = join(folder, 'read')
    const made = await extractFeatures(extraction(store))
    expect(made).toMatchObject({ rows: 1000, width: 3, dtype: 'float32', dataset: 'numbers', bytes: 128 + 12_000 })
    expect(made.sha256).toBe(await sha256Of(valuesFile(folderOf(store, made.key))))
    const open = openFeatures(store, made)
    const memory = memoryFeatures(1000, 3)
    memory.write(0, values(0, 1000))
    for (const rows of [[0], [999, 0, 1, 2, 998, 999], [], [5, 5, 6]]) {
      const asked = Int32Array.from(rows)
      expect(open.read(asked)).toEqual(memory.read(asked))
    }
    for (const source of [open, memory])
      for (const row of [-1, 1000]) expect((await refusal(() => source.read(Int32Array.of(row)))).message).toContain('no features of row')
    open.dispose()
  })

  it('are made once, and another network or data set has its own', async () => {
    const store = join(folder, 'once')
    const calls: number[] = []
    const first = await extractFeatures(extraction(store, { calls }))
    const again = await extractFeatures(extraction(store, { calls }))
    expect([again, calls.length]).toEqual([first, 16])
    const other = await extractFeatures(extraction(store, { network: { sha256: 'c' } }))
    expect(other.key).not.toBe(first.key)
    expect(featureKey({ datasetSha256: 'e' })).not.toBe(featureKey({ datasetSha256: 'f' }))
    expect((await listFeatures(store)).map(({ key }) => key).sort()).toEqual([first.key, other.key].sort())
    expect((await refusal(() => findFeatures(store, 'net'))).message).toContain('2 sets of features are called "net"')
    expect(await findFeatures(store, other.key.slice(0, 12))).toEqual(other)
    await removeFeatures(store, other)
    expect(await findFeatures(store, 'net')).toEqual(first)
    expect(await refusal(() => findFeatures(store, 'nett'))).toMatchObject({ code: 'not-found', details: { nearest: 'net' } })
  })

  it('go on after a stop where they were, with the batches they would have had', async () => {
    const store = join(folder, 'stop')
    const abort = new AbortController()
    const calls: number[] = []
    const stopped = extraction(store, {
      calls,
      signal: abort.signal,
      onProgress: ({ rows }) => {
        if (rows >= 320) abort.abort()
      },
    })
    expect((await refusal(() => extractFeatures(stopped))).code).toBe('cancelled')
    expect(await listFeatures(store)).toEqual([])
    const rest: number[] = []
    const made = await extractFeatures(extraction(store, { calls: rest }))
    expect([calls.at(-1), rest[0]]).toEqual([256, 320])
    const whole = await extractFeatures(extraction(join(folder, 'whole')))
    expect(made.sha256).toBe(whole.sha256)
    expect(readdirSync(store)).toEqual([made.key])
  })

  it('begin again when a kill lost what was promised, and never trust rows after the last flush', async () => {
    const store = join(folder, 'kill')
    const key = featureKey({ datasetSha256: dataset.sha256 })
    const before = await openFeatureWriter(store, key, 1000)
    await before.append(values(0, 200), 3, 5)
    await before.close()
    const file = valuesFile(partFolder(store, key))
    writeFileSync(file, Buffer.alloc(70), { flag: 'a' }) // the beginning of rows that were not flushed
    const after = await openFeatureWriter(store, key, 1000)
    expect(after.done).toBe(200)
    expect(await refusal(() => openFeatureWriter(store, key, 1000))).toMatchObject({ code: 'locked' })
    await after.close()
    truncateSync(file, 500)
    const anew = await openFeatureWriter(store, key, 1000)
    expect(anew.done).toBe(0)
    await anew.append(values(0, 1000, 4), 4, 7)
    const made = await anew.finish(finished)
    expect(made).toMatchObject({ width: 4, forwardMs: 7 })
    const open = openFeatures(store, made)
    expect([...open.read(Int32Array.of(999)).data]).toEqual([...values(999, 1, 4)])
    open.dispose()
  })

  it('of a damaged file are refused', async () => {
    const store = join(folder, 'damaged')
    const made = await extractFeatures(extraction(store))
    truncateSync(valuesFile(folderOf(store, made.key)), 4000)
    expect(await refusal(() => openFeatures(store, made))).toMatchObject({ code: 'bad-input' })
    writeFileSync(join(folderOf(store, made.key), 'features.json'), '{"format": 1')
    expect(await listFeatures(store)).toEqual([])
    expect((await extractFeatures(extraction(store))).sha256).toBe(made.sha256) // half-made: made again
  })

  it('that are not finite are refused with their rows', async () => {
    const store = join(folder, 'nan')
    const broken = extraction(store, {
      open: () =>
        Promise.resolve({
          batch: 100,
          make: (first, count) => {
            const data = values(first, count)
            if (first === 300) data[7 * 3 + 1] = NaN
            return Promise.resolve({ data, width: 3 })
          },
          dispose: () => undefined,
        }),
    })
    expect((await refusal(() => extractFeatures(broken))).message).toBe(
      'a network: a row has features that are not finite numbers: row 307',
    )
  })

  it('are found by name and data set', async () => {
    const store = join(folder, 'names')
    const made = await extractFeatures(extraction(store))
    expect(await requireFeatures(store, 'net', dataset)).toEqual(made)
    const changed = await refusal(() => requireFeatures(store, 'net', { name: 'numbers', sha256: 'e'.repeat(64) }))
    expect(changed.message).toContain('are not those of numbers as it is now')
    const other = await extractFeatures(extraction(store, { network: { sha256: 'c' } }))
    expect((await refusal(() => requireFeatures(store, 'net', dataset))).message).toBe('2 sets of features of numbers are called "net"')
    expect(await renamed(store, other, 'second')).toEqual({ ...other, name: 'second' })
    expect(await requireFeatures(store, 'net', dataset)).toEqual(made)
    expect((await refusal(() => requireFeatures(store, 'nat', dataset))).details).toMatchObject({ path: 'data.features', nearest: 'net' })
  })
})

describe('features of a run', () => {
  it.each<[string, (rows: number, width: number) => FeatureTarget]>([
    ['on disk', (rows, width) => temporaryFeatures(folder, rows, width)],
    ['in memory', memoryFeatures],
  ])('%s are written in chunks', async (_, make) => {
    const target = make(10, 2)
    target.write(4, values(4, 6, 2))
    target.write(0, values(0, 4, 2))
    expect([...target.read(Int32Array.of(9, 0, 1, 4)).data]).toEqual([...values(9, 1, 2), ...values(0, 2, 2), ...values(4, 1, 2)])
    for (const [first, length] of [
      [9, 4],
      [0, 3],
      [-1, 2],
    ])
      expect((await refusal(() => target.write(first, new Float32Array(length)))).message).toContain('do not fit 10×2')
    target.dispose()
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('are standardised over the rows that are known, constant columns only centred', () => {
    const source = memoryFeatures(6, 3)
    source.write(0, Float32Array.of(1, 5, 0.1, 3, 5, 0.1, 5, 5, 0.1, 7, 5, 0.1, 1000, -9, 7, 9, 5, 0.1))
    const known = Int32Array.of(0, 1, 2, 3, 5)
    const scaling = fitFeatureScaling(source, known)
    expect(scaling.shift[0]).toBe(5)
    expect(scaling.scale[0]).toBeCloseTo(1 / Math.sqrt(8), 12)
    expect([scaling.scale[1], scaling.scale[2]]).toEqual([1, 1])
    const out = new Float64Array(6)
    readScaled(source, Int32Array.of(3, 0), scaling, out)
    expect([...out].map((value) => Number(value.toFixed(6)))).toEqual([0.707107, 0, 0, -1.414214, 0, 0])
  })
})
