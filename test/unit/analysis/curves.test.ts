import { describe, expect, it } from 'vitest'
import { atBudget, budgetsOf, budgetTests, curves, factorLevels, pairedDifference, tInterval } from '@engine/analysis'
import { digitsRuns, resultsOf, runOf } from '../../support/digitsCurves'

const labels = [50, 100, 150]

describe('curves', () => {
  it('are means with t-intervals by labels, one per strategy', () => {
    const runs = digitsRuns()
    const all = curves(resultsOf(runs))
    expect(all.map(({ strategy }) => strategy)).toEqual([...new Set(runs.map(({ strategy }) => strategy))])
    const badge = all.find(({ strategy }) => strategy === 'badge')!
    const at100 = runs.filter(({ strategy }) => strategy === 'badge').map(({ state }) => state.records[4].metrics.accuracy!)
    const { mean, lo, hi } = tInterval(at100)
    expect([badge.labels[4], badge.mean[4], badge.lo[4], badge.hi[4], badge.n[4]]).toEqual([100, mean, lo, hi, 20])
    expect(badge.partialFrom).toBeNull()
    expect(badge.traces).toHaveLength(20)
  })

  it('are partial from the round that fewer seeds have reached', () => {
    const results = resultsOf([
      runOf('random', 0, labels, [0.5, 0.6, 0.7]),
      runOf('random', 1, labels, [0.6, 0.7], { finished: false }),
      runOf('random', 2, labels, [], { finished: false }),
    ])
    const [curve] = curves(results)
    expect(curve.partialFrom).toBe(2)
    expect(curve.n).toEqual([2, 2, 1])
    expect(curve.mean[2]).toBe(0.7)
    expect([curve.lo[2], curve.hi[2]]).toEqual([null, null])
  })

  it('leave out values that are missing without calling the round partial', () => {
    const [curve] = curves(resultsOf([runOf('random', 0, labels, [null, 0.6, NaN]), runOf('random', 1, labels, [0.5, 0.8, null])]))
    expect(curve.mean).toEqual([0.5, 0.7, null])
    expect(curve.n).toEqual([1, 2, 0])
    expect(curve.partialFrom).toBeNull()
  })

  it('are split by factor cell; a facet keeps its level and what the factor cannot change', () => {
    const path = 'strategies.acq.score'
    const results = resultsOf(
      [
        runOf('random', 0, labels, [0.5, 0.6, 0.7], { factors: { [path]: null } }),
        runOf('acq', 0, labels, [0.5, 0.7, 0.8], { factors: { [path]: 'entropy' } }),
        runOf('acq', 0, labels, [0.5, 0.8, 0.9], { factors: { [path]: 'margin' } }),
      ],
      {},
      { factors: [path] },
    )
    expect(factorLevels(results, path)).toEqual(['entropy', 'margin'])
    expect(curves(results)).toHaveLength(3)
    const facet = curves(results, { facet: { [path]: 'margin' } })
    expect(facet.map(({ strategy, mean }) => [strategy, mean[2]])).toEqual([
      ['random', 0.7],
      ['acq', 0.9],
    ])
    expect(pairedDifference(results).map(({ factors, mean }) => [factors[path], mean[1]])).toEqual([
      ['entropy', expect.closeTo(0.1, 12)],
      ['margin', expect.closeTo(0.2, 12)],
    ])
  })
})

describe('paired differences', () => {
  it('use seeds and budgets that both sides have', () => {
    const results = resultsOf([
      runOf('random', 0, labels, [0.5, 0.6, 0.7]),
      runOf('random', 1, labels, [0.4, 0.5, 0.6]),
      runOf('badge', 0, labels, [0.5, 0.7, 0.9]),
      runOf('badge', 1, [50, 125, 150], [0.4, 0.9, 0.7]),
      runOf('badge', 2, labels, [0.9, 0.9, 0.9]),
    ])
    const [difference] = pairedDifference(results)
    expect(difference.baseline).toBe('random')
    expect(difference.labels).toEqual([50, 100, 150])
    expect(difference.n).toEqual([2, 1, 2])
    expect(difference.mean[2]).toBeCloseTo(0.15, 12)
    expect(pairedDifference(results, { baseline: 'badge' })[0].mean[2]).toBeCloseTo(-0.15, 12)
  })

  it('are narrower than the curves where seeds share their luck', () => {
    const results = resultsOf(digitsRuns())
    const width = ({ lo, hi }: { lo: readonly (number | null)[]; hi: readonly (number | null)[] }) => hi[10]! - lo[10]!
    const [badge] = pairedDifference(results).filter(({ strategy }) => strategy === 'badge')
    const random = curves(results).find(({ strategy }) => strategy === 'random')!
    expect(badge.mean[0]).toBe(0)
    expect(width(badge)).toBeLessThan(1.5 * width(random))
  })

  it('are tested at each budget, exploratory', () => {
    const results = resultsOf(digitsRuns())
    const margin = pairedDifference(results).find(({ strategy }) => strategy === 'margin')!
    const tests = budgetTests(results, margin)
    expect(tests.map(({ labels: budget }) => budget)).toEqual(margin.labels)
    expect(tests[0]).toMatchObject({ p: 1, wins: 0, ties: 20, losses: 0 })
    expect(tests[4]).toMatchObject({ n: 20, wins: 18, ties: 0, losses: 2 })
    expect(tests[10].p).toBe(2 / 2 ** 20)
  })
})

describe('the table at a budget', () => {
  it('has every strategy with its difference to the baseline', () => {
    const results = resultsOf([...digitsRuns(), runOf('full-data', 0, [1297], [0.984])], {}, { lines: ['full-data'] })
    expect(budgetsOf(results)).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220])
    const rows = atBudget(results, 100)
    const margin = rows.find(({ strategy }) => strategy === 'margin')!
    expect(margin.mean).toBeCloseTo(0.9275, 3)
    expect(margin.difference).toMatchObject({ n: 20, wins: 18, losses: 2 })
    expect(margin.difference!.mean).toBeCloseTo(0.0342, 3)
    expect(rows.find(({ strategy }) => strategy === 'random')!.difference).toBeNull()
    expect(rows.find(({ strategy }) => strategy === 'full-data')).toMatchObject({ line: true, mean: 0.984, difference: null })
    expect(atBudget(results, 99).map(({ strategy }) => strategy)).toEqual(['full-data'])
  })
})
