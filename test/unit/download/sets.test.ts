import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { importDataset, listDatasets, loadDataset } from '@main/node/datasets'
import { fileImporters, treeImporters } from '@main/node/datasets/importers/registry'
import { catalog } from '@main/node/datasets/catalog'
import { discardDownload, downloadSet, factsOf, receivedOf, requirePublicSet } from '@main/node/download/sets'
import { publicSets, type PublicSet } from '@main/node/download/publicSets'
import { temporaryFolder } from '../../support/cli'
import { file, startDownloadServer, status, type DownloadServer } from '../../support/downloadServer'
import { refusal } from '../../support/errors'
import { publicSetFiles } from '../../support/publicSetFiles'

let server: DownloadServer
let folder: ReturnType<typeof temporaryFolder>
beforeAll(async () => void (server = await startDownloadServer()))
afterAll(() => server.close())
beforeEach(() => void (folder = temporaryFolder()))
afterEach(() => folder.dispose())

/** The set without the checksums and sizes of the real files, which the small ones do not have. */
const unchecked = (id: string): PublicSet => {
  const set = requirePublicSet(id)
  return { ...set, files: set.files.map(({ name, urls }) => ({ name, urls })) }
}
function serveSet(id: string): string {
  for (const [name, bytes] of Object.entries(publicSetFiles[id]())) server.serve(`/${id}/${name}`, file(bytes))
  return server.url(`/${id}`)
}
const bring = async (set: PublicSet) => {
  const library = folder.path
  const assignment = await downloadSet({ set, library, mirror: serveSet(set.id) })
  return importDataset({ ...assignment, library, importedAt: new Date(0) })
}

describe('the list of public sets', () => {
  it('has every id once, importers that exist, and no id of a set that comes with the app', () => {
    const ids = publicSets().map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const importers = [...treeImporters, ...fileImporters].map(({ id }) => id)
    for (const set of publicSets()) {
      expect(importers).toContain(set.importer)
      expect(set.licence).not.toBe('')
      expect(catalog.some(({ id, folder: place }) => id === set.id && place === null)).toBe(false)
      const exact = set.files.reduce((sum, { bytes }) => sum + (bytes ?? NaN), 0)
      if (factsOf(set).isExact) expect(exact).toBe(set.bytes)
      for (const { checksum } of set.files) expect([undefined, 32, 64]).toContain(checksum?.hex.length)
    }
  })

  it('has a sample of the files of each', () =>
    expect(Object.keys(publicSetFiles).sort()).toEqual(
      publicSets()
        .map(({ id }) => id)
        .sort(),
    ))

  it('names the nearest for an unknown id', async () => {
    expect(await refusal(() => requirePublicSet('cifar10'))).toMatchObject({ code: 'not-found', details: { nearest: 'cifar-10' } })
  })
})

describe('a download becomes a set of the library', () => {
  it.each([
    ['mnist', 20, 10, [1, 28, 28], ['0', '1']],
    ['kmnist', 20, 10, [1, 28, 28], ['o', 'ki']],
    ['cifar-10', 20, 10, [3, 32, 32], ['airplane', 'automobile']],
    ['cifar-100', 100, 100, [3, 32, 32], ['fine_0', 'fine_1']],
    ['svhn', 11, 2, [3, 32, 32], ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']],
    ['svhn-extra', 10, 2, [3, 32, 32], ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0']],
    ['stl-10', 10, 10, [3, 96, 96], ['airplane', 'bird']],
    ['imagenette', 4, 4, [3, 64, 64], ['tench', 'English springer']],
    ['oxford-pets', 2, 2, [3, 64, 64], ['Abyssinian', 'American Bulldog']],
    ['olivetti', 40, 0, [1, 64, 64], ['0', '1', '2', '3']],
    ['eurosat', 4, 0, undefined, ['AnnualCrop', 'Forest']],
    ['ag-news', 10, 2, [512], ['World', 'Sports', 'Business', 'Sci/Tech']],
    ['sst-2', 3, 2, [1024], ['negative', 'positive']],
    ['imdb', 4, 4, [1024], ['negative', 'positive']],
    ['20-newsgroups', 4, 4, [1024], ['alt.atheism', 'sci.space']],
    ['sms-spam', 3, 0, [1024], ['ham', 'spam']],
    ['optdigits', 10, 10, [64], ['0', '1']],
    ['spambase', 4, 0, [57], ['ham', 'spam']],
  ])('%s', async (id, rows, testRows, shape, classNames) => {
    const set = unchecked(id)
    const { dataset } = await bring(set)
    expect(dataset).toMatchObject({ id, rows, testRows, kind: set.kind, licence: set.licence, title: set.title })
    if (shape !== undefined) expect(dataset.shape).toEqual(shape)
    const loaded = await loadDataset(id, folder.path, folder.path)
    expect(loaded.classNames.slice(0, classNames.length)).toEqual(classNames)
    expect(dataset.source).toContain(set.source)
    expect(dataset.source).toMatch(/SHA-256 [0-9a-f]{64}/)
    const stored = JSON.parse(readFileSync(join(folder.path, dataset.sha256, 'dataset.json'), 'utf8')) as { importer: string }
    expect(stored.importer).toBe(set.importer)
  })

  it.skipIf(existsSync('/usr/share/datasets/fashion-mnist'))(
    'fashion-mnist, which is then in the list once and can be loaded',
    async () => {
      const { dataset } = await bring(unchecked('fashion-mnist'))
      expect(dataset).toMatchObject({ id: 'fashion-mnist', rows: 20 })
      expect((await listDatasets(folder.path)).filter(({ id }) => id === 'fashion-mnist')).toMatchObject([{ available: true }])
      expect((await loadDataset('fashion-mnist', '.', folder.path)).classNames[9]).toBe('Ankle boot')
    },
  )

  it('olivetti: persons in order, faces line by line', async () => {
    await bring(unchecked('olivetti'))
    const { train, classNames } = await loadDataset('olivetti', folder.path, folder.path)
    expect(classNames).toHaveLength(4)
    expect([...train.labels].map((label, row) => label === Math.floor(row / 10))).not.toContain(false)
    const line = (row: number, y: number) => [...train.data.subarray(row * 4096 + y * 64, row * 4096 + (y + 1) * 64)]
    expect(line(7, 0)).toEqual(Array(64).fill(7))
    expect(line(7, 63)).toEqual(Array(64).fill(70))
  })

  it('keeps its files until they are discarded, and asks only for what is missing', async () => {
    const set = unchecked('svhn')
    const mirror = serveSet('svhn')
    server.serve('/svhn/test_32x32.mat', status(503))
    const stop = new AbortController()
    const error = await refusal(() =>
      downloadSet({
        set,
        library: folder.path,
        mirror,
        signal: stop.signal,
        onProgress: ({ phase }) => phase === 'checking' && setTimeout(() => stop.abort(), 50),
      }),
    )
    expect(error.code).toBe('cancelled')
    const [train] = Object.values(publicSetFiles.svhn())
    expect(await receivedOf(folder.path, 'svhn')).toBe(train.length)
    const asked = server.asked('/svhn/train_32x32.mat').length
    await bring(set)
    expect(server.asked('/svhn/train_32x32.mat')).toHaveLength(asked)
    await discardDownload(folder.path, 'svhn')
    expect(await receivedOf(folder.path, 'svhn')).toBe(0)
  })

  it('never takes other bytes for those of a published checksum', async () => {
    const mirror = serveSet('cifar-10')
    const error = await refusal(() => downloadSet({ set: requirePublicSet('cifar-10'), library: folder.path, mirror }))
    expect(error.message).toContain('another file') // its size tells
    const fashion = await refusal(() =>
      downloadSet({ set: requirePublicSet('fashion-mnist'), library: folder.path, mirror: serveSet('fashion-mnist') }),
    )
    expect(fashion).toMatchObject({ code: 'bad-input', message: expect.stringContaining('not the published file') as unknown })
  })
})
