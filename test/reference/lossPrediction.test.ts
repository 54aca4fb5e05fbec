import { describe, expect, it } from 'vitest'
import { gradients } from '@engine/graph/grad'
import { rankingLoss } from '@engine/nn/losses'
import { evaluate, traced } from '../support/graphs'
import { readReference } from '../support/reference'

interface Case {
  readonly n: number
  readonly margin: number
  readonly predicted: number[]
  readonly true: number[]
  readonly loss_mean: number
  readonly loss_none: number[]
  readonly grad_predicted: number[]
}

const { cases } = readReference<{ readonly cases: readonly Case[] }>('loss-prediction')

/** ±1 at rows i and n − 1 − i. */
const pairsOf = (n: number): Float64Array => {
  const pairs = new Float64Array((n / 2) * n)
  for (let i = 0; i < n / 2; i++) {
    pairs[i * n + i] = 1
    pairs[i * n + n - 1 - i] = -1
  }
  return pairs
}

describe.each(cases)('ranking loss against public code, $n samples, margin $margin', (given) => {
  const { n, margin } = given
  const lossOf = (weights: Float64Array) =>
    evaluate(
      traced((g) => {
        const predicted = g.input('predicted', [n])
        const loss = rankingLoss(g, predicted, g.input('true', [n]), g.input('pairs', [n / 2, n]), g.input('weights', [n / 2]), margin)
        return { loss, gradient: gradients(g, loss, [predicted])[0] }
      }),
      { predicted: Float64Array.from(given.predicted), true: Float64Array.from(given.true), pairs: pairsOf(n), weights },
    )

  it('has the same mean and gradient', async () => {
    const { loss, gradient } = await lossOf(new Float64Array(n / 2).fill(2 / n))
    expect(Math.abs(loss[0] - given.loss_mean)).toBeLessThanOrEqual(1e-9 * given.loss_mean)
    given.grad_predicted.forEach((expected, i) => expect(gradient[i]).toBeCloseTo(expected, 12))
  })

  it('has the same term per pair', async () => {
    for (const [i, expected] of given.loss_none.entries()) {
      const { loss } = await lossOf(Float64Array.from({ length: n / 2 }, (_, pair) => (pair === i ? 1 : 0)))
      expect(Math.abs(loss[0] - expected)).toBeLessThanOrEqual(1e-9)
    }
  })
})
