import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ImportMapping } from '@contract/importing'
import { importDataset, loadDataset, previewImport } from '@main/node/datasets'
import type { Dataset } from '@engine/data/dataset'

const fixtures = resolve(import.meta.dirname, '../../fixtures/importers')
const library = mkdtempSync(join(tmpdir(), 'querent-library-'))
afterAll(() => rmSync(library, { recursive: true, force: true }))

const bring = (paths: readonly string[], mapping: ImportMapping = {}) =>
  importDataset({ paths: paths.map((path) => resolve(fixtures, path)), mapping, library, importedAt: new Date(0) })
const open = async (...args: Parameters<typeof bring>): Promise<Dataset> => loadDataset((await bring(...args)).dataset.id, '.', library)

describe('one table in many formats', () => {
  it.each([
    'table.csv',
    'table.tsv',
    'table.jsonl',
    'snappy.parquet',
    'zstd.parquet',
    'gzip.parquet',
    'lz4.feather',
    'zstd.feather',
    'stream.arrow',
    'table.arff',
  ])('%s gives the same rows', async (file) => {
    const set = await open([file])
    expect(set).toMatchObject({ kind: 'tabular', classNames: ['maybe', 'no', 'yes'], test: null })
    expect(set.train).toMatchObject({ rows: 40, shape: [5] }) // a, b, and three colours
    const [a, b, blue, green, red] = set.train.data
    expect([a, b, blue, green, red]).toEqual([0.001, 5, 0, 1, 0])
    expect(set.train.data[3 * 5]).toBeNaN()
    expect(set.sha256).toBe((await open(['table.csv'])).sha256)
  })

  it('is kept once, however often it comes', async () => {
    const [first, again] = [await bring(['table.csv']), await bring(['table.jsonl'])]
    expect(again).toMatchObject({ known: true, dataset: { id: first.dataset.id, sha256: first.dataset.sha256 } })
  })
})

describe('vectors', () => {
  it.each<[string, ImportMapping]>([
    ['vectors.libsvm', {}],
    ['vectors.npz', {}],
    ['vectors.mat', {}],
    ['vectors.jsonl', {}],
    ['lists.parquet', {}],
  ])('%s', async (file, mapping) => {
    const set = await open([file], mapping)
    expect(set).toMatchObject({ kind: 'vector', classNames: ['0', '1', '2'], sha256: (await open(['vectors.npz'])).sha256 })
    expect(set.train).toMatchObject({ rows: 40, shape: [4] })
  })
})

describe('pictures', () => {
  it.each(['pictures.mat', 'pictures.npz', 'folders.zip', 'paths.tar.gz', 'pictures.parquet'])('%s', async (file) => {
    const set = await open([file])
    expect(set).toMatchObject({ kind: 'image', classNames: ['0', '1', '2'], valueRange: 255 })
    expect(set.train).toMatchObject({ rows: 40, shape: [3, 6, 5] })
    const reference = await open(['pictures.npz'])
    if (file !== 'folders.zip') expect(set.sha256).toBe(reference.sha256)
    else {
      // Sorted by class: the same pictures in another order.
      const first = Array.from({ length: 40 }, (_, i) => i).sort((i, j) => (i % 3) - (j % 3) || i - j)
      expect(set.train.data).toEqual(Uint8Array.from(first.flatMap((i) => [...reference.train.data.subarray(i * 90, (i + 1) * 90)])))
    }
  })

  it('decodes what other programs wrote', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'querent-pictures-'))
    for (const [i, name] of ['plain.webp', 'plain.jpeg', 'plain.gif', 'deep.png'].entries()) {
      mkdirSync(join(folder, String(i % 2)), { recursive: true })
      const { readFileSync } = await import('node:fs')
      writeFileSync(join(folder, String(i % 2), name), readFileSync(join(fixtures, name)))
    }
    const { train } = await open([folder])
    const pixel = (row: number): number[] => [0, 32, 64].map((at) => train.data[row * 96 + at])
    expect(train.shape).toEqual([3, 4, 8])
    expect(pixel(0)).toEqual([0, 204, 51]) // 0/plain.gif, in the colours of its palette
    expect(pixel(1)).toEqual([10, 200, 30]) // 0/plain.webp
    expect(pixel(2)).toEqual([156, 156, 156]) // 1/deep.png: 40000 / 257
    pixel(3).forEach((value, c) => expect(Math.abs(value - [10, 200, 30][c])).toBeLessThan(4))
    rmSync(folder, { recursive: true })
  })
})

describe('texts', () => {
  it('reads a Hugging Face folder with its splits and class names', async () => {
    const set = await open(['hf'])
    expect(set).toMatchObject({ kind: 'text', classNames: ['neg', 'pos'] })
    expect(set.train).toMatchObject({ rows: 30, shape: [1024] })
    expect(set.test).toMatchObject({ rows: 10 })
    const norm = Float64Array.from(set.train.data.subarray(0, 1024)).reduce((sum, value) => sum + value * value, 0)
    expect(norm).toBeCloseTo(1, 6)
  })
})

describe('a preview', () => {
  it('shows the first rows as the engine will see them, and a mapping that does the same', async () => {
    const preview = await previewImport([join(fixtures, 'table.csv')], {}, library)
    expect(preview).toMatchObject({
      importer: 'csv',
      kind: 'tabular',
      shape: [5],
      valueNames: ['a', 'b', 'color = blue', 'color = green', 'color = red'],
      columns: [
        { name: 'a', role: 'number', note: '6 missing' },
        { name: 'b', role: 'number' },
        { name: 'color', role: 'category' },
        { name: 'label', role: 'label' },
      ],
    })
    expect(preview.rows).toHaveLength(10)
    expect(preview.rows[0]).toMatchObject({ label: 'no', split: 'train' })
    const set = await open(['table.csv'])
    expect(preview.rows[0].values).toEqual([...set.train.data.subarray(0, 5)])
    expect((await open(['table.csv'], { ...preview.mapping, id: undefined })).sha256).toBe(set.sha256)
  })
})
