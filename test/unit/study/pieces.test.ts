import { describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { createModel } from '@engine/nn/createModel'
import { createLedger } from '@engine/study/ledger'
import { createModelView } from '@engine/study/modelView'
import { heldOutCount, initialRows, partitionOf, positionOf, without } from '@engine/study/partition'
import { parsePath, withValueAt } from '@engine/study/paths'
import { parseInitialRows, parseSplit } from '@engine/study/runFiles'
import { streamsOf } from '@engine/study/streams'
import { blobs, expandFor, quickStudy, steppingClock } from '../../support/studies'

describe('partitionOf', () => {
  const dataset = blobs({ rows: 50, testRows: 10 })
  const [{ spec }] = expandFor(quickStudy('random'), dataset)
  const split = (test: 'provided' | number, validation = 0, data = dataset) => {
    const adapted = { ...spec, data: { ...spec.data, test }, protocol: { ...spec.protocol, validation } }
    return partitionOf(data, adapted, undefined, streamsOf(adapted))
  }

  it.each([
    ['provided', 0, 50, 10],
    [0.3, 0, 35, 15],
    [12, 5, 33, 12],
  ] as const)('with test %s and validation %i leaves %i rows and tests %i', (test, validation, pool, tested) => {
    const part = split(test, validation)
    expect([part.pool.length, part.validation.length, part.test.rows.length]).toEqual([pool, validation, tested])
    const own = [...part.pool, ...part.validation, ...(test === 'provided' ? [] : part.test.rows)]
    expect(own.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, row) => row))
    for (const rows of [part.pool, part.validation, part.test.rows]) expect([...rows]).toEqual([...rows].sort((a, b) => a - b))
  })

  it('takes rows from a file and refuses rows that are twice or nowhere', () => {
    const file = { ...spec, data: { ...spec.data, split: 's.json' } }
    const from = (train: number[], validation: number[], test: number[]) =>
      partitionOf(dataset, file, { train, validation, test }, streamsOf(file))
    const part = from([5, 1, 3], [9], [])
    expect([[...part.pool], [...part.validation], part.test.rows.length, part.test.heldOut]).toEqual([[1, 3, 5], [9], 10, false])
    expect([...from([5], [], [7, 6]).test.rows]).toEqual([6, 7])
    expect(() => from([1, 2], [], [2])).toThrow('row 2 is there twice')
    expect(() => from([1, 50], [], [])).toThrow('50 is no row')
    expect(() => partitionOf(dataset, file, undefined, streamsOf(file))).toThrow('s.json was not read')
  })

  it('counts held-out rows', () => {
    expect(heldOutCount('provided', 100, true)).toBe(0)
    expect(heldOutCount('provided', 101, false)).toBe(20)
    expect(heldOutCount(0.25, 101, true)).toBe(25)
    expect(heldOutCount(7, 101, true)).toBe(7)
  })
})

describe('initialRows', () => {
  const labels = Int32Array.from({ length: 100 }, (_, row) => (row < 80 ? 0 : row < 95 ? 1 : 2))
  const pool = Int32Array.from({ length: 100 }, (_, row) => row)
  const counts = (count: number) => {
    const rows = initialRows(pool, labels, 3, count, 'stratified', randomFrom(count))
    expect(new Set(rows).size).toBe(count)
    return [0, 1, 2].map((c) => rows.filter((row) => labels[row] === c).length)
  }

  it('keeps the proportions of the pool, with a row of every class', () => {
    expect(counts(20)).toEqual([16, 3, 1])
    expect(counts(10)).toEqual([8, 1, 1])
    expect(counts(3)).toEqual([1, 1, 1])
    expect(counts(2)).toEqual([1, 1, 0])
    expect(counts(1)).toEqual([1, 0, 0])
    expect(counts(100)).toEqual([80, 15, 5])
    for (let count = 1; count <= 100; count++) expect(counts(count).reduce((a, b) => a + b)).toBe(count)
  })
})

describe('row lists', () => {
  it('takes rows away and finds positions', () => {
    const rows = Int32Array.of(2, 3, 5, 8)
    expect([...without(rows, [3, 8])]).toEqual([2, 5])
    expect(without(rows, [])).toBe(rows)
    expect([2, 3, 5, 8, 0, 4, 9].map((row) => positionOf(rows, row))).toEqual([0, 1, 2, 3, -1, -1, -1])
  })
})

describe('files of a run', () => {
  it('reads splits in JSON, YAML and CSV', () => {
    const expected = { train: [0, 2], validation: [3], test: [1] }
    expect(parseSplit(JSON.stringify(expected), 's.json')).toEqual(expected)
    expect(parseSplit('train: [0, 2]\nvalidation: [3]\ntest: [1]', 's.yaml')).toEqual(expected)
    expect(parseSplit('row,part\n0,train\n1,test\n2,train\n3,validation\n', 's.csv')).toEqual(expected)
    expect(parseSplit('train: [4]', 's.yaml')).toEqual({ train: [4], validation: [], test: [] })
    expect(() => parseSplit('row,part\n,train\n', 's.csv')).toThrow('NaN is not a row')
    expect(() => parseSplit('row,part\n1,constructor\n', 's.csv')).toThrow('s.csv, line 2: unknown part')
  })

  it.each(['[]', '{}', 'train: 3', 'train: [a]', 'train: [-1]', 'trian: [1]', 'train: [1]\nother: [2]', 'a: ['])(
    'refuses the split %j',
    (text) => {
      expect(() => parseSplit(text, 's.yaml')).toThrow('s.yaml')
    },
  )

  it('reads initial rows for all repeats or for each', () => {
    for (const text of ['[4, 1]', '4\n1\n', '4, 1', '4;1', 'row\n4\n1\n']) expect(parseInitialRows(text, 'i', 3)).toEqual([4, 1])
    expect(parseInitialRows('[[1], [2, 3]]', 'i', 1)).toEqual([2, 3])
    expect(() => parseInitialRows('[[1], [2]]', 'i', 2)).toThrow('repeat 2 is missing')
    expect(() => parseInitialRows('{}', 'i', 0)).toThrow('list of rows')
  })
})

describe('paths', () => {
  it('finds strategies by the longest name', () => {
    expect(parsePath('strategies.a.b.score', ['a', 'a.b'])).toEqual(['strategies', 1, 'score'])
    expect(parsePath('strategies.a.score', ['a', 'a.b'])).toEqual(['strategies', 0, 'score'])
    expect(parsePath('strategies[1].score', ['a'])).toEqual(['strategies', 1, 'score'])
    expect(parsePath('ablate.strategies.a.b', ['a'])).toEqual(['ablate', 'strategies.a.b'])
  })

  it('sets values in copies', () => {
    const root = { a: [{ b: 1 }] }
    expect(withValueAt(root, ['a', 0, 'c'], 2)).toEqual({ a: [{ b: 1, c: 2 }] })
    expect(withValueAt(root, ['x', 'y'], 2)).toEqual({ a: [{ b: 1 }], x: { y: 2 } })
    expect(root).toEqual({ a: [{ b: 1 }] })
    expect(() => withValueAt(root, ['a', 1], 2)).toThrow('list of 1')
    expect(() => withValueAt(root, ['a', 'b'], 2)).toThrow()
  })
})

describe('the ledger', () => {
  it('charges nested work once', async () => {
    const { ticks } = steppingClock()
    const ledger = createLedger(ticks)
    const inner = () => ledger.charge('scoreMs', () => ledger.charge('forwardMs', () => ticks()))
    await ledger.charge('chooseMs', async () => {
      inner()
      await ledger.charge('forwardMs', async () => ticks())
    })
    const { forwardMs, scoreMs, chooseMs, trainMs } = ledger.spent
    expect({ forwardMs, scoreMs, chooseMs, trainMs }).toEqual({ forwardMs: 4, scoreMs: 2, chooseMs: 3, trainMs: 0 })
    expect(ticks()).toBe(forwardMs + scoreMs + chooseMs + 1)
  })

  it('charges work that fails', async () => {
    const ledger = createLedger(steppingClock().ticks)
    await expect(ledger.charge('trainMs', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(ledger.spent.trainMs).toBe(1)
  })
})

describe('the model view', () => {
  const { train } = blobs({ rows: 30 })
  const rowsOf = (...rows: number[]) => Int32Array.from(rows)

  async function viewOf(embeddings: boolean) {
    const model = createModel(
      {
        layers: [{ type: 'dense', units: 5 }, { type: 'relu' }, { type: 'dense', units: 3 }],
        init: 'he-uniform',
        inputShape: [4],
        classes: 3,
      },
      createReferenceExecutor(),
    )
    model.initialize(randomFrom(1))
    const asked: number[][] = []
    const spied = { ...model, outputs: (rows: Parameters<typeof model.outputs>[0]) => (asked.push([...rows.index]), model.outputs(rows)) }
    const view = createModelView(spied, {
      rows: (index) => ({ pool: train, scaling: identityScaling, index }),
      count: 30,
      embeddings,
      passes: randomFrom(2),
    }).charged(createLedger(steppingClock().ticks))
    const whole = await model.outputs({ pool: train, scaling: identityScaling, index: Int32Array.from({ length: 30 }, (_, i) => i) })
    return { view, asked, whole }
  }

  it.each([true, false])('asks the network once per row (embeddings kept: %s) and answers in any order', async (kept) => {
    const { view, asked, whole } = await viewOf(kept)
    await view.probabilities(rowsOf(1, 2, 3))
    await view.logProbabilities(rowsOf(1, 2, 3))
    const embeddings = await view.embeddings(rowsOf(9, 3, 1))
    expect([...embeddings.data]).toEqual([9, 3, 1].flatMap((row) => [...whole.embedding.data.subarray(row * 5, row * 5 + 5)]))
    const logs = await view.logProbabilities(rowsOf(4, 3, 2, 9))
    expect(logs.rows).toBe(4)
    const repeated = asked.flat()
    if (kept) expect(new Set(repeated).size).toBe(repeated.length)
    expect(await view.logProbabilities(rowsOf(1, 2, 3))).toBe(await view.logProbabilities(rowsOf(1, 2, 3)))
    const sums = (await view.probabilities(rowsOf(4, 3))).data
    expect(sums[0] + sums[1] + sums[2]).toBeCloseTo(1, 12)
  })

  it('gives norms and the last layer', async () => {
    const { view } = await viewOf(false)
    const all = await view.tensorNorms(rowsOf(5, 6, 7))
    const some = await view.tensorNorms(rowsOf(7, 5))
    expect(some.tensors).toEqual(all.tensors)
    expect([...some.outputError]).toEqual([all.outputError[2], all.outputError[0]])
    expect((await view.lastLayer()).weight).toMatchObject({ rows: 3, cols: 5 })
  })

  it('answers for no rows', async () => {
    const { view } = await viewOf(true)
    expect((await view.probabilities(rowsOf())).rows).toBe(0)
    expect((await view.embeddings(rowsOf())).rows).toBe(0)
  })
})
