import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import sharp from 'sharp'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ImportMapping, ImportResult } from '@contract/importing'
import type { Dataset } from '@engine/data/dataset'
import { writeNpy } from '@engine/data/npy'
import { writeSafetensors } from '@engine/data/safetensors'
import {
  addSplit,
  datasetInfo,
  exportDataset,
  importDataset,
  listDatasets,
  loadDataset,
  previewImport,
  readSplit,
  removeDataset,
  removeSplit,
  restoreDataset,
  splitsOf,
} from '@main/node/datasets'
import { storedInfo } from '@main/node/datasets/imported/store'

const home = mkdtempSync(join(tmpdir(), 'querent-importing-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let [library, given] = ['', '']
let runs = 0
beforeEach(() => {
  library = join(home, `library-${runs}`)
  given = join(home, `given-${runs++}`)
  mkdirSync(given)
})

const write = (name: string, data: string | Uint8Array): string => {
  const path = join(given, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, data)
  return path
}
const bring = (paths: readonly string[], mapping: ImportMapping = {}): Promise<ImportResult> =>
  importDataset({ paths, mapping, library, importedAt: new Date(0) })
const open = async (paths: readonly string[], mapping: ImportMapping = {}): Promise<Dataset> =>
  loadDataset((await bring(paths, mapping)).dataset.id, '.', library)

/** A grey picture of 2 × 2 pixels. */
const png = (grey: number): Promise<Uint8Array> =>
  sharp(Buffer.alloc(4, grey), { raw: { width: 2, height: 2, channels: 1 } })
    .png()
    .toBuffer()

const x = Float32Array.from({ length: 12 }, (_, i) => i / 8)
const y = Int32Array.of(7, 5, 5, 9)

describe('arrays', () => {
  it('takes the five-minute path: X.npy and y.npy, with test arrays beside them', async () => {
    const paths = [
      write('X.npy', writeNpy(x, [4, 3])),
      write('y.npy', writeNpy(y, [4])),
      write('X_test.npy', writeNpy(x.slice(0, 3), [1, 3])),
      write('y_test.npy', writeNpy(Int32Array.of(9), [1])),
    ]
    const set = await open(paths)
    expect(set).toMatchObject({ id: 'x', kind: 'vector', classNames: ['5', '7', '9'], valueRange: 255 })
    expect(set.train).toMatchObject({ rows: 4, shape: [3], data: x, labels: Int32Array.of(1, 0, 0, 2) })
    expect(set.test).toMatchObject({ rows: 1, labels: Int32Array.of(2) })
    expect(set.sha256).toBe(
      (await loadDataset({ inputs: paths[0], labels: paths[1], testInputs: paths[2], testLabels: paths[3] }, '.')).sha256,
    )
  })

  it('finds the arrays of a folder, a safetensors file and IDX files', async () => {
    const idx = (type: number, shape: number[], values: number[]): Uint8Array =>
      Uint8Array.from([0, 0, type, shape.length, ...shape.flatMap((n) => [0, 0, 0, n]), ...values])
    write(
      'set/train-images-idx3-ubyte.gz',
      gzipSync(
        idx(
          8,
          [4, 1, 3],
          [...x].map((value) => value * 8),
        ),
      ),
    )
    write('set/train-labels-idx1-ubyte', idx(8, [4], [...y]))
    const tensors = writeSafetensors({
      features: { data: x.map((value) => value * 8), shape: [4, 1, 3] },
      targets: { data: y, shape: [4] },
    })
    const [idxSet, tensorSet] = [await open([join(given, 'set')]), await open([write('t.safetensors', tensors)])]
    expect(idxSet.train).toMatchObject({ rows: 4, shape: [1, 1, 3] })
    expect(idxSet.sha256).toBe(tensorSet.sha256) // bytes from floats that hold them exactly
  })

  it('reads the binary versions of CIFAR-10, CIFAR-100 and STL-10', async () => {
    const record = (labels: readonly number[], value: number): number[] => [
      ...labels,
      ...Array.from({ length: 3072 }, (_, i) => (i < 1024 ? value : 0)),
    ]
    write('ten/data_batch_1.bin', Uint8Array.from([...record([1], 10), ...record([0], 20)]))
    write('ten/data_batch_2.bin', Uint8Array.from(record([1], 30)))
    write('ten/test_batch.bin', Uint8Array.from(record([0], 40)))
    write('ten/batches.meta.txt', 'plane\ncar\n\n')
    const ten = await open([join(given, 'ten')])
    expect(ten).toMatchObject({
      classNames: ['plane', 'car'],
      train: { rows: 3, shape: [3, 32, 32], labels: Int32Array.of(1, 0, 1) },
      test: { rows: 1 },
    })
    expect([0, 1023, 1024, 3072, 6144].map((at) => ten.train.data[at])).toEqual([10, 10, 0, 20, 30])
    write('hundred/train.bin', Uint8Array.from([...record([4, 1], 10), ...record([4, 0], 20)]))
    expect((await open([join(given, 'hundred')])).train.labels).toEqual(Int32Array.of(1, 0))
    const picture = new Uint8Array(3 * 96 * 96)
    picture[1] = 5 // second row of the first column
    picture[96] = 6 // first row of the second column
    write('stl/train_X.bin', Uint8Array.from([...picture, ...picture]))
    write('stl/train_y.bin', Uint8Array.of(2, 1))
    const stl = await open([join(given, 'stl')])
    expect([stl.train.data[96], stl.train.data[1]]).toEqual([5, 6])
    expect(stl.train.labels).toEqual(Int32Array.of(1, 0))
  })

  it('makes series of arrays when asked', async () => {
    const paths = [write('X.npy', writeNpy(x, [4, 3])), write('y.npy', writeNpy(y, [4]))]
    expect((await open(paths, { kind: 'series' })).train.shape).toEqual([1, 3])
  })
})

describe('tables', () => {
  it('splits rows by a column, keeps the validation rows as a split, and takes files named train and test', async () => {
    const rows = ['v,label,split', '1,a,train', '2,b,test', '3,a,validation', '4,b,train', '5,b,val']
    const set = await open([write('t.csv', rows.join('\n'))])
    expect([...set.train.data]).toEqual([1, 3, 4, 5])
    expect([...(set.test?.data ?? [])]).toEqual([2])
    const stored = await datasetInfo(set.id, '.', library)
    expect(await splitsOf(library, stored)).toEqual(['provided'])
    expect(JSON.parse(await readSplit(library, stored, 'provided'))).toEqual({ train: [0, 2], validation: [1, 3], test: [] })
    const parts = await open([write('train.csv', 'v,label\n1,a\n2,b\n'), write('test.csv', 'v,label\n3,a\n')])
    expect([parts.train.rows, parts.test?.rows]).toEqual([2, 1])
  })

  it('pads series to the longest, or cuts them to a length', async () => {
    const file = write('s.jsonl', '{"wave":[1,2,3],"label":"a"}\n{"wave":[4],"label":"b"}\n')
    expect((await open([file])).train).toMatchObject({ shape: [1, 3], data: Uint8Array.of(1, 2, 3, 4, 0, 0) })
    expect((await open([file], { length: 2 })).train.data).toEqual(Uint8Array.of(1, 2, 4, 0))
    const channels = write('c.jsonl', '{"wave":[[1,2],[3,4]],"label":"a"}\n{"wave":[[5,6],[7,8]],"label":"b"}\n')
    expect((await open([channels])).train).toMatchObject({ shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
  })

  it('reads Latin-1 and UTF-16 when told or marked, and refuses other bytes', async () => {
    const text = 'text,label\ncafé noir,a\nthé,b\n'
    const plain = await open([write('u.csv', text)])
    expect((await open([write('l.csv', Buffer.from(text, 'latin1'))], { encoding: 'latin1' })).sha256).toBe(plain.sha256)
    expect((await open([write('w.csv', Buffer.from(`\uFEFF${text}`, 'utf16le'))])).sha256).toBe(plain.sha256)
    await expect(bring([write('l2.csv', Buffer.from(text, 'latin1'))])).rejects.toThrow('not utf-8 text between bytes')
  })
})

describe('the library', () => {
  it('exports what imports to the same bytes', async () => {
    const table = await open([write('t.csv', 'a,b,colour,label\n1.5,,red,x\n0.1,-0,blue,y\n1e-7,3,red,x\n')])
    const image = await open([
      write(
        'X.npy',
        writeNpy(
          Uint8Array.from({ length: 24 }, (_, i) => i),
          [4, 1, 2, 3],
        ),
      ),
      write('y.npy', writeNpy(y, [4])),
    ])
    for (const [set, ending] of [
      [table, 'npz'],
      [image, 'npz'],
    ] as const) {
      const file = join(given, `${set.id}-out.${ending}`)
      await exportDataset(set, file, [])
      const again = await bring([file], { kind: set.kind })
      expect(again).toMatchObject({ known: true, dataset: { sha256: set.sha256 } })
    }
    const vectors = await open([write('v.csv', 'a,b,label\n1.5,2,x\n0.1,-0,y\n1e-7,3,x\n')])
    const file = join(given, 'v-out.csv')
    await exportDataset(vectors, file, ['a', 'b'])
    expect(readFileSync(file, 'utf8')).toBe('a,b,label,split\n1.5,2,x,train\n0.1,-0,y,train\n1e-7,3,x,train\n')
    expect(await bring([file])).toMatchObject({ known: true })
    const huge = { ...vectors, train: { ...vectors.train, data: { byteLength: 2 ** 32 } } } as unknown as Dataset
    await expect(exportDataset(huge, join(given, 'no.npz'), [])).rejects.toMatchObject({ code: 'unsupported' })
    await expect(exportDataset(image, join(given, 'no.csv'), [])).rejects.toMatchObject({ code: 'unsupported' })
    expect(readdirSync(given).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('says when the one copy has other names of the classes', async () => {
    const inputs = write('X.npy', writeNpy(x, [4, 3]))
    await bring([inputs, write('y.npy', writeNpy(y, [4]))])
    const { known, notes } = await bring([inputs, write('y.csv', 'label\nb\na\na\nc\n')])
    expect(known).toBe(true)
    expect(notes).toEqual(['the copy in the library keeps its names of the classes (5, 7, 9); these were a, b, c'])
  })

  it('says what the content is called when it is imported again under another id, which names nothing then', async () => {
    const file = write('v1.csv', 'a,label\n1,x\n2,y\n')
    await bring([file], { id: 'v1' })
    expect((await bring([file], { id: 'v1' })).notes).toEqual([])
    const again = await bring([file], { id: 'v2' })
    expect(again).toMatchObject({ known: true, dataset: { id: 'v1' } })
    expect(again.notes[0]).toMatch(/is called "v1": studies name it so, and nothing is called "v2"/)
    await expect(loadDataset('v2', '.', library)).rejects.toThrow('unknown data set')
    await removeDataset(library, 'v1')
    expect((await bring([file], { id: 'v2' })).dataset.id).toBe('v2')
    expect((await loadDataset('v2', '.', library)).train.rows).toBe(2)
  })

  it('passes over what macOS adds to archives of arrays', async () => {
    const files = { 'd/X.npy': writeNpy(x, [4, 3]), 'd/y.npy': writeNpy(y, [4]), '__MACOSX/d/._X.npy': new Uint8Array(10) }
    expect((await open([write('mac.zip', zipSync(files))])).train.rows).toBe(4)
  })

  it('encodes categories by the values of training rows alone, and shows those rows first', async () => {
    const bySplit = await open([write('a.csv', 'set,size,label\ntrain,s,x\ntrain,m,y\ntest,xl,x\ntest,s,y\n')], { split: 'set' })
    expect(bySplit.train).toMatchObject({ shape: [2], data: Uint8Array.of(0, 1, 1, 0) })
    expect(bySplit.test?.data).toEqual(Uint8Array.of(0, 0, 0, 1))
    const files = [write('b/test.csv', 'size,label\nxl,x\nl,y\n'), write('b/train.csv', 'size,label\ns,x\nl,y\n')]
    const byFile = await open(files)
    expect(byFile.train.data).toEqual(Uint8Array.of(0, 1, 1, 0))
    expect(byFile.test?.data).toEqual(Uint8Array.of(0, 0, 1, 0))
    const preview = await previewImport(files, {}, library)
    expect(preview.rows.map(({ split }) => split)).toEqual(['train', 'train', 'test', 'test'])
    expect(preview.valueNames).toEqual(['size = l', 'size = s'])
    // A column that only sounds like a split keeps all its values, and the others theirs.
    const other = await previewImport([write('c.csv', 'set,size,label\ntest,s,x\nbest,m,y\n')], {}, library)
    expect(other.valueNames).toEqual(['set = best', 'set = test', 'size = m', 'size = s'])
  })

  it('reads folders of text files as classes, and leaves folders of tables alone', async () => {
    for (const [name, text] of Object.entries({ 'a/1.txt': 'one', 'a/2.txt': 'two, again', 'b/3': 'three', 'b/4.txt': 'four' }))
      write(`texts/${name}`, text)
    expect((await bring([join(given, 'texts')])).dataset).toMatchObject({ kind: 'text', rows: 4, classes: 2, testRows: 0 })
    expect((await previewImport([join(given, 'texts')], {}, library)).rows.map(({ text, label }) => [label, text])).toEqual([
      ['a', 'one'],
      ['a', 'two, again'],
      ['b', 'three'],
      ['b', 'four'],
    ])
    write('texts/b/5.txt', Uint8Array.of(0xe9, 0x20, 0xff))
    await expect(bring([join(given, 'texts')])).rejects.toThrow('b/5.txt: not utf-8 text')
    expect((await bring([join(given, 'texts')], { encoding: 'latin1' })).dataset.rows).toBe(5)
    for (const part of ['train', 'test']) write(`folds/Fold1/${part}.txt`, 'a,label\n1,x\n2,y\n')
    expect((await bring([join(given, 'folds')])).dataset).toMatchObject({ kind: 'tabular', rows: 2, testRows: 2 })
  })

  it('names the hidden folders that it passes over, and not what systems leave behind', async () => {
    for (const name of ['p/a/1.png', 'p/b/2.png', 'p/.ipynb_checkpoints/1.png', 'p/a/.trash/3.png', 'p/.DS_Store', 'p/a/._1.png'])
      write(name, await png(name === 'p/b/2.png' ? 9 : 5))
    const notes = ['hidden, so not read: .ipynb_checkpoints/, a/.trash/']
    expect(await bring([join(given, 'p')])).toMatchObject({ dataset: { rows: 2, classes: 2 }, notes })
    expect((await previewImport([join(given, 'p')], {}, library)).problems).toEqual(notes)
    const zip = zipSync({
      'a/1.png': await png(5),
      'b/2.png': await png(9),
      '.old/3.png': await png(7),
      '__MACOSX/a/._1.png': new Uint8Array(9),
    })
    expect(await bring([write('p.zip', zip)])).toMatchObject({ known: true, notes: ['hidden, so not read: .old/'] })
    write('q/.all/1.png', await png(5))
    await expect(bring([join(given, 'q')])).rejects.toMatchObject({ details: { found: 'only hidden ones: .all/' } })
  })

  it('reads decimal commas between semicolons', async () => {
    const set = await open([write('eu.csv', 'long;wide;species\n1,5;2;x\n-0,25;1,5e-1;y\n')])
    expect([...set.train.data]).toEqual([1.5, 2, -0.25, 0.15])
  })

  it('names what to do with old pickles, old MATLAB files and inputs alone', async () => {
    await expect(bring([write('old.bin', 'cnumpy._core.multiarray\n_reconstruct\np0\n(')])).rejects.toThrow(/a Python pickle.*numpy\.savez/)
    await expect(bring([write('v4.mat', new Uint8Array(40))])).rejects.toThrow(/only MATLAB 4 and 5.*savemat/)
    const alone = write('alone.npy', writeNpy(x, [4, 3]))
    await expect(loadDataset(alone, '.', library)).rejects.toMatchObject({
      details: { expected: expect.stringContaining('--unlabelled') as string },
    })
  })

  it('lists arrays of which not all can be told, so that somebody says it', async () => {
    const paths = [write('X_test.npy', writeNpy(x, [4, 3])), write('y_test.npy', writeNpy(y, [4]))]
    const preview = await previewImport(paths, {}, library)
    expect(preview).toMatchObject({
      form: 'arrays',
      arrays: [
        { name: 'X_test.npy', role: 'testInputs' },
        { name: 'y_test.npy', role: 'testLabels' },
      ],
      mapping: { testInputs: 'X_test.npy', testLabels: 'y_test.npy' },
      rows: [],
      refusal: { code: 'bad-input', details: { path: 'inputs' } },
    })
    const half = await previewImport(paths, { inputs: 'X_test.npy' }, library)
    expect(half).toMatchObject({ arrays: [{ role: 'inputs' }, { role: '' }], refusal: { details: { path: 'labels' } } })
    // The words are those of no command line: windows and commands add their own.
    expect(JSON.stringify([preview.refusal, half.refusal])).not.toMatch(/--|=NAME/)
    const whole = await previewImport(paths, { inputs: 'X_test.npy', labels: 'y_test.npy' }, library)
    expect(whole).toMatchObject({ refusal: null, shape: [3] })
    expect(whole.rows).toHaveLength(4)
    await expect(previewImport(paths, { inputs: 'X' }, library)).rejects.toThrow('no array "X"')
  })

  it('removes and brings back, and keeps splits that others made', async () => {
    const { dataset } = await bring([write('t.csv', 'a,label\n1,x\n2,y\n3,x\n')], { id: 'mine', title: 'My table', licence: 'CC0' })
    expect((await listDatasets(library)).at(-1)).toMatchObject({
      id: 'mine',
      title: 'My table',
      licence: 'CC0',
      imported: true,
      source: 't.csv',
    })
    const stored = await datasetInfo('mine', '.', library)
    await addSplit(library, stored, 'paper', '{"train":[2,0],"test":[1]}', 'paper.json')
    await expect(addSplit(library, stored, 'bad', '{"train":[3]}', 'bad.json')).rejects.toThrow('there is no row 3')
    await expect(addSplit(library, stored, 'paper', '{"train":[0]}', 'paper.json')).rejects.toThrow('a split "paper" already')
    await addSplit(library, stored, 'table', 'row,part\n2,train\n0,validation\n', 'table.csv')
    expect(await splitsOf(library, stored)).toEqual(['paper', 'table'])
    await removeSplit(library, stored, 'table')
    await expect(readSplit(library, stored, 'table')).rejects.toThrow('no split "table"')
    await removeDataset(library, 'mine')
    await expect(loadDataset('mine', '.', library)).rejects.toThrow('unknown data set')
    await restoreDataset(library, 'mine')
    expect((await loadDataset('mine', '.', library)).sha256).toBe(dataset.sha256)
    expect(JSON.parse(await readSplit(library, stored, 'paper'))).toEqual({ train: [2, 0], validation: [], test: [1] })
    await expect(removeDataset(library, 'digits')).rejects.toThrow('comes with the app')
  })

  it('keeps splits when content that was removed comes back under another id, and refuses to bring it back twice', async () => {
    const file = write('t.csv', 'a,label\n1,x\n2,y\n')
    const { dataset } = await bring([file], { id: 'old' })
    await addSplit(library, dataset, 'paper', '{"train":[1],"test":[0]}', 'paper.json')
    await removeDataset(library, 'old')
    const { dataset: renamed } = await bring([file], { id: 'new' })
    expect(await splitsOf(library, renamed)).toEqual(['paper'])
    await expect(restoreDataset(library, 'old')).rejects.toThrow('the content of "old" is in the library already, as "new"')
    await removeDataset(library, 'new')
    expect(await splitsOf(library, storedInfo(await restoreDataset(library, 'new')))).toEqual(['paper'])
  })

  it('says whether pictures lack labels or no file holds data', async () => {
    const [script, picture] = [write('make.py', 'print()'), write('a.png', await png(5))]
    await expect(previewImport([script], {}, library)).rejects.toMatchObject({
      message: 'make.py: a file that comes with data and holds none',
      details: { found: '1 such file' },
    })
    await expect(previewImport([script, picture], {}, library)).rejects.toMatchObject({
      message: 'a.png: pictures without labels',
      details: { found: '1 picture' },
    })
  })

  it('gives a taken name a number, refuses one that was asked for, and notices changed files', async () => {
    const [first, second] = [write('a/t.csv', 'a,label\n1,x\n2,y\n'), write('b/t.csv', 'a,label\n5,x\n2,y\n')]
    expect([(await bring([first])).dataset.id, (await bring([second])).dataset.id]).toEqual(['t', 't-2'])
    await expect(bring([write('c/t.csv', 'a,label\n7,x\n2,y\n')], { id: 't' })).rejects.toThrow('in the library already')
    const { sha256 } = await datasetInfo('t', '.', library)
    const file = join(library, sha256, 'train-inputs.npy')
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] ^= 1
    writeFileSync(file, bytes)
    await expect(loadDataset('t', '.', library)).rejects.toThrow('changed since it was imported')
  })

  it('leaves nothing behind when it is stopped or fails', async () => {
    const file = write('t.csv', 'a,label\n1,x\n2,y\nz,x\n')
    await expect(
      importDataset({ paths: [file], mapping: {}, library, importedAt: new Date(0), signal: { aborted: true } }),
    ).rejects.toMatchObject({ code: 'cancelled' })
    await expect(bring([file], { columns: { a: 'number' } })).rejects.toMatchObject({
      message: expect.stringContaining('line 4') as string,
    })
    expect(readdirSync(join(library, '.work'))).toEqual([])
    expect(readdirSync(library).filter((name) => /^[0-9a-f]{64}$/.test(name))).toEqual([])
  })
})

describe('refusals', () => {
  const tar = (name: string, data: string, change: (header: Buffer) => void = () => undefined): Uint8Array => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write('0000644\0', 100)
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('        0', 148)
    header.write('ustar\x0000', 257)
    change(header)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const body = Buffer.alloc(Math.ceil(data.length / 512) * 512)
    body.write(data)
    return Buffer.concat([header, body, Buffer.alloc(1024)])
  }
  afterEach(() => expect(readdirSync(home).filter((name) => !/^(library|given)-\d+$/.test(name))).toEqual([]))

  it.each<[string, () => string[], string]>([
    ['a pickle', () => [write('d.pkl', Uint8Array.of(0x80, 4, 0x95, 1, 2, 3))], 'numpy.savez'],
    ['a PyTorch file', () => [write('m.pt', zipSync({ 'm/data.pkl': new Uint8Array(4) }))], 'a PyTorch checkpoint'],
    ['HDF5', () => [write('d.h5', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'))], 'h5py'],
    ['no known format', () => [write('d.bin', Uint8Array.of(1, 2, 3, 0, 5))], 'no known data format'],
    ['an empty file', () => [write('e.csv', '')], 'the file is empty'],
    ['one class', () => [write('o.csv', 'a,label\n1,x\n2,x\n')], 'same label'],
    ['measurements as labels', () => [write('r.csv', 'a,label\n1,0.5\n2,1.5\n')], '0.5'],
    ['a missing label', () => [write('m.csv', 'a,label\n1,x\n2,\n')], 'line 3'],
    ['ragged rows', () => [write('g.csv', 'a,label\n1,x\n2,y,3\n')], 'line 3 has 3 cells'],
    ['an open quotation mark', () => [write('q.csv', 'a,label\n1,x\n"2,y\n')], 'starts on line 3'],
    [
      'NaN in arrays',
      () => [write('X.npy', writeNpy(Float32Array.of(1, NaN), [2, 1])), write('y.npy', writeNpy(Int32Array.of(0, 1), [2]))],
      'row 1',
    ],
    [
      'labels of another length',
      () => [write('X.npy', writeNpy(x, [4, 3])), write('y.npy', writeNpy(y.slice(1), [3]))],
      'different numbers of rows',
    ],
    [
      'one-hot labels',
      () => [write('X.npy', writeNpy(x, [4, 3])), write('y.npy', writeNpy(Uint8Array.of(0, 1, 0, 1, 1, 0, 1, 0), [4, 2]))],
      'numpy.argmax',
    ],
    ['zip slip', () => [write('z.zip', zipSync({ '../evil.csv': new TextEncoder().encode('a,label\n1,x\n2,y\n') }))], '..'],
    ['an absolute path in a zip', () => [write('z.zip', zipSync({ '/etc/evil.csv': new Uint8Array(9) }))], 'absolute'],
    ['tar slip', () => [write('t.tar', tar('../evil.csv', 'a,label\n1,x\n2,y\n'))], 'outside the archive'],
    [
      'a damaged tar',
      () => [
        write(
          't.tar',
          tar('a.csv', 'a,label\n1,x\n2,y\n').map((byte, i) => (i === 130 ? 0x39 : byte)),
        ),
      ],
      'damaged tar header at byte 0',
    ],
    [
      'links in a tar',
      () => [
        write(
          't.tar',
          tar('a.csv', '', (header) => void header.write('2', 156)),
        ),
      ],
      'no files',
    ],
    [
      'a path that leaves the folder of the table',
      () => [write('in/p.csv', 'path,label\n../secret.png,a\n../secret.png,b\n'), ...(write('secret.png', 'x') ? [] : [])],
      'not there',
    ],
    [
      'a picture that is none',
      () => [join(write('i/a/1.png', 'no picture'), '../..'), ...(write('i/b/1.png', 'x') ? [] : [])],
      'not a picture',
    ],
  ])('%s', async (_what, make, reason) => {
    await expect(bring(make())).rejects.toMatchObject({ message: expect.stringContaining(reason) as string })
  })

  it('a decompression bomb, before it fills the disk', async () => {
    const megabyte = gzipSync(Buffer.alloc(2 ** 20))
    await expect(bring([write('b.csv.gz', Buffer.concat(new Array<Buffer>(260).fill(megabyte)))])).rejects.toThrow('decompression bomb')
    const zip = Buffer.from(zipSync({ 'b.csv': new Uint8Array(100) }))
    zip.writeUInt32LE(2 ** 30, zip.indexOf('PK\x01\x02') + 24) // the size that the directory claims
    await expect(bring([write('b.zip', zip)])).rejects.toThrow('decompression bomb')
    zip.writeUInt32LE(90, zip.indexOf('PK\x01\x02') + 24)
    await expect(bring([write('l.zip', zip)])).rejects.toThrow('damaged zip')
  })

  it('links that lead upwards end', async () => {
    write('set/a/1.csv', 'v,label\n1,x\n2,y\n')
    symlinkSync(join(given, 'set'), join(given, 'set', 'a', 'loop'))
    expect((await open([join(given, 'set')])).train.rows).toBe(2)
  })
})
