import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeNpy } from '@engine/data/npy'
import type { Dataset } from '@engine/data/dataset'
import { loadDataset } from '@main/node/datasets'

describe('data sets from files', () => {
  let folder = ''
  const write = (name: string, data: string | Uint8Array): void => writeFileSync(join(folder, name), data)
  const load = (ref: Parameters<typeof loadDataset>[0]): Promise<Dataset> => loadDataset(ref, folder)

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'querent-data-'))
    write('x.npy', writeNpy(Float64Array.of(0.5, 1, 2, 3, 4, 5), [3, 2]))
    write('bytes.npy', writeNpy(Uint8Array.of(0, 1, 2, 3, 4, 255), [3, 2]))
    write('bytes-as-f8.npy', writeNpy(Float64Array.of(0, 1, 2, 3, 4, 255), [3, 2]))
    write('x.csv.gz', gzipSync('a,b\n0.5,1\n2,3\n4,5\n'))
    write('y.npy', writeNpy(Int32Array.of(1, 0, 1), [3]))
    write('gaps.csv', '7\n-2\n7\n')
    write('names.csv', 'label\nrose\nlily\nrose\n')
    write('xt.npy', writeNpy(Float64Array.of(9, 9), [1, 2]))
    write('yt.csv', '2\n')
    write(
      'images.npy',
      writeNpy(
        Uint8Array.from({ length: 24 }, (_, i) => i),
        [2, 2, 2, 3],
      ),
    )
    write(
      'planes.npy',
      writeNpy(
        Float32Array.from({ length: 24 }, (_, i) => i / 24),
        [2, 3, 2, 2],
      ),
    )
    write('y2.npy', writeNpy(Int32Array.of(0, 1), [2]))
    write('same.npy', writeNpy(Int32Array.of(1, 1), [2]))
    write('half.npy', writeNpy(Float64Array.of(0, 0.5), [2]))
    write('onehot.npy', writeNpy(Int32Array.of(0, 1, 1, 0, 0, 1), [3, 2]))
    write('nan.npy', writeNpy(Float64Array.of(1, 2, NaN, 4, 5, 6), [3, 2]))
    write('table.csv', 'a,b,class\n0.5,1,rose\n2,3,lily\n4,5,rose\n')
    write(
      'all.npz',
      zipSync({ 'x_train.npy': writeNpy(Float64Array.of(1, 2, 3, 4), [2, 2]), 'y_train.npy': writeNpy(Int32Array.of(0, 1), [2]) }),
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('stores values in the smallest exact type, so equal numbers have equal hashes', async () => {
    const [bytes, floats] = [
      await load({ inputs: 'bytes.npy', labels: 'y.npy' }),
      await load({ inputs: 'bytes-as-f8.npy', labels: 'y.npy' }),
    ]
    expect(bytes.train.data).toBeInstanceOf(Uint8Array)
    expect(floats.sha256).toBe(bytes.sha256)
    const [npy, csv] = [await load({ inputs: 'x.npy', labels: 'y.npy' }), await load({ inputs: 'x.csv.gz', labels: 'y.npy' })]
    expect(npy.train.data).toEqual(Float32Array.of(0.5, 1, 2, 3, 4, 5))
    expect(csv.sha256).toBe(npy.sha256)
    expect(npy).toMatchObject({ id: 'x', kind: 'vector', classNames: ['0', '1'], test: null })
  })

  it('numbers classes that are names or have gaps', async () => {
    const gaps = await load({ inputs: 'x.npy', labels: 'gaps.csv' })
    expect([gaps.classNames, [...gaps.train.labels]]).toEqual([
      ['-2', '7'],
      [1, 0, 1],
    ])
    const names = await load({ inputs: 'x.npy', labels: 'names.csv', name: 'flowers' })
    expect([names.id, names.classNames, [...names.train.labels]]).toEqual(['flowers', ['lily', 'rose'], [1, 0, 1]])
  })

  it('shares the class numbers between training and test', async () => {
    const { test, classNames } = await load({ inputs: 'x.npy', labels: 'y.npy', testInputs: 'xt.npy', testLabels: 'yt.csv' })
    expect([classNames, [...(test?.labels ?? [])]]).toEqual([['0', '1', '2'], [2]])
  })

  it('recognises images with channels first and last', async () => {
    const last = await load({ inputs: 'images.npy', labels: 'y2.npy' })
    expect(last).toMatchObject({ kind: 'image', valueRange: 255 })
    expect(last.train.shape).toEqual([3, 2, 2])
    expect([...last.train.data.subarray(0, 12)]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11])
    const first = await load({ inputs: 'planes.npy', labels: 'y2.npy' })
    expect(first.train.shape).toEqual([3, 2, 2])
    expect(first.valueRange).toBe(1)
  })

  it('reads one file that holds everything', async () => {
    expect(await load('table.csv')).toMatchObject({
      id: 'table',
      kind: 'tabular',
      classNames: ['lily', 'rose'],
      train: { rows: 3, shape: [2] },
    })
    expect(await load('table.csv#class')).toMatchObject({ classNames: ['lily', 'rose'] })
    expect(await load('all.npz')).toMatchObject({ id: 'all', train: { rows: 2, shape: [2] } })
  })

  it.each<[string, Parameters<typeof loadDataset>[0], string]>([
    ['different lengths', { inputs: 'x.npy', labels: 'y2.npy' }, 'x.npy (3×2) and y2.npy (2) have different numbers of rows'],
    [
      'samples of another shape',
      { inputs: 'images.npy', labels: 'y2.npy', testInputs: 'xt.npy', testLabels: 'yt.csv' },
      'samples of different shape',
    ],
    ['one-hot labels', { inputs: 'x.npy', labels: 'onehot.npy' }, 'numpy.argmax'],
    ['a table of labels only', 'names.csv', 'names.csv: no input values'],
    ['one class', { inputs: 'all.npz#x_train', labels: 'same.npy' }, 'all rows have the same label'],
    ['fractions as labels', { inputs: 'all.npz#x_train', labels: 'half.npy' }, 'the label of row 1 is 0.5'],
    ['NaN', { inputs: 'nan.npy', labels: 'y.npy' }, 'nan.npy: the value at row 1, column 0 is NaN'],
    ['half of a test part', { inputs: 'x.npy', labels: 'y.npy', testInputs: 'xt.npy' }, 'belong together'],
    ['names and numbers', { inputs: 'x.npy', labels: 'names.csv', testInputs: 'xt.npy', testLabels: 'yt.csv' }, 'one holds numbers'],
    ['a table without that column', 'table.csv#klass', 'no column "klass"'],
  ])('refuses %s', async (_, ref, reason) => {
    await expect(load(ref)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining(reason) as unknown })
  })

  it('names a missing file as the study does', async () => {
    await expect(load({ inputs: 'none.npy', labels: 'y.npy' })).rejects.toMatchObject({ code: 'not-found', details: { file: 'none.npy' } })
    await expect(load('./none.csv')).rejects.toMatchObject({ code: 'not-found', details: { file: './none.csv' } })
  })
})
