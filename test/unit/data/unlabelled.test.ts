import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterAll, describe, expect, it } from 'vitest'
import type { ImportMapping } from '@contract/importing'
import { unlabeledRows } from '@engine/data/dataset'
import { writeNpy } from '@engine/data/npy'
import { parseStudy } from '@engine/study/schema'
import { exportDataset, importDataset, loadDataset, previewImport } from '@main/node/datasets'
import { publicSetFiles } from '../../support/publicSetFiles'

const home = mkdtempSync(join(tmpdir(), 'querent-unlabelled-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let libraries = 0
const write = (name: string, data: string | Uint8Array): string => {
  writeFileSync(join(home, name), data)
  return join(home, name)
}
async function bring(paths: readonly string[], mapping: ImportMapping) {
  const library = join(home, `library-${libraries++}`)
  const { dataset, notes } = await importDataset({ paths, mapping, library, importedAt: new Date(0) })
  return { info: dataset, notes, set: await loadDataset(dataset.id, '.', library) }
}
const x = write('X.npy', writeNpy(Float32Array.from({ length: 12 }, (_, i) => i / 8), [4, 3])) // prettier-ignore

describe('labels that are missing', () => {
  it('need a word of the user: nothing is taken for unlabelled by itself', async () => {
    const y = write('y.npy', writeNpy(Float64Array.of(1, NaN, 0, 1), [4]))
    await expect(bring([x], {})).rejects.toThrow('no array was found for the labels')
    await expect(bring([x, y], {})).rejects.toMatchObject({
      details: { path: 'row 1', expected: expect.stringContaining('unlabelled') as string },
    })
    const table = write('blank.csv', 'a,b,label\n1,2,cat\n3,4,\n5,6,dog\n')
    await expect(bring([table], {})).rejects.toThrow('no label at')
    const negative = write('y.npy', writeNpy(Int32Array.of(1, -1, -1, 1), [4]))
    expect((await bring([x, negative], {})).set.classNames).toEqual(['-1', '1'])
  })

  it('are none at all, NaN, −1 or empty', async () => {
    const none = await bring([x], { unlabelled: true, classes: ['no', 'yes'] })
    expect(none.info).toMatchObject({ rows: 4, unlabeled: 4, classes: 2 })
    expect(none.notes).toEqual(['4 of 4 rows have no label'])
    expect(none.set).toMatchObject({ classNames: ['no', 'yes'], train: { labels: Int32Array.of(-1, -1, -1, -1) } })
    expect((await bring([x], { unlabelled: true })).set.classNames).toEqual([])
    for (const labels of [Float64Array.of(7, NaN, 5, 7), Int32Array.of(7, -1, 5, 7)]) {
      const { info, set } = await bring([x, write('y.npy', writeNpy(labels, [4]))], { unlabelled: true })
      expect(set).toMatchObject({ classNames: ['5', '7'], train: { labels: Int32Array.of(1, -1, 0, 1) } })
      expect(info.unlabeled).toBe(1)
      expect(unlabeledRows(set.train.labels)).toEqual([1])
    }
    const table = write('pool.csv', 'a,b,label\n1,2,cat\n3,4,\n5,6,nan\n7,8,null\n')
    const few = await bring([table], { unlabelled: true, classes: ['dog', 'cat'] })
    expect(few.set).toMatchObject({ classNames: ['dog', 'cat'], train: { labels: Int32Array.of(1, -1, -1, -1) } })
    const bare = write('bare.csv', 'a,b\n1,2\n3,4\n')
    expect((await bring([bare], { unlabelled: true })).set.train).toMatchObject({ rows: 2, shape: [2], labels: Int32Array.of(-1, -1) })
    expect((await bring([table], { unlabelled: true, label: null, columns: { label: 'skip' } })).info.unlabeled).toBe(4)
  })

  it('are no reason to stop without a way on: a study of inputs alone is told the commands for a pool', async () => {
    const wanted = 'querent datasets import X.npy --unlabelled --classes a,b and then querent label'
    const study = (dataset: string) => (): unknown =>
      parseStudy(`study: s\ndataset: ${dataset}\nstrategies: [random]\n`, { file: 's.yaml' })
    expect(study('{ inputs: X.npy }')).toThrow(wanted)
    expect(study('[digits, { inputs: X.npy }]')).toThrow('s.yaml, line 2, dataset: expected labels too: { inputs: X.npy, labels: y.npy }')
    expect(study('{ inputs: 3 }')).toThrow('a library id, a path')
    await expect(loadDataset(x, '.')).rejects.toMatchObject({ details: { expected: expect.stringContaining('--unlabelled') as string } })
    const alone = write('alone.npz', zipSync({ 'x.npy': writeNpy(Float32Array.of(1, 2), [2, 1]) }))
    await expect(loadDataset(alone, '.')).rejects.toMatchObject({
      details: { path: 'dataset', expected: expect.stringContaining('alone.npz --unlabelled --classes a,b') as string },
    })
  })

  it('are not values that are missing: those have a kind of their own', async () => {
    const holes = write('holes.npy', writeNpy(Float32Array.of(1, NaN, 2, 3), [4, 1]))
    const y = write('y4.npy', writeNpy(Int32Array.of(0, 1, 0, 1), [4]))
    const wanted = { details: { path: 'row 1, column 0', expected: expect.stringContaining('--kind tabular') as string } }
    await expect(loadDataset({ inputs: holes, labels: y }, '.')).rejects.toMatchObject(wanted)
    await expect(bring([holes, y], { inputs: 'holes.npy', labels: 'y4.npy' })).rejects.toMatchObject(wanted)
    expect((await bring([holes, y], { inputs: 'holes.npy', labels: 'y4.npy', kind: 'tabular' })).set.train.data[1]).toBeNaN()
    const endless = write('endless.npy', writeNpy(Float32Array.of(1, Infinity, 2, 3), [4, 1]))
    await expect(loadDataset({ inputs: endless, labels: y }, '.')).rejects.toMatchObject({ details: { expected: 'a finite number' } })
  })

  it('are what STL-10 has most of: told of beside its training rows, and a pool of their own when they are named', async () => {
    const archive = write('stl10_binary.tar.gz', publicSetFiles['stl-10']()['stl10_binary.tar.gz'])
    const labelled = await bring([archive], {})
    expect(labelled.info).toMatchObject({ rows: 10, testRows: 10 })
    expect(labelled.notes).toEqual(['not used: stl10_binary/unlabeled_X.bin'])
    const pool = await bring([archive], { inputs: 'stl10_binary/unlabeled_X.bin', unlabelled: true })
    expect(pool.info).toMatchObject({ rows: 1, unlabeled: 1, classes: 10, shape: [3, 96, 96] })
  })

  it('are seen in the preview, and stay the same when the preview is confirmed', async () => {
    const table = write('seen.csv', 'a,b,c\n1,2,3\n3,4,5\n')
    const preview = await previewImport([table], { unlabelled: true }, join(home, 'preview'))
    expect(preview.columns.map(({ role }) => role)).toEqual(['number', 'number', 'number'])
    expect(preview.mapping).toMatchObject({ label: null, unlabelled: true })
    expect(preview.rows.map(({ label }) => label)).toEqual(['', ''])
    expect((await bring([table], preview.mapping)).info).toMatchObject({ unlabeled: 2, shape: [3] })
  })

  it('are refused among test rows', async () => {
    const table = write('split.csv', 'a,label,split\n1,cat,train\n2,,train\n3,dog,test\n4,,test\n')
    await expect(bring([table], { unlabelled: true })).rejects.toMatchObject({
      details: { expected: 'a class: only training rows may lack one' },
    })
  })

  it('go out and come back bit for bit', async () => {
    const y = write('y.npy', writeNpy(Int32Array.of(1, -1, 0, -1), [4]))
    const { set } = await bring([x, y], { unlabelled: true, classes: ['no', 'yes'] })
    await exportDataset(set, join(home, 'out.npz'), [])
    const again = await bring([join(home, 'out.npz')], { unlabelled: true })
    expect(again.set).toMatchObject({ sha256: set.sha256, classNames: set.classNames, train: { labels: set.train.labels } })
    await exportDataset(set, join(home, 'out.csv'), ['p', 'q', 'r'])
    const table = await bring([join(home, 'out.csv')], { unlabelled: true, classes: ['no', 'yes'] })
    expect(table.set.train.labels).toEqual(set.train.labels)
  })
})
