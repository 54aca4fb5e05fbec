import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ImportMapping } from '@contract/importing'
import { importDataset, loadDataset, previewImport } from '@main/node/datasets'
import type { Dataset } from '@engine/data/dataset'
import { readNpy, writeNpy } from '@engine/data/npy'
import { readNpzEntry } from '@engine/data/npz'
import { decodeImage, sizeOfImages } from '@main/node/datasets/importing/images'
import { refusal } from '../../support/errors'

const fixtures = resolve(import.meta.dirname, '../../fixtures/importers')
const library = mkdtempSync(join(tmpdir(), 'querent-library-'))
afterAll(() => rmSync(library, { recursive: true, force: true }))

const bring = (paths: readonly string[], mapping: ImportMapping = {}) =>
  importDataset({ paths: paths.map((path) => resolve(fixtures, path)), mapping, library, importedAt: new Date(0) })
const open = async (...args: Parameters<typeof bring>): Promise<Dataset> => loadDataset((await bring(...args)).dataset.id, '.', library)

/** The values of an archive's arrays by key. */
const openNpz = (file: string) => {
  const bytes = new Uint8Array(readFileSync(join(fixtures, file)))
  return (key: string) => readNpy(readNpzEntry(bytes, file, key), key).data
}

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
    ['vectors4.mat', {}],
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

  it('may be named, without folder and ending, in a list of names and classes between spaces', async () => {
    const set = await open(['annotated.zip'], { label: 'column 1', columns: { 'column 0': 'image', 'column 2': 'skip' } })
    expect(set.sha256).toBe((await open(['pictures.npz'])).sha256)
  })

  it('may lie flat in the rows or columns of a matrix', async () => {
    const { train: colour } = await open(['pictures.npz'])
    const grey = Uint8Array.from({ length: 40 * 30 }, (_, i) => colour.data[Math.floor(i / 30) * 90 + (i % 30)])
    const folder = mkdtempSync(join(tmpdir(), 'querent-flat-'))
    const rows = join(folder, 'X.npy')
    writeFileSync(rows, writeNpy(grey, [40, 30]))
    const mapping: ImportMapping = { width: 5, height: 6, perClass: 20 }
    for (const [paths, more] of [
      [['columns4.mat'], { inputs: 'faces' }],
      [[rows], {}],
    ] as const) {
      const set = await open(paths, { ...mapping, ...more })
      expect(set).toMatchObject({ kind: 'image', classNames: ['0', '1'], valueRange: 255 })
      expect(set.train).toMatchObject({ shape: [1, 6, 5], data: grey })
      expect([...set.train.labels]).toEqual(Array.from({ length: 40 }, (_, i) => Math.floor(i / 20)))
    }
    await expect(bring([rows], { ...mapping, width: 4 })).rejects.toMatchObject({ details: { expected: '24 values in a row' } })
    await expect(bring([rows], { ...mapping, perClass: 30 })).rejects.toThrow('40 rows are not 30 of each class')
    rmSync(folder, { recursive: true })
  })

  it('decodes bitmaps of every depth', async () => {
    const reference = openNpz('plain-bitmaps.npz')
    for (const depth of ['1', 'P', 'L', 'RGB', 'RGBA']) {
      const bytes = new Uint8Array(readFileSync(join(fixtures, `plain-${depth}.bmp`)))
      const cell = { name: `${depth}.bmp`, bytes: () => Promise.resolve(bytes) }
      expect(await sizeOfImages([cell], {}), depth).toEqual({ width: 5, height: 6, channels: depth === '1' || depth === 'L' ? 1 : 3 })
      const planes = await decodeImage(cell, { width: 5, height: 6, channels: 3 })
      const pixels = Uint8Array.from({ length: 90 }, (_, i) => planes[(i % 3) * 30 + Math.floor(i / 3)])
      expect(pixels, depth).toEqual(reference(depth))
      const cut = { ...cell, bytes: () => Promise.resolve(bytes.slice(0, -9)) }
      expect(await refusal(() => sizeOfImages([cut], {}))).toMatchObject({ code: 'bad-input', details: { file: cell.name } })
    }
  })

  it('decodes what other programs wrote', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'querent-pictures-'))
    for (const [i, name] of ['plain.webp', 'plain.jpeg', 'plain.gif', 'deep.png'].entries()) {
      mkdirSync(join(folder, String(i % 2)), { recursive: true })
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

describe('tables between spaces', () => {
  it('are read as numpy.savetxt writes them, and with several spaces', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'querent-spaces-'))
    const csv = join(folder, 'a.csv')
    writeFileSync(csv, '1.5,-2,0\n3,4e-3,1\n5,6,0\n')
    const wanted = (await open([csv])).sha256
    for (const [name, text] of [
      ['savetxt.txt', '1.5e+00 -2.0e+00 0\n3.0e+00 4.0e-03 1\n5 6 0\n'],
      ['aligned.data', '   1.5  -2   0  \r\n   3     4e-3   1\r\n\r\n   5   6   0'],
    ]) {
      const file = join(folder, name)
      writeFileSync(file, text)
      expect((await open([file])).sha256, name).toBe(wanted)
    }
    const ragged = join(folder, 'ragged.txt')
    writeFileSync(ragged, `${'1 2 0\n1 3 1\n'.repeat(20)}\n  1 2\n`)
    await expect(bring([ragged])).rejects.toMatchObject({ details: { line: 42, expected: '3 cells, like the first line' } })
    rmSync(folder, { recursive: true })
  })
})

describe('texts', () => {
  it('reads folders of files', async () => {
    expect(await open(['texts.zip'])).toMatchObject({ kind: 'text', classNames: ['even', 'odd'], train: { rows: 40 } })
  })

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
