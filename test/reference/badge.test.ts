import { describe, expect, it } from 'vitest'
import { badge, badgeScores, gradientEmbeddings, residuals } from '@engine/strategies/badge'
import { arrayQuery, arrayView, matrixOf, range } from '../support/query'
import { scripted } from '../support/random'
import { readReference, relativeError } from '../support/reference'

interface Badge {
  readonly n: number
  readonly hidden: number
  readonly classes: number
  readonly features: number[][]
  readonly probabilities: number[][]
  readonly grad_embedding: number[][]
  readonly squared_norm: number[]
  readonly first_index: number
  readonly sequence: number[]
  readonly draw_probability: number[][]
  readonly d2: number[][]
}

const reference = readReference<Badge>('badge')
const probabilities = matrixOf(reference.probabilities)
const embeddings = matrixOf(reference.features)

describe('BADGE against its authors', () => {
  it('residual ⊗ feature is minus their gradient embedding', () => {
    const r = residuals(probabilities)
    reference.grad_embedding.forEach((row, i) =>
      row.forEach((value, t) => {
        const [c, j] = [Math.floor(t / reference.hidden), t % reference.hidden]
        expect(relativeError(-r.data[i * r.cols + c] * reference.features[i][j], value)).toBeLessThan(1e-9)
      }),
    )
  })

  it('squared norms agree', () => {
    badgeScores(probabilities, embeddings).forEach((norm, i) => expect(relativeError(norm, reference.squared_norm[i])).toBeLessThan(1e-9))
  })

  it('distances and draw probabilities agree along their sequence', () => {
    reference.d2.forEach((expected, t) => {
      const d2 = badgeScores(probabilities, embeddings, reference.sequence.slice(0, t + 1))
      const largest = Math.max(...expected)
      const total = d2.reduce((a, b) => a + b)
      d2.forEach((value, i) => {
        expect(Math.abs(value - expected[i])).toBeLessThan(1e-6 * largest)
        expect(Math.abs(value / total - reference.draw_probability[t][i])).toBeLessThan(1e-6)
      })
    })
  })

  it('starts where they start, and picks their sequence from draws in the middle of each of its intervals', async () => {
    const draws = reference.draw_probability.map((distribution, t) => {
      const pick = reference.sequence[t + 1]
      return distribution.slice(0, pick).reduce((a, b) => a + b, 0) + distribution[pick] / 2
    })
    const query = arrayQuery({
      pool: range(0, reference.n),
      k: reference.sequence.length,
      model: arrayView({ probabilities, embeddings }),
      random: scripted(draws),
    })
    const { rows } = await badge.select(query, badge.params.parse({}))
    expect(rows[0]).toBe(reference.first_index)
    expect([...rows]).toEqual(reference.sequence)
  })

  it('a duplicate of a pick is at distance 0', () => {
    const space = gradientEmbeddings(probabilities, embeddings)
    const key = (i: number): string => JSON.stringify([reference.features[i], reference.probabilities[i]])
    const twins = reference.features.flatMap((_, i) => reference.features.flatMap((__, j) => (i < j && key(i) === key(j) ? [[i, j]] : [])))
    expect(twins.length).toBeGreaterThan(0)
    for (const [i, j] of twins) {
      const nearest = new Float64Array(reference.n).fill(Infinity)
      space.relax(i, nearest)
      expect(nearest[j]).toBe(0)
    }
  })
})
