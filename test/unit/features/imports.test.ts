import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { zipSync } from 'fflate'
import { afterAll, describe, expect, it } from 'vitest'
import { writeNpy } from '@engine/data/npy'
import { writeSafetensors } from '@engine/data/safetensors'
import { openFeatures } from '@main/node/features/files'
import { importFeatures } from '@main/node/features/importFeatures'
import { listFeatures, type StoredFeatures } from '@main/node/features/store'
import { refusal } from '../../support/errors'

const folder = mkdtempSync(join(tmpdir(), 'querent-features-'))
const store = join(folder, 'store')
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fixtures = resolve(import.meta.dirname, '../../fixtures/importers')

const dataset = { name: 'three', sha256: '3'.repeat(64), rows: 3 }
const numbers = Float32Array.of(0.5, 1, -2, 3, 4, 5)
const write = (name: string, bytes: Uint8Array | string): string => {
  writeFileSync(join(folder, name), bytes)
  return name
}
const bring = (reference: string, more: Partial<Parameters<typeof importFeatures>[0]> = {}): Promise<StoredFeatures> =>
  importFeatures({ store, file: join(folder, reference.replace(/#.*/, '')), reference, dataset, ...more })
const valuesOf = (stored: StoredFeatures): number[] => {
  const open = openFeatures(store, stored)
  const { data } = open.read(Int32Array.from({ length: stored.rows }, (_, row) => row))
  open.dispose()
  return [...data]
}

describe('features of any framework', () => {
  it.each<[string, string, Uint8Array]>([
    ['NumPy', 'a.npy', writeNpy(numbers, [3, 2])],
    ['NumPy in float64', 'b.npy', writeNpy(Float64Array.from(numbers), [3, 2])],
    [
      'an archive with several arrays',
      'c.npz#pool',
      zipSync({ 'pool.npy': writeNpy(numbers, [3, 2]), 'other.npy': writeNpy(numbers, [6]) }),
    ],
    ['an archive with one', 'd.npz', zipSync({ 'x.npy': writeNpy(numbers, [3, 2]) })],
    ['safetensors', 'e.safetensors#x', writeSafetensors({ x: { data: numbers, shape: [3, 2] }, y: { data: numbers, shape: [6] } })],
  ])('come from %s', async (_, reference, bytes) => {
    write(reference.replace(/#.*/, ''), bytes)
    const stored = await bring(reference)
    expect(stored).toMatchObject({ rows: 3, width: 2, backboneSha256: null, forwardMs: 0, dataset: 'three' })
    expect(valuesOf(stored)).toEqual([...numbers])
    expect(stored.sha256).toBe((await bring('a.npy')).sha256)
  })

  it('come from Parquet, a column of lists or columns of numbers', async () => {
    for (const name of ['lists.parquet', 'snappy.parquet', 'stream.arrow']) copyFileSync(join(fixtures, name), join(folder, name))
    const forty = { dataset: { ...dataset, rows: 40 } }
    const lists = await bring('lists.parquet', forty)
    expect(lists).toMatchObject({ rows: 40, width: 4 })
    for (const rows of [39, 41])
      expect((await refusal(() => bring('stream.arrow#b', { dataset: { ...dataset, rows } }))).details.found).toBe('40 rows')
    const column = await bring('snappy.parquet#b', forty)
    expect([column.width, ...valuesOf(column).slice(0, 2)]).toEqual([1, 5, expect.any(Number)])
    expect((await refusal(() => bring('snappy.parquet', forty))).message).toContain('not finite numbers: rows 3,') // column a has gaps
  })

  it('are copied once, and can get another name', async () => {
    const before = (await listFeatures(store)).length
    const again = await bring('a.npy', { name: 'mine' })
    expect(again.name).toBe('mine')
    expect((await bring('a.npy')).name).toBe('mine')
    expect((await listFeatures(store)).length).toBe(before)
    const other = await bring('a.npy', { dataset: { ...dataset, sha256: '4'.repeat(64) } })
    expect(other.key).not.toBe(again.key)
  })

  it.each<[string, string, Uint8Array | string, string]>([
    ['another number of rows', 'rows.npy', writeNpy(numbers, [2, 3]), 'one row of features for each training row of three'],
    ['a table of texts', 'rows.csv', 'a\n1\n2\n3\n', 'say which column holds the features'],
    ['whole numbers', 'ints.npy', writeNpy(Int32Array.from(numbers), [3, 2]), 'features are floating-point numbers'],
    ['three axes', 'axes.npy', writeNpy(numbers, [3, 2, 1]), 'features have two axes'],
    [
      'NaN',
      'nan.npy',
      writeNpy(Float32Array.of(1, NaN, 3, 4, Infinity, NaN), [3, 2]),
      '2 rows have features that are not finite numbers: rows 0, 2',
    ],
    ['values beyond float32', 'large.npy', writeNpy(Float64Array.of(1, 2, 1e300, 4, 5, 6), [3, 2]), 'not finite numbers: row 1'],
    ['an array that is not there', 'c.npz#pol', '', 'no array'],
    ['a pickle', 'p.pkl', Uint8Array.of(0x80, 4, 1, 2, 3), 'pickle'],
    ['a cut file', 'cut.npy', writeNpy(numbers, [3, 2]).subarray(0, 140), 'cut off at byte 140'],
    ['no file', 'none.npy', '', 'no such file'],
  ])('are refused with %s', async (_, reference, bytes, reason) => {
    if (bytes.length > 0) write(reference, bytes)
    const before = await listFeatures(store)
    const error = await refusal(() => bring(reference))
    expect([error.code === 'not-found' ? 'bad-input' : error.code, error.message]).toEqual(['bad-input', expect.stringContaining(reason)])
    expect(await listFeatures(store)).toEqual(before)
    expect(readdirSync(store).filter((name) => /part|lock/.test(name))).toEqual([])
  })

  it('are refused when they say that they were made of other data', async () => {
    write(
      'told.npy',
      writeNpy(
        numbers.map((value) => value + 1),
        [3, 2],
      ),
    )
    write('told.npy.json', JSON.stringify({ datasetSha256: '5'.repeat(64) }))
    const error = await refusal(() => bring('told.npy'))
    expect([error.code, error.message]).toEqual(['bad-input', 'told.npy: these features were made of other data than three is now'])
    write('told.npy.json', JSON.stringify({ datasetSha256: dataset.sha256 }))
    expect(await bring('told.npy')).toMatchObject({ rows: 3 })
    const header = Buffer.from(
      JSON.stringify({ __metadata__: { dataset_sha256: '6' }, x: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] } }),
    )
    const length = Buffer.alloc(8)
    length.writeUInt32LE(header.length)
    write('told.safetensors', Buffer.concat([length, header, Buffer.from(numbers.buffer)]))
    expect((await refusal(() => bring('told.safetensors'))).details.found).toBe('features of SHA-256 6')
  })

  it('stop when asked, and leave nothing behind', async () => {
    const abort = new AbortController()
    abort.abort()
    write(
      'late.npy',
      writeNpy(
        numbers.map((value) => value + 2),
        [3, 2],
      ),
    )
    expect((await refusal(() => bring('late.npy', { signal: abort.signal }))).code).toBe('cancelled')
    expect(readdirSync(store).filter((name) => /part|lock/.test(name))).toEqual([])
  })
})
