import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { logSoftmax } from '@engine/core/linear'
import { topK } from '@engine/core/topK'
import { residuals } from '@engine/strategies/badge'
import { entropies } from '@engine/strategies/entropy'
import { entropyOutputErrors, lastLayerNorms, outputNorms } from '@engine/strategies/entropyGradnorm'
import { scoreOf } from '@engine/strategies/scores'
import { scoreSource } from '@engine/strategies/query'
import { arrayView, matrixOf, range } from '../support/query'

const logits = fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 2, maxLength: 8 })
const entropyOf = (z: readonly number[]): number => entropies(logSoftmax(matrixOf([z])))[0]
const errorsOf = (z: readonly number[]): number[] => [...entropyOutputErrors(logSoftmax(matrixOf([z]))).data]
const softmax = (z: readonly number[]): number[] => [...logSoftmax(matrixOf([z])).data].map(Math.exp)

describe('derivative of the entropy (A§19.4)', () => {
  it('equals central differences and sums to 0', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const step = 1e-5
        errorsOf(z).forEach((error, i) => {
          const moved = (by: number): number => entropyOf(z.map((value, j) => (i === j ? value + by : value)))
          expect(Math.abs(error - (moved(step) - moved(-step)) / (2 * step))).toBeLessThan(1e-6)
        })
        expect(Math.abs(errorsOf(z).reduce((a, b) => a + b))).toBeLessThan(1e-12)
      }),
    )
  })

  it('vanishes at uniform predictions and towards one-hot ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.double({ min: -50, max: 50, noNaN: true }), (classes, level) => {
        const uniform = new Array<number>(classes).fill(level)
        for (const error of errorsOf(uniform)) expect(Math.abs(error)).toBeLessThan(1e-14)
        const peaked = uniform.map((value, c) => (c === 1 ? value + 60 : value))
        for (const error of errorsOf(peaked)) expect(Math.abs(error)).toBeLessThan(1e-20)
      }),
    )
  })
})

describe('cross-entropy errors (A§19.5)', () => {
  it('cancel under the own labels, and the hallucinated one has its closed norm', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const p = softmax(z)
        p.forEach((_, i) => expect(Math.abs(p.reduce((sum, pc, c) => sum + pc * (p[i] - (c === i ? 1 : 0)), 0))).toBeLessThan(1e-12))
        const r = [...residuals(matrixOf([p])).data]
        const top = Math.max(...p)
        const rest = p.reduce((sum, value) => sum + value * value, 0) - top * top
        expect(r.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo((1 - top) ** 2 + rest, 12)
      }),
    )
  })
})

describe('uncertainty scores (A§19.9)', () => {
  it('rank alike for two classes', async () => {
    // Distinct distances of the logits, far enough from each other for every score to tell them apart.
    const gaps = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(gaps, async (values) => {
        const view = arrayView({ logits: matrixOf(values.map((gap, i) => (i % 2 ? [gap / 10, 0] : [0, gap / 10]))) })
        const source = scoreSource(view, range(0, values.length))
        const orders = await Promise.all(
          (['entropy', 'margin', 'least-confidence'] as const).map(async (id) => [
            ...topK(await scoreOf(id).score(source, {}), values.length),
          ]),
        )
        const expected = values.map((_, i) => i).sort((a, b) => values[a] - values[b])
        for (const order of orders) expect(order).toEqual(expected)
      }),
    )
  })

  it('entropy is at most ln C, with equality at uniform predictions only', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const entropy = entropyOf(z)
        const bound = Math.log(z.length)
        expect(entropy).toBeLessThanOrEqual(bound + 1e-12)
        if (Math.max(...z) - Math.min(...z) > 0.01) expect(entropy).toBeLessThan(bound - 1e-9)
      }),
    )
    expect(entropyOf([3, 3, 3])).toBeCloseTo(Math.log(3), 14)
  })
})

const normModes = ['tensor-sum', 'global-l2'] as const

describe('entropy gradient norm (A§19.15)', () => {
  it('of the expected loss is that of the entropy; with the weights held fixed it is 0', () => {
    fc.assert(
      fc.property(logits, (z) => {
        const p = softmax(z)
        // d/dz of Σ p_c CE_c, the product rule's two parts apart: CE moving, then p moving
        const held = p.map((_, i) => p.reduce((sum, pc, c) => sum + pc * (p[i] - (c === i ? 1 : 0)), 0))
        const moving = p.map((pi, i) => p.reduce((sum, pc, c) => sum + pc * ((c === i ? 1 : 0) - pi) * -Math.log(pc), 0))
        const errors = errorsOf(z)
        errors.forEach((error, i) => {
          expect(Math.abs(held[i])).toBeLessThan(1e-12)
          expect(held[i] + moving[i]).toBeCloseTo(error, 9)
        })
      }),
    )
  })

  it('ranks a uniform prediction last', () => {
    fc.assert(
      fc.property(
        fc.array(
          logits.filter((z) => z.length === 4 && Math.max(...z) - Math.min(...z) > 0.5),
          { minLength: 1, maxLength: 5 },
        ),
        (others) => {
          const m = logSoftmax(matrixOf([[1, 1, 1, 1], ...others]))
          const embeddings = matrixOf(others.concat([[0]]).map(() => [1, 2]))
          for (const norms of [
            outputNorms(m),
            ...normModes.map((normMode) => lastLayerNorms(m, embeddings, { layers: 'last', normMode })),
          ]) {
            expect(norms[0]).toBeLessThan(1e-14)
            expect(topK(norms, norms.length).at(-1)).toBe(0)
          }
        },
      ),
    )
  })

  it('tensor-sum ≥ global-l2 ≥ tensor-sum / √2 (A§19.7)', () => {
    fc.assert(
      fc.property(logits, fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 6 }), (z, h) => {
        const m = logSoftmax(matrixOf([z]))
        const [sum, global] = normModes.map((normMode) => lastLayerNorms(m, matrixOf([h]), { layers: 'last', normMode })[0])
        expect(sum).toBeGreaterThanOrEqual(global * (1 - 1e-12))
        expect(global).toBeGreaterThanOrEqual((sum / Math.SQRT2) * (1 - 1e-12))
      }),
    )
  })
})
