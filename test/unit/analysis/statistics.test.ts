import { describe, expect, it } from 'vitest'
import {
  bootstrapIntervals,
  countWins,
  effectSize,
  holm,
  mean,
  median,
  pairedT,
  signFlip,
  standardDeviation,
  tInterval,
  wilcoxon,
} from '@engine/analysis'

// Expected numbers: scipy 1.17.1 (stats.t.interval, ttest_rel, permutation_test, wilcoxon).
const first = [0.712, 0.735, 0.698, 0.741, 0.726, 0.719, 0.733, 0.705, 0.728, 0.716]
const second = [0.701, 0.722, 0.703, 0.718, 0.729, 0.699, 0.715, 0.7, 0.712, 0.717]
const differences = first.map((value, i) => value - second[i])

describe('intervals of the mean', () => {
  it('agree with scipy', () => {
    const at95 = tInterval(first)
    expect(at95.mean).toBeCloseTo(0.7213, 14)
    expect(at95.lo).toBeCloseTo(0.7114449651190791, 12)
    expect(at95.hi).toBeCloseTo(0.731155034880921, 12)
    const at99 = tInterval(first, 0.99)
    expect(at99.lo).toBeCloseTo(0.7071421673143035, 12)
    expect(at99.hi).toBeCloseTo(0.7354578326856966, 12)
  })

  it.each([
    [2, 12.706204736174694],
    [3, 4.302652729749462],
    [5, 2.7764451051977934],
    [20, 2.0930240544083087],
    [50, 2.0095752371292392],
  ])('use t(0.975, n − 1) for n = %i', (n, t) => {
    const values = Array.from({ length: n }, (_, i) => (i % 2) * 2 - 1)
    const { mean: centre, hi } = tInterval(values)
    expect((hi! - centre) / (standardDeviation(values) / Math.sqrt(n))).toBeCloseTo(t, 10)
  })

  it('have no ends for one value and no width for equal ones', () => {
    expect(tInterval([0.7])).toEqual({ mean: 0.7, lo: null, hi: null })
    const { lo, hi, mean: centre } = tInterval([0.1, 0.1, 0.1])
    expect([lo, hi]).toEqual([centre, centre])
  })

  it('by bootstrap are close to the t-interval, narrower and reproducible', () => {
    const once = bootstrapIntervals()(first)
    const t = tInterval(first)
    expect(bootstrapIntervals()(first)).toEqual(once)
    expect(once.mean).toBe(t.mean)
    expect(once.lo).toBeGreaterThan(t.lo!)
    expect(once.hi).toBeLessThan(t.hi!)
    const half = (1.96 * standardDeviation(first) * Math.sqrt(9 / 10)) / Math.sqrt(10)
    expect(once.hi! - once.mean).toBeCloseTo(half, 3)
    expect(once.mean - once.lo!).toBeCloseTo(half, 3)
  })

  it('rest on a mean, deviation and median as usual', () => {
    expect(mean([1, 2, 6])).toBe(3)
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(2.1380899352993947, 14)
    expect(standardDeviation([0.1 + 0.2, 0.3])).toBe(0)
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5])
    expect(median([3, NaN, 2])).toBeNaN() // a time that is not known leaves the median unknown, wherever it stands
  })
})

describe('paired tests', () => {
  it('agree with scipy', () => {
    expect(signFlip(differences)).toBeCloseTo(0.0234375, 14)
    expect(pairedT(differences)).toBeCloseTo(0.014085629708604837, 12)
    expect(wilcoxon(differences)).toBeCloseTo(0.029296875, 14)
    expect(wilcoxon([1.1, -0.4, 2.3, 0.9, -1.7, 3.2, 0.2, 1.3])).toBeCloseTo(0.1953125, 14)
    expect(effectSize(differences)).toBeCloseTo(0.960390809244224, 12)
  })

  it.each([
    [3, 1 / 4],
    [5, 1 / 16],
    [6, 1 / 32],
    [8, 1 / 128],
    [10, 1 / 512],
    [20, 1 / 524288],
  ])('cannot go below 2 ÷ 2ⁿ for n = %i', (n, smallest) => {
    const values = Array.from({ length: n }, (_, i) => 0.01 + i / 1000)
    expect(signFlip(values)).toBe(smallest)
    expect(wilcoxon(values)).toBeCloseTo(smallest, 15)
  })

  it('count equal sums of rounded differences as equal', () => {
    // 0.1 + 0.2 − 0.3 is not 0 in floating point: all patterns with this sum tie with the observed one
    expect(signFlip([0.1, 0.2, -0.3])).toBe(1)
  })

  it('estimate the sign-flip p of many pairs by seeded draws', () => {
    const values = Array.from({ length: 24 }, (_, i) => Math.sin(i * 12.9898) + 0.25)
    const z = mean(values) / (Math.sqrt(values.reduce((sum, v) => sum + v * v, 0)) / values.length) // sd of the flip distribution
    const p = signFlip(values)!
    expect(signFlip(values)).toBe(p)
    expect(p).toBeCloseTo(2 * (1 - normalCdf(Math.abs(z))), 1)
    expect(signFlip(values.map(Math.abs))).toBeLessThanOrEqual(2 / 100_000)
  })

  it('say 1 when nothing differs and nothing for fewer than two pairs', () => {
    for (const test of [signFlip, pairedT, wilcoxon]) {
      expect(test([0, 0, 0])).toBe(1)
      expect(test([0.3])).toBeNull()
      expect(test([])).toBeNull()
    }
    expect(effectSize([0, 0])).toBe(0)
    expect(effectSize([0.1, 0.1])).toBeNull()
  })

  it('count wins by direction', () => {
    expect(countWins([1, 2, 0, -1], true)).toEqual({ wins: 2, ties: 1, losses: 1 })
    expect(countWins([1, 2, 0, -1], false)).toEqual({ wins: 1, ties: 1, losses: 2 })
  })
})

describe('Holm', () => {
  it('steps down, keeps the order and never exceeds 1', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02])
    expect(holm([0.9, 0.8])).toEqual([1, 1])
    expect(holm([0.02])).toEqual([0.02])
  })

  it('leaves out what has no p-value', () => {
    expect(holm([null, 0.01, null, 0.03])).toEqual([null, 0.02, null, 0.03])
  })
})

/** Abramowitz & Stegun 26.2.17, enough for one decimal. */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const tail = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * tail
}
