import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aubc, holm, labelsToTarget, pairwise, sampleSaving, signFlip, summarize, tInterval, wilcoxon } from '@engine/analysis'
import { resultsOf, runOf } from '../support/digitsCurves'

const rate = fc.double({ min: 0, max: 1, noNaN: true })
const differences = fc
  .array(fc.integer({ min: -40, max: 40 }), { minLength: 2, maxLength: 9 })
  .map((values) => values.map((value) => value / 500))
const curve = fc
  .tuple(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 60 }))
  .chain(([n, first, step]) =>
    fc.record({
      labels: fc.constant(Array.from({ length: n }, (_, i) => first + i * step)),
      values: fc.array(rate, { minLength: n, maxLength: n }),
    }),
  )

/** Two-sided p by listing all sign patterns. */
function listedSignFlip(values: readonly number[]): number {
  const observed = Math.abs(values.reduce((sum, d) => sum + d, 0)) - 1e-9
  let extreme = 0
  for (let pattern = 0; pattern < 2 ** values.length; pattern++) {
    const sum = values.reduce((total, d, i) => total + (pattern & (1 << i) ? -d : d), 0)
    if (Math.abs(sum) >= observed) extreme++
  }
  return extreme / 2 ** values.length
}

describe('analysis', () => {
  it('sign-flip p equals the count over all patterns', () => {
    fc.assert(
      fc.property(differences, (values) => {
        expect(signFlip(values)).toBeCloseTo(listedSignFlip(values), 12)
      }),
    )
  })

  it('tests do not depend on the direction, the order or the scale of the differences', () => {
    fc.assert(
      fc.property(differences, fc.integer({ min: 1, max: 1000 }), (values, scale) => {
        for (const test of [signFlip, wilcoxon]) {
          const p = test(values)!
          expect(test(values.map((d) => -d))).toBeCloseTo(p, 12)
          expect(test([...values].reverse())).toBeCloseTo(p, 12)
          expect(test(values.map((d) => d * scale))).toBeCloseTo(p, 12)
          expect(p).toBeGreaterThan(0)
          expect(p).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  it('Holm is between the raw and the Bonferroni p, in the same order', () => {
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 8 }), (p) => {
        const adjusted = holm(p) as number[]
        p.forEach((raw, i) => {
          expect(adjusted[i]).toBeGreaterThanOrEqual(raw)
          expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, raw * p.length) + 1e-12)
          p.forEach((other, j) => raw < other && expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]))
        })
      }),
    )
  })

  it('area lies between the smallest and largest value, is linear, and joins at any budget', () => {
    fc.assert(
      fc.property(curve, fc.double({ min: 0.05, max: 0.95, noNaN: true }), ({ labels, values }, cut) => {
        const whole = aubc(labels, values)!
        expect(whole).toBeGreaterThanOrEqual(Math.min(...values) - 1e-12)
        expect(whole).toBeLessThanOrEqual(Math.max(...values) + 1e-12)
        expect(
          aubc(
            labels,
            values.map((value) => 3 * value - 1),
          ),
        ).toBeCloseTo(3 * whole - 1, 9)
        const [from, to] = [labels[0], labels[labels.length - 1]]
        const at = from + cut * (to - from)
        const joined = cut * aubc(labels, values, { from, to: at })! + (1 - cut) * aubc(labels, values, { from: at, to })!
        expect(joined).toBeCloseTo(whole, 9)
      }),
    )
  })

  it('labels to a target and sample saving stay inside the budgets', () => {
    fc.assert(
      fc.property(curve, rate, ({ labels, values }, target) => {
        const reached = labelsToTarget(labels, values, target)
        expect(reached === null).toBe(Math.max(...values) < target)
        if (reached !== null) expect(reached >= labels[0] && reached <= labels[labels.length - 1]).toBe(true)
        const saving = sampleSaving({ labels, values }, 50, target)
        expect(saving === null).toBe(target < values[0])
        expect(saving?.censored ?? false).toBe(Math.max(...values) < target)
        if (saving) expect(50 * (1 + saving.ratio)).toBeLessThanOrEqual(labels[labels.length - 1] + 1e-9)
      }),
    )
  })

  it('a shift of both sides of every pair changes no paired result', () => {
    const labels = [50, 100, 150]
    // accuracies as a test set of 500 gives them
    const accuracy = fc.integer({ min: 0, max: 500 }).map((correct) => correct / 500)
    const three = fc.array(accuracy, { minLength: 3, maxLength: 3 })
    const seeds = fc.array(fc.tuple(three, three, accuracy), { minLength: 3, maxLength: 6 })
    fc.assert(
      fc.property(seeds, (pairs) => {
        const results = (shifted: boolean) =>
          resultsOf(
            pairs.flatMap(([a, b, luck], seed) => {
              const shift = (values: readonly number[]) => values.map((value) => value + (shifted ? luck : 0))
              return [runOf('random', seed, labels, shift(b)), runOf('badge', seed, labels, shift(a))]
            }),
          )
        const [plain] = pairwise(results(false))
        const [moved] = pairwise(results(true))
        expect(moved.meanDifference).toBeCloseTo(plain.meanDifference!, 9)
        expect(moved.lo).toBeCloseTo(plain.lo!, 9)
        expect(moved.hi).toBeCloseTo(plain.hi!, 9)
        expect(moved.p).toBeCloseTo(plain.p!, 12)
      }),
      { numRuns: 50 },
    )
  })

  it('tables do not depend on the order in which runs arrive', () => {
    const labels = [50, 100, 150]
    const runs = ['random', 'badge', 'margin'].flatMap((strategy, s) =>
      [0, 1, 2, 3].map((seed) => runOf(strategy, seed, labels, [0.5, 0.6 + s / 50, 0.7 + s / 25 + seed / 100])),
    )
    const strategies = ['random', 'badge', 'margin']
    const ordered = resultsOf(runs, {}, { strategies })
    fc.assert(
      fc.property(fc.shuffledSubarray(runs, { minLength: runs.length }), (shuffled) => {
        const results = resultsOf(shuffled, {}, { strategies })
        expect(summarize(results)).toEqual(summarize(ordered))
        expect(pairwise(results)).toEqual(pairwise(ordered))
      }),
      { numRuns: 20 },
    )
  })

  it('t-intervals contain the mean and shrink with the level', () => {
    fc.assert(
      fc.property(fc.array(rate, { minLength: 2, maxLength: 20 }), (values) => {
        const wide = tInterval(values, 0.99)
        const narrow = tInterval(values, 0.9)
        expect(wide.lo! <= narrow.lo! && narrow.lo! <= narrow.mean && narrow.mean <= narrow.hi! && narrow.hi! <= wide.hi!).toBe(true)
      }),
    )
  })
})
