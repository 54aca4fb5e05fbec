import { randomFrom } from '@engine/core/random'
import { exponentials } from '@engine/core/linear'
import { rowOf } from '@engine/core/matrix'
import { alignment, alignmentScores } from '@engine/strategies/alignment'
import { drawnLabels, logitTangents, meanGradient, oneHot, product } from '@engine/strategies/lossGradients'
import { describe, expect, it } from 'vitest'
import { arrayView, matrixOf, randomSamples, range, sampleQuery, viewOf } from '../../support/query'

const samples = randomSamples('alignment', 30)
const view = viewOf(samples)
const rows = range(0, 30)
const defaults = alignment.params.parse({})
const scoresOf = (params: Partial<typeof defaults>, target: Float64Array[]) =>
  alignmentScores(view, rows, target, { ...defaults, layers: 'last', ...params }, randomFrom('labels'))

describe('alignment', () => {
  it('gives the numbers of the worked example', async () => {
    const one = arrayView({ logits: matrixOf([[2, 1, 0]]), embeddings: matrixOf([[1, 2]]) })
    const target = [Float64Array.of(0.3, -0.1, -0.2, 0.4, -0.1, -0.3)]
    const score = async (params: Partial<typeof defaults>) =>
      (await alignmentScores(one, Int32Array.of(0), target, { ...defaults, layers: 'last-weight', ...params }, randomFrom(0)))[0]
    expect(await score({})).toBeCloseTo(0.05034, 6)
    expect(await score({ sign: -1 })).toBeCloseTo(-0.05034, 6)
    expect(await score({ labelMode: 'magnitude', sign: -1 })).toBeCloseTo(-0.05034, 6)
    expect(await score({ labelMode: 'expected-abs' })).toBeCloseTo(0.220089, 6)
    expect(await score({ labelMode: 'rms' })).toBeCloseTo(0.34098, 6)
    const scaled = [target[0].map((value) => value / Math.sqrt(0.4))]
    expect(
      (await alignmentScores(one, Int32Array.of(0), scaled, { ...defaults, layers: 'last-weight', similarity: 'cos' }, randomFrom(0)))[0],
    ).toBeCloseTo(0.083885, 6)
  })

  it('averages to 0 over the labels the model expects, and equals explicit inner products', async () => {
    const target = await meanGradient(view, range(0, 5), oneHot(Int32Array.of(0, 1, 2, 3, 0), 4), 'last')
    const p = exponentials(await view.logProbabilities(rows))
    const u = await logitTangents(view, rows, target, 'last')
    const argmax = await scoresOf({}, target)
    for (const row of rows) {
      const mean = rowOf(p, row).reduce((sum, value, c) => sum + value * rowOf(u, row)[c], 0)
      expect(rowOf(p, row).reduce((sum, value, c) => sum + value * (mean - rowOf(u, row)[c]), 0)).toBeCloseTo(0, 12)
      const label = rowOf(p, row).indexOf(Math.max(...rowOf(p, row)))
      const gradient = await meanGradient(view, Int32Array.of(row), oneHot(Int32Array.of(label), 4), 'last')
      expect(argmax[row]).toBeCloseTo(product(gradient, target), 12)
    }
  })

  it('reverses the ranking with the sign, and takes lower rows first without a target gradient', async () => {
    const query = (k: number) => sampleQuery(samples, { labeled: 4, k })
    const [up, down] = [
      await alignment.select(query(26), { ...defaults, layers: 'last' }),
      await alignment.select(query(26), { ...defaults, sign: -1 }),
    ]
    expect([...down.rows]).toEqual([...up.rows].reverse())
    const unlabelled = { ...query(3), labeled: new Int32Array(0), labels: new Int32Array(0) }
    const none = await alignment.select(unlabelled, { ...defaults, target: 'train' })
    expect([...none.rows]).toEqual([4, 5, 6])
    expect(none.scores?.every((score) => score === 0)).toBe(true)
    expect(none.diagnostics).toEqual({ target_norm: 0 })
  })

  it('normalises gradients averaged over drawn labels; a row draws the same whatever is asked beside it', async () => {
    const target = await meanGradient(view, range(0, 5), oneHot(Int32Array.of(0, 1, 2, 3, 0), 4), 'last')
    const sampled = await scoresOf({ labelMode: 'sampled', draws: 5 }, target)
    const length = Math.sqrt(product(target, target))
    expect(sampled.every((score) => Math.abs(score) <= length * (1 + 1e-12))).toBe(true)
    const alone = await alignmentScores(
      view,
      Int32Array.of(17),
      target,
      { ...defaults, layers: 'last', labelMode: 'sampled', draws: 5 },
      randomFrom('labels'),
    )
    expect(alone[0]).toBe(sampled[17])
    const p = await view.probabilities(rows)
    const counts = new Float64Array(4)
    for (let draw = 0; draw < 400; draw++) counts[drawnLabels(p, rows, randomFrom(draw))[3]]++
    counts.forEach((count, c) => expect(Math.abs(count / 400 - rowOf(p, 3)[c])).toBeLessThan(0.1))
  })
})
