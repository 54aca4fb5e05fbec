import { describe, expect, it } from 'vitest'
import { randomFrom } from '@engine/core/random'
import { parseRecorded } from '@engine/strategies/recorded'
import { strategyOf } from '@engine/strategies/registry'
import type { Acquisition } from '@engine/strategies/contract'
import { refusal } from '../../support/errors'
import { arrayQuery, arrayView, matrixOf, randomSamples, range, sampleQuery } from '../../support/query'

const select = (id: string, params: object, query: Parameters<typeof arrayQuery>[0]): Promise<Acquisition> =>
  strategyOf(id).select(arrayQuery(query), strategyOf(id).params.parse(params))

const samples = randomSamples('selection', 80)
const rowsOf = async (id: string, params: object, k = 12): Promise<number[]> => [
  ...(await select(id, params, { ...sampleQuery(samples, { labeled: 8, k }), inputs: samples.inputs })).rows,
]

describe('acquisition', () => {
  it.each(['entropy', 'margin', 'least-confidence', 'entropy-gradnorm', 'gradient-embedding-norm'])(
    'every batch of %s begins with the highest score',
    async (score) => {
      const [best] = await rowsOf('acquisition', { score, batch: 'topk' }, 1)
      for (const batch of ['kmeans++', 'kcenter']) expect((await rowsOf('acquisition', { score, batch }))[0]).toBe(best)
    },
  )

  it('with the top of a score is that strategy', async () => {
    expect(await rowsOf('acquisition', { score: 'margin' })).toEqual(await rowsOf('margin', {}))
    expect(await rowsOf('acquisition', { score: 'entropy-gradnorm', component: 'activation' })).toEqual(
      await rowsOf('entropy-gradnorm', { component: 'activation' }),
    )
  })

  it('with the gradient embedding norm and k-means++ is BADGE', async () => {
    expect(await rowsOf('acquisition', { score: 'gradient-embedding-norm', batch: 'kmeans++' })).toEqual(await rowsOf('badge', {}))
  })

  it('spreads the batch where the top of the score does not', async () => {
    // Two groups of equal points; the first is a little more uncertain.
    const logits = matrixOf([...Array.from({ length: 5 }, () => [0, 0.1]), ...Array.from({ length: 5 }, () => [0.2, 0])])
    const embeddings = matrixOf([...Array.from({ length: 5 }, () => [1, 0]), ...Array.from({ length: 5 }, () => [0, 1])])
    const query = { pool: range(0, 10), k: 2, model: arrayView({ logits, embeddings }) }
    expect([...(await select('acquisition', { batch: 'topk' }, query)).rows]).toEqual([0, 1])
    expect([...(await select('acquisition', { batch: 'kcenter' }, query)).rows]).toEqual([0, 5])
    const [first, second] = (await select('acquisition', { batch: 'kmeans++' }, query)).rows
    expect(first).toBe(0)
    expect(second).toBeGreaterThanOrEqual(5)
  })
})

describe('badge', () => {
  it('takes the one uncertain point of a confident pool first (A§19.14)', async () => {
    const logits = matrixOf(Array.from({ length: 9 }, (_, i) => (i === 6 ? [0.3, 0] : [60, 0])))
    const embeddings = matrixOf(Array.from({ length: 9 }, (_, i) => [1, i]))
    expect((await select('badge', {}, { pool: range(0, 9), k: 1, model: arrayView({ logits, embeddings }) })).rows[0]).toBe(6)
  })
})

describe('core-set', () => {
  const embeddings = matrixOf([[0], [1], [2], [9]])
  const query = { pool: range(0, 4), k: 2, model: arrayView({ embeddings }) }

  it('starts at the candidate nearest the mean, or at a random one', async () => {
    expect([...(await select('core-set', {}, query)).rows]).toEqual([2, 3])
    const starts = await Promise.all(
      Array.from(
        { length: 60 },
        async (_, i) => (await select('core-set', { start: 'random' }, { ...query, random: randomFrom(i) })).rows[0],
      ),
    )
    expect(new Set(starts).size).toBe(4)
  })

  it('scores so that the batch is the top of the scores, in order', async () => {
    const { rows, scores = new Float64Array() } = await select('core-set', {}, { ...sampleQuery(samples, { labeled: 5, k: 10 }) })
    const byScore = [...range(5, 80)].sort((a, b) => scores[b - 5] - scores[a - 5])
    expect(byScore.slice(0, 10)).toEqual([...rows])
  })
})

describe('replay', () => {
  const csv = [
    'study,strategy,seed,round,order,row,label',
    'a,badge,0,0,0,99,1',
    'a,badge,0,1,1,4,0',
    'a,badge,0,1,0,7,0',
    'a,badge,0,2,0,5,2',
    'a,badge,1,1,0,3,2',
    'a,entropy,0,1,0,8,2',
  ].join('\r\n')

  it('reads the picks of one strategy in pick order, without the initial set', () => {
    const recorded = parseRecorded(csv, 'selections.csv', { strategy: 'badge' })
    expect([...recorded.keys()]).toEqual([0, 1])
    expect(recorded.get(0)?.map((rows) => [...rows])).toEqual([[7, 4], [5]])
    expect(recorded.get(1)?.map((rows) => [...rows])).toEqual([[3]])
  })

  it('refuses files it cannot use', async () => {
    expect(() => parseRecorded(csv, 'selections.csv')).toThrow('several strategies')
    expect(await refusal(() => parseRecorded(csv, 'selections.csv', { strategy: 'bagde' }))).toMatchObject({ details: { nearest: 'badge' } })
    expect(() => parseRecorded('seed,round,row\n0,1,2', 'x.csv')).toThrow('no column order')
    expect(() => parseRecorded('seed,round,order,row\n0,1,0,2.5', 'x.csv')).toThrow('line 2: row')
  })

  it('repeats the batch of its round, and refuses what cannot be labelled', async () => {
    const recorded = parseRecorded(csv, 'selections.csv', { strategy: 'badge' }).get(0)
    const model = arrayView({})
    const params = { selections: 'selections.csv' }
    expect([...(await select('replay', params, { pool: range(0, 10), k: 2, model, recorded })).rows]).toEqual([7, 4])
    expect([...(await select('replay', params, { pool: range(0, 10), k: 1, model, recorded, round: 1 })).rows]).toEqual([5])
    await expect(select('replay', params, { pool: range(0, 5), k: 2, model, recorded })).rejects.toThrow('row 7')
    await expect(select('replay', params, { pool: range(0, 10), k: 3, model, recorded })).rejects.toMatchObject({
      details: { found: '2 rows', expected: '3 rows' },
    })
    await expect(select('replay', params, { pool: range(0, 10), k: 2, model, recorded: [[3, 3]] })).rejects.toMatchObject({
      code: 'bad-input',
    })
  })
})

describe('arrays in place of a model', () => {
  const embeddings = matrixOf([[1], [2]])
  const probabilities = matrixOf([
    [0.5, 0.5],
    [0.1, 0.9],
  ])

  it('names the input a method lacks', async () => {
    const ask = (id: string, params: object, source: Parameters<typeof arrayView>[0]) =>
      select(id, params, { pool: range(0, 2), k: 1, model: arrayView(source) })
    expect(await refusal(() => ask('badge', {}, { probabilities }))).toMatchObject({ code: 'unsupported' })
    await expect(ask('badge', {}, { probabilities })).rejects.toThrow('--features')
    await expect(ask('badge', {}, { embeddings })).rejects.toThrow('--probs')
    await expect(ask('entropy-gradnorm', {}, { probabilities, embeddings })).rejects.toThrow('--model')
    await expect(ask('variation-ratio', {}, { probabilities })).rejects.toThrow('least-confidence')
    await expect(ask('core-set', { space: 'inputs' }, { embeddings })).rejects.toThrow('--inputs')
  })

  it('refuses arrays that do not fit', () => {
    expect(() => arrayView({ probabilities: matrixOf([[0.5, 0.7]]) })).toThrow('row 0 is not a probability distribution')
    expect(() =>
      arrayView({
        probabilities: matrixOf([
          [0.5, 0.5],
          [1.5, -0.5],
        ]),
      }),
    ).toThrow('row 1')
    expect(() => arrayView({ probabilities, embeddings: matrixOf([[1]]) })).toThrow('differ in length')
    expect(() => arrayView({ embeddings, weight: matrixOf([[1, 2]]) })).toThrow('differ in width')
  })
})
