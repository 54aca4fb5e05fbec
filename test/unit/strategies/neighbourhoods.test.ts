import { describe, expect, it } from 'vitest'
import { randomFrom } from '@engine/core/random'
import { plainKernels } from '@engine/core/distances'
import { alfaMix, anchorsOf, closedFormFlips } from '@engine/strategies/alfaMix'
import { learnedMixFlips } from '@engine/strategies/alfaMixLearned'
import { mutualInformation } from '@engine/strategies/bald'
import { cal, contrastiveScores, nearestLabeled } from '@engine/strategies/cal'
import { arrayQuery, arrayView, matrixOf, normals, range } from '../../support/query'

describe('BALD', () => {
  it('E6: passes that disagree, and passes that agree', () => {
    expect(mutualInformation([matrixOf([[0.9, 0.1]]), matrixOf([[0.1, 0.9]])])[0]).toBeCloseTo(0.368064, 6)
    expect(mutualInformation([matrixOf([[0.5, 0.5]]), matrixOf([[0.5, 0.5]])])[0]).toBe(0)
  })

  it('is ln C when sure passes name every class once, and not a number where a pass is not (A§19.10)', () => {
    const sure = [0, 1, 2].map((c) => matrixOf([[0, 1, 2].map((j) => (j === c ? 1 : 0))]))
    expect(mutualInformation(sure)[0]).toBeCloseTo(Math.log(3), 12)
    expect(mutualInformation([matrixOf([[NaN, 1]]), matrixOf([[0, 1]])])[0]).toBeNaN()
  })
})

describe('ALFA-Mix', () => {
  // E13
  const head = {
    weight: matrixOf([
      [1, 0],
      [0, 1],
    ]),
    bias: new Float64Array(2),
  }
  const points = matrixOf([[1, 0.8]])
  const anchor = matrixOf([[0, 1]])

  it('E13: a step of cap / √d · ‖a − h‖ flips at 0.2 and not at 0.1', () => {
    const flips = closedFormFlips(head, points, 0, anchor)
    expect(flips(0.2)).toBe(true)
    expect(flips(0.1)).toBe(false)
    // The outputs differ by 0.2 and approach each other by √2 · cap · ‖a − h‖ / √2: they meet at cap = 0.2 / ‖a − h‖.
    const meets = 0.2 / Math.hypot(1, 0.2)
    expect(flips(meets - 1e-9)).toBe(false)
    expect(flips(meets + 1e-9)).toBe(true)
  })

  it('a larger cap keeps every flip of a linear head with two classes (A§19.27)', () => {
    const random = randomFrom('flips')
    const many = normals(random.fork('points'), 50, 4)
    const two = { weight: normals(random.fork('head'), 2, 4), bias: new Float64Array(2) }
    const anchors = normals(random.fork('anchors'), 2, 4)
    for (let i = 0; i < 50; i++) {
      const flips = [0.05, 0.1, 0.3, 0.6, 1].map(closedFormFlips(two, many, i, anchors))
      expect(flips).toEqual([...flips].sort())
    }
  })

  it('a sample that no step can change never flips', () => {
    const flat = { weight: matrixOf([[1, 1], [1, 1]]), bias: Float64Array.of(1, 0) } // prettier-ignore
    expect(closedFormFlips(flat, points, 0, anchor)(1)).toBe(false)
    expect(learnedMixFlips(flat, points, 0, anchor)(1)).toBe(false)
  })

  it('learned mixing goes no farther than its bound', () => {
    // Half way to the anchor the outputs are equal: below that share nothing flips, however it is learnt.
    const flips = learnedMixFlips(head, matrixOf([[1, 0]]), 0, anchor)
    expect(flips(0.45 * Math.SQRT2)).toBe(false)
    expect(flips(0.6 * Math.SQRT2)).toBe(true)
  })

  it('a class without labels has the mean of all labelled features as its anchor', () => {
    expect([...anchorsOf(matrixOf([[1, 0], [3, 0], [5, 6]]), Int32Array.of(0, 0, 2), 3).data]).toEqual([2, 0, 3, 2, 5, 6]) // prettier-ignore
  })

  it('labels unstable candidates first and fills up without repeating any', async () => {
    // Four candidates near the border, six far from it.
    const inputs = matrixOf([
      ...[0.51, 0.53, 0.55, 0.57].map((x) => [x, 0.5]),
      ...Array.from({ length: 6 }, (_, i) => [50 + i, -50]),
      [1, 0],
      [0, 1],
    ])
    const query = arrayQuery({
      pool: range(0, 10),
      labeled: Int32Array.of(10, 11),
      labels: Int32Array.of(0, 1),
      k: 6,
      classes: 2,
      model: arrayView({ embeddings: inputs, weight: head.weight }),
    })
    const { rows, diagnostics } = await alfaMix.select(query, alfaMix.params.parse({}))
    expect([...rows].slice(0, 4).sort()).toEqual([0, 1, 2, 3])
    expect(new Set(rows).size).toBe(6)
    expect(diagnostics).toEqual({ candidates: 4 })
  })
})

describe('CAL', () => {
  const logarithms = (rows: number[][]) => matrixOf(rows.map((row) => row.map(Math.log)))

  it('E14: from the neighbours to the candidate', () => {
    const p = logarithms([[0.5, 0.5], [0.9, 0.1], [0.6, 0.4]]) // prettier-ignore
    expect(contrastiveScores(p, Int32Array.of(1, 2), 1)[0]).toBeCloseTo(0.1941, 6)
  })

  it('is 0 among equal predictions, and finite where a prediction is 0', () => {
    const equal = logarithms([[0.3, 0.7], [0.3, 0.7], [0.3, 0.7]]) // prettier-ignore
    expect(contrastiveScores(equal, Int32Array.of(1, 2), 1)[0]).toBe(0)
    const sure = logarithms([[0, 1], [0.5, 0.5], [1, 0]]) // prettier-ignore
    const score = contrastiveScores(sure, Int32Array.of(1, 2), 1)[0]
    expect(score).toBeGreaterThan(500)
    expect(score).toBeLessThan(Infinity)
  })

  it('finds the nearest labelled points, the lower of equals first', () => {
    const points = matrixOf([[0], [5], [4], [-1], [1], [6]])
    expect([...nearestLabeled(points, 2, 3, plainKernels)]).toEqual([3, 4, 2, 2, 5, 4])
  })

  it('does not see the length of features, and compares with all labelled rows when there are few (A§19.28)', async () => {
    const embeddings = normals(randomFrom('cal'), 30, 4)
    const logits = normals(randomFrom('cal logits'), 30, 3)
    const select = (scale: number) =>
      cal.select(
        arrayQuery({
          pool: range(4, 30),
          labeled: range(0, 4),
          labels: new Int32Array(4),
          k: 5,
          classes: 3,
          model: arrayView({
            logits,
            embeddings: { ...embeddings, data: embeddings.data.map((x, t) => x * (1 + scale * Math.floor(t / 4))) },
          }),
        }),
        { neighbours: 10 },
      )
    const [first, second] = [await select(0), await select(3)]
    expect([...second.rows]).toEqual([...first.rows])
    expect(first.scores?.every(Number.isFinite)).toBe(true)
  })

  it('draws at random before anything is labelled, and says so', async () => {
    const query = arrayQuery({ pool: range(0, 9), k: 4, model: arrayView({}) })
    expect(await cal.select(query, { neighbours: 10 })).toMatchObject({ mode: 'random' })
    expect(await alfaMix.select(query, alfaMix.params.parse({}))).toMatchObject({ mode: 'random' })
  })
})
