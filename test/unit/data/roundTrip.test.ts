import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ImportMapping } from '@contract/importing'
import type { Dataset } from '@engine/data/dataset'
import { exportDataset, importDataset, loadDataset } from '@main/node/datasets'
import { fixtureMappings } from '../../support/importerFixtures'

const fixtures = resolve(import.meta.dirname, '../../fixtures/importers')
const work = mkdtempSync(join(tmpdir(), 'querent-round-trip-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

/** A library of its own for each step, so that nothing is found there already. */
let libraries = 0
async function open(path: string, mapping: ImportMapping = {}): Promise<Dataset> {
  const library = join(work, `library-${libraries++}`)
  const { dataset } = await importDataset({ paths: [path], mapping, library, importedAt: new Date(0) })
  return loadDataset(dataset.id, '.', library)
}

const bits = ({ data }: Dataset['train']): string => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')

function expectSame(again: Dataset, set: Dataset): void {
  expect(again).toMatchObject({ kind: set.kind, sha256: set.sha256, classNames: set.classNames })
  for (const [a, b] of [[again.train, set.train], ...(set.test === null ? [] : [[again.test ?? again.train, set.test]])]) {
    expect(a).toMatchObject({ rows: b.rows, shape: b.shape })
    expect(bits(a)).toBe(bits(b))
    expect([...a.labels]).toEqual([...b.labels])
  }
}

const formats = readdirSync(fixtures).filter(
  (name) => name === 'hf' || (statSync(join(fixtures, name)).isFile() && !/\.py$|^(plain|deep)/.test(name)),
)

describe('what came in as any format, out as .npz and in again', () => {
  it.each(formats)('%s has the same bits', async (name) => {
    const set = await open(join(fixtures, name), fixtureMappings[name])
    const file = join(work, `${name}.npz`)
    await exportDataset(set, file, [])
    expectSame(await open(file, { kind: set.kind }), set)
  })
})

describe('rows of plain values as CSV and in again', () => {
  it.each([
    ['limits of double precision', ['5e-324', '1.7976931348623157e308', '-0', '0.1', '9007199254740993', '']],
    ['thirds and roots', [1 / 3, Math.SQRT2, -Math.E, 1e21, 123456.789, 2 ** -1074].map(String)],
  ])('%s', async (title, cells) => {
    const source = join(work, `${title}.csv`)
    writeFileSync(
      source,
      ['a,b,label,split', ...cells.map((cell, i) => `${cell},${i / 7},${i % 2 ? 'no' : 'yes'},${i > 3 ? 'test' : 'train'}`)].join('\n'),
    )
    const set = await open(source)
    const file = join(work, `${title} out.csv`)
    await exportDataset(set, file, ['a', 'b'])
    expectSame(await open(file), set)
  })

  it('single precision', async () => {
    const set = await open(join(fixtures, 'vectors.npz'))
    const file = join(work, 'vectors out.csv')
    await exportDataset(set, file, [])
    const again = await open(file, { kind: 'vector' })
    expect(Float32Array.from(again.train.data)).toEqual(Float32Array.from(set.train.data))
    expect([...again.train.labels]).toEqual([...set.train.labels])
  })
})
