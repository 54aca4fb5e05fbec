import { describe, expect, it } from 'vitest'
import { scoreOf, type ScoreId } from '@engine/strategies/scores'
import { scoreSource } from '@engine/strategies/query'
import { badge, badgeScores, gradientEmbeddings, residuals } from '@engine/strategies/badge'
import { activationNorms, allLayerNorms, entropyOutputErrors, lastLayerNorms, outputNorms } from '@engine/strategies/entropyGradnorm'
import { variationRatios } from '@engine/strategies/variationRatio'
import { arrayQuery, arrayView, matrixOf, range } from '../../support/query'

// E1: z = (2, 1, 0), h = (1, 2); E7 adds z' = (0, 0, 1), h' = (2, 0).
const view = arrayView({
  logits: matrixOf([
    [2, 1, 0],
    [0, 0, 1],
  ]),
  embeddings: matrixOf([
    [1, 2],
    [2, 0],
  ]),
})
const rows = range(0, 2)
const score = async (id: ScoreId, params: unknown = {}): Promise<number> =>
  (await scoreOf(id).score(scoreSource(view, rows), scoreOf(id).params.parse(params)))[0]

describe('E1', () => {
  it.each<[ScoreId, object, number]>([
    ['entropy', {}, 0.832396],
    ['margin', {}, -0.420512],
    ['least-confidence', {}, 0.334759],
    ['gradient-embedding-norm', {}, Math.sqrt(0.180061 * 5)],
    ['entropy-gradnorm', { layers: 'last', normMode: 'global-l2' }, 0.847764],
    ['entropy-gradnorm', { layers: 'last', normMode: 'tensor-sum' }, 0.3460983 * (Math.sqrt(5) + 1)],
    ['entropy-gradnorm', { layers: 'last-weight' }, 0.773899],
    ['egl', {}, 1.416388],
    ['egl', { layers: 'last', normMode: 'global-l2' }, (1.416388 / Math.sqrt(5)) * Math.sqrt(6)],
    ['egl', { layers: 'last' }, (1.416388 / Math.sqrt(5)) * (Math.sqrt(5) + 1)],
    ['fisher-trace', {}, 2.447285],
    ['fisher-trace', { layers: 'last' }, (2.447285 / 5) * 6],
    ['entropy-gradnorm', { layers: 'last', component: 'output' }, 0.346098],
    ['entropy-gradnorm', { layers: 'all', component: 'output' }, 0.346098],
    ['entropy-gradnorm', { layers: 'last', component: 'activation' }, Math.sqrt(5) + 1],
    ['entropy-gradnorm', { layers: 'last', component: 'activation', normMode: 'global-l2' }, Math.sqrt(6)],
  ])('%s %j', async (id, params, expected) => {
    expect(await score(id, params)).toBeCloseTo(expected, 6)
  })

  it('derivatives of entropy and hallucinated loss', async () => {
    const errors = entropyOutputErrors(await view.logProbabilities(rows)).data
    ;[-0.282587, 0.14077, 0.141817].forEach((value, c) => expect(errors[c]).toBeCloseTo(value, 6))
    const r = residuals(await view.probabilities(rows)).data
    ;[-0.334759, 0.244728, 0.090031].forEach((value, c) => expect(r[c]).toBeCloseTo(value, 6))
  })
})

describe('entropy gradient norm', () => {
  const logProbabilities = matrixOf([
    [Math.log(0.25), Math.log(0.25), Math.log(0.25), Math.log(0.25)],
    [Math.log(0.5), Math.log(0.5), -Infinity, -Infinity],
    [0, -Infinity, -Infinity, -Infinity],
  ])
  const embeddings = matrixOf([[3], [4], [0]])

  it('is 0 at uniform, at uniform on a subset and at one-hot predictions (A§19.4)', () => {
    for (const norm of outputNorms(logProbabilities)) expect(norm).toBeLessThan(1e-15)
    for (const norm of lastLayerNorms(logProbabilities, embeddings, { layers: 'last', normMode: 'tensor-sum' })) expect(norm).toBeLessThan(1e-14)
  })

  it('keeps the activation of the last layer where the output error is 0', () => {
    expect([...activationNorms(embeddings, { layers: 'last', normMode: 'tensor-sum' })]).toEqual([4, 5, 1])
    expect([...activationNorms(embeddings, { layers: 'last', normMode: 'global-l2' })]).toEqual([Math.sqrt(10), Math.sqrt(17), 1])
    expect([...activationNorms(embeddings, { layers: 'last-weight', normMode: 'tensor-sum' })]).toEqual([3, 4, 0])
  })

  it('combines the tensors of all layers', () => {
    const norms = {
      squared: matrixOf([
        [9, 16],
        [0, 0],
      ]),
      outputError: Float64Array.of(2, 0),
      tensors: ['weight', 'bias'],
    }
    expect([...allLayerNorms(norms, { normMode: 'tensor-sum', component: 'full' })]).toEqual([7, 0])
    expect([...allLayerNorms(norms, { normMode: 'global-l2', component: 'full' })]).toEqual([5, 0])
    expect([...allLayerNorms(norms, { normMode: 'tensor-sum', component: 'activation' })]).toEqual([3.5, 0])
  })
})

describe('E7', () => {
  it('factorised norms and distance', async () => {
    const [probabilities, embeddings] = [await view.probabilities(rows), await view.embeddings(rows)]
    const norms = badgeScores(probabilities, embeddings)
    expect(norms[0]).toBeCloseTo(0.900306, 6)
    expect(norms[1]).toBeCloseTo(1.078061, 6)
    expect(badgeScores(probabilities, embeddings, [1])[0]).toBeCloseTo(2.207342, 6)
    expect(badgeScores(probabilities, embeddings, [1])[1]).toBe(0)
    expect(gradientEmbeddings(probabilities, embeddings).size).toBe(2)
  })

  it('starts with the longer gradient', async () => {
    expect((await badge.select(arrayQuery({ pool: rows, k: 1, model: view }), badge.params.parse({}))).rows[0]).toBe(1)
  })
})

it('variation ratio counts votes', () => {
  const vote = (...classes: number[]) => matrixOf(classes.map((c) => [0, 1, 2].map((i) => (i === c ? 0.8 : 0.1))))
  expect([...variationRatios([vote(0, 1), vote(0, 2), vote(1, 0), vote(0, 1)])]).toEqual([0.25, 0.5])
})
