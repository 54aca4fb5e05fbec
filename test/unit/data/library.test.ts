import { existsSync, readdirSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { SampleSet } from '@contract/types'
import { hashDataset, pureHasher } from '@engine/data/hash'
import { hashText } from '@engine/data/hashedText'
import { catalog } from '@main/node/datasets/catalog'
import { catalogTexts } from '@main/node/datasets/catalogTexts'
import { createTextReader } from '@main/node/datasets/imported/texts'
import { datasetInfo, listDatasets, loadDataset } from '@main/node/datasets'
import { createWorker } from '@main/node/jobs/worker'
import { measure } from '@main/node/datasets/library'
import { resourcePath } from '@main/node/resources'

const present = (await listDatasets()).filter(({ available }) => available)

describe('library of data sets', () => {
  // `npx vitest run -u test/unit/data/library.test.ts` rewrites the index after a set was added (on a machine that has them all).
  it.skipIf(present.length < catalog.length)('has an index that matches the files', async () => {
    const index: Record<string, unknown> = {}
    for (const { id } of catalog) index[id] = measure(await loadDataset(id, '.'))
    await expect(`${JSON.stringify(index, null, 2)}\n`).toMatchFileSnapshot('../../../resources/data/index.json')
  })

  it.each(present.map(({ id }) => id))('%s is what its description says', async (id) => {
    const [dataset, info] = [await loadDataset(id, '.'), await datasetInfo(id, '.')]
    expect(measure(dataset)).toEqual({
      rows: info.rows,
      testRows: info.testRows,
      classes: info.classes,
      shape: info.shape,
      bytes: info.bytes,
      sha256: info.sha256,
    })
    expect(dataset.kind).toBe(info.kind)
    expect(new Set(dataset.train.labels).size).toBe(info.classes)
  })

  it('ships less than 5 MB of data in all', () => {
    const files = readdirSync(resourcePath('data'))
    expect(files.reduce((sum, file) => sum + statSync(resourcePath('data', file)).size, 0)).toBeLessThan(5e6)
  })

  it('keeps the numbering and the first rows of the sources', async () => {
    const digits = await loadDataset('digits', '.')
    expect(digits.train.shape).toEqual([1, 8, 8])
    expect(digits.valueRange).toBe(16)
    expect([...digits.train.data.subarray(0, 8)]).toEqual([0, 0, 5, 13, 9, 1, 0, 0])
    expect([...digits.train.labels.subarray(0, 5)]).toEqual([0, 1, 2, 3, 4])

    const cancer = await loadDataset('breast-cancer', '.')
    expect(cancer.classNames).toEqual(['malignant', 'benign'])
    expect([cancer.train.data[0], cancer.train.labels[0]]).toEqual([17.99, 0])
    expect([...cancer.train.labels].filter((label) => label === 1)).toHaveLength(357)

    const letter = await loadDataset('letter', '.')
    expect(letter.classNames.join('')).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ')
    expect(letter.classNames[letter.train.labels[0]]).toBe('T')
    expect([...letter.train.data.subarray(0, 4)]).toEqual([2, 8, 3, 5])

    const satellite = await loadDataset('satellite', '.')
    expect(satellite.classNames[satellite.train.labels[0]]).toBe('grey soil')

    const wine = await loadDataset('wine', '.')
    expect([wine.train.rows, wine.train.data[0], wine.classNames.length]).toEqual([178, 14.23, 3])
  })

  it('reads texts as hashed words and keeps the words themselves', async () => {
    const { train, test, classNames } = await loadDataset('spam', '.')
    expect(classNames).toEqual(['ham', 'spam'])
    for (const [part, pool] of Object.entries({ train, test })) {
      if (pool === null) throw new Error('no test part')
      const rows = Array.from({ length: pool.rows }, (_, row) => row)
      const texts = catalogTexts('spam', part as 'train' | 'test', rows) ?? []
      const expected = new Float32Array(2048)
      hashText(texts[7], expected)
      expect([...pool.data.subarray(7 * 2048, 8 * 2048)]).toEqual([...expected])
      // what tells people is gone, and no text is there twice
      expect(texts.filter((text) => /[\w.-]+@[\w-]+\.[a-z]{2}/i.test(text))).toEqual([])
      expect(texts.filter((text) => /https?:\/\/[\w.-]*\/\w|[?&]\w+=\w+@/.test(text))).toEqual([])
      expect(texts.filter((text) => /\b(?:[A-Z][a-z]+ ){1,2}wrote:/.test(text))).toEqual([])
      expect(new Set(texts).size).toBe(pool.rows)
    }
    const [trainTexts, testTexts] = [catalogTexts('spam', 'train', [0, 1, 2, 3]) ?? [], catalogTexts('spam', 'test', [0]) ?? []]
    expect(trainTexts).not.toContain(testTexts[0])
    expect(await createTextReader('no-library').read('spam', 'test', [0])).toEqual(testTexts)
    expect(catalogTexts('digits', 'train', [0])).toBeNull()
  })

  it('shows mails as words and speech as series', async () => {
    const { samples } = createWorker('no-library')
    const given = (id: string): Promise<SampleSet> =>
      datasetInfo(id, '.').then(({ sha256 }) =>
        samples({ dataset: id, datasetName: id, datasetSha256: sha256, baseDir: '.', rows: [3, 1] }),
      )
    expect(await given('spam')).toMatchObject({ kind: 'text', fullShape: [2048], texts: catalogTexts('spam', 'train', [3, 1]) })
    const { train } = await loadDataset('voices', '.')
    expect(await given('voices')).toMatchObject({
      kind: 'series',
      shape: [12, 32],
      texts: null,
      labels: [3, 1].map((row) => train.labels[row]),
    })
  })

  it('has series of balanced classes whose bands have no mean of their own', async () => {
    const { train, test, classNames } = await loadDataset('voices', '.')
    expect(classNames).toEqual(['English', 'Spanish', 'French', 'Italian', 'Russian'])
    for (const [pool, each] of [
      [train, 320],
      [test, 80],
    ] as const) {
      if (pool === null) throw new Error('no test part')
      expect(classNames.map((_, label) => pool.labels.filter((given) => given === label).length)).toEqual([each, each, each, each, each])
      for (let band = 0; band < 12 * pool.rows; band++) {
        let sum = 0
        for (const value of pool.data.subarray(32 * band, 32 * (band + 1))) sum += value
        if (sum < 6 * 32 || sum > 10 * 32) expect.fail(`band ${band % 12} of row ${Math.floor(band / 12)} has a mean of ${sum / 32}`)
      }
    }
  })

  it.skipIf(!existsSync('/usr/share/datasets/fashion-mnist'))('has the head of the full Fashion-MNIST as its subset', async () => {
    const [full, head] = [await loadDataset('fashion-mnist', '.'), await loadDataset('fashion-mnist-6k', '.')]
    expect(full.train.rows).toBe(60_000)
    expect(full.train.data).toBeInstanceOf(Uint8Array)
    for (const part of ['train', 'test'] as const) {
      const [all, some] = [full[part], head[part]]
      if (all === null || some === null) throw new Error('no test part')
      expect(Buffer.compare(all.data.subarray(0, some.data.length) as Uint8Array, some.data as Uint8Array)).toBe(0)
      expect(all.labels.subarray(0, some.rows)).toEqual(some.labels)
    }
  })

  it('hashes like the pure implementation', async () => {
    const { train, test, sha256 } = await loadDataset('digits', '.')
    expect(hashDataset(train, test, pureHasher())).toBe(sha256)
  })

  it('names the nearest set when there is none of that name', async () => {
    await expect(loadDataset('fashion-mnist-60k', '.')).rejects.toMatchObject({
      code: 'bad-input',
      details: { nearest: 'fashion-mnist-6k' },
    })
    await expect(datasetInfo('digit', '.')).rejects.toMatchObject({ details: { nearest: 'digits' } })
  })
})
