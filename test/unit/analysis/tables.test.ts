import { describe, expect, it } from 'vitest'
import { pairwise, pText, signed, statisticsSentence, summarize, type RunInput } from '@engine/analysis'
import { digitsRuns, resultsOf, runOf } from '../../support/digitsCurves'

const labels = [100, 200, 300, 400]

describe('summary', () => {
  it('has area, windows, end, target, saving and times', () => {
    const results = resultsOf(
      [
        runOf('random', 0, labels, [0.5, 0.6, 0.65, 0.7]),
        runOf('random', 1, labels, [0.5, 0.6, 0.65, 0.7]),
        runOf('badge', 0, labels, [0.5, 0.6, 0.7, 0.75]),
        runOf('badge', 1, labels, [0.5, 0.7, 0.8, 0.85]),
      ],
      { target: 0.7, windows: [0, 1 / 3, 1] },
    )
    const badge = summarize(results)[1]
    expect(badge).toMatchObject({
      strategy: 'badge',
      seeds: 2,
      metric: 'accuracy',
      final: 0.8,
      selectMs: 24,
      trainMs: 40,
      ssrAt: 400,
      ssrCensored: true,
    })
    expect(badge.aubc).toBeCloseTo((0.641667 + 0.725) / 2, 6)
    expect(badge.aubcEarly).toBeCloseTo((0.55 + 0.6) / 2, 12)
    expect(badge.aubcLate).toBeCloseTo((0.6875 + 0.7875) / 2, 12)
    expect(badge.labelsToTarget).toBeCloseTo(250, 9)
    expect(badge.ssr).toBe(0) // random ends at the same budget below it: at least 0
    const [random] = summarize(results)
    expect(random).toMatchObject({ ssr: 0, ssrCensored: false, labelsToTarget: 400 })
    expect([random.aubcLo, random.aubcHi]).toEqual([random.aubc, random.aubc])
  })

  it('compares areas over the budgets that all finished runs cover, whatever length each has', () => {
    const results = resultsOf([
      runOf('random', 0, [...labels, 500, 600], [0.5, 0.6, 0.65, 0.7, 0.8, 0.9]),
      runOf('badge', 0, labels.slice(1), [0.7, 0.7, 0.7]),
      runOf('badge', 1, labels, [0.1], { finished: false }),
    ])
    const [random, badge] = summarize(results)
    expect(random.aubc).toBeCloseTo(0.65, 12)
    expect(random.final).toBe(0.9)
    expect(badge).toMatchObject({ seeds: 1, final: 0.7, aubcLo: null, finalHi: null })
    expect(badge.aubc).toBeCloseTo(0.7, 12)
    expect(badge.ssr).toBe(0) // random needs 400 labels for 0.7 as well
  })

  it("measures savings by the baseline's longest run, whatever its name", () => {
    const choosing = (first: number, run: RunInput): RunInput => {
      const records = run.state.records.map((record, round) => ({
        ...record,
        selection: [{ row: first + round, label: 0, score: null, predicted: 0, confidence: 1 }],
      }))
      return { ...run, state: { ...run.state, records } }
    }
    const results = resultsOf([
      choosing(10, runOf('random', 0, labels, [0.5, 0.6, 0.65, 0.7])),
      choosing(10, runOf('random-long', 0, [...labels, 500, 600], [0.5, 0.6, 0.65, 0.7, 0.7, 0.8])),
      choosing(20, runOf('badge', 0, labels, [0.5, 0.6, 0.7, 0.75])),
      choosing(30, runOf('other', 0, [...labels, 800], [0.5, 0.6, 0.65, 0.7, 0.9])),
    ])
    const [random, long, badge, other] = summarize(results)
    expect(badge).toMatchObject({ ssr: (550 - 400) / 400, ssrCensored: false, ssrAt: 400 })
    expect(other).toMatchObject({ ssr: (600 - 800) / 800, ssrCensored: true })
    expect([random.ssr, long.ssr]).toEqual([0, 0])
  })

  it('keeps a reference line out of areas and pairs', () => {
    const results = resultsOf(
      [runOf('random', 0, labels, [0.5, 0.6, 0.65, 0.7]), runOf('full-data', 0, [5000], [0.9])],
      {},
      { lines: ['full-data'] },
    )
    const [random, line] = summarize(results)
    expect(random.aubc).toBeCloseTo(0.616667, 6)
    expect(line).toMatchObject({ strategy: 'full-data', final: 0.9, aubc: null, aubcEarly: null, ssr: null })
    expect(
      pairwise(
        resultsOf(
          [runOf('random', 0, labels, [0.5, 0.6, 0.65, 0.7]), runOf('full-data', 0, [5000], [0.9])],
          { family: 'all-pairs' },
          { lines: ['full-data'] },
        ),
      ),
    ).toEqual([])
  })

  it('is empty where a metric is not defined', () => {
    const [row] = summarize(
      resultsOf([runOf('random', 0, labels, [0.5, null, 0.6, null]), runOf('random', 1, labels, [0.5, 0.5, 0.6, null])]),
    )
    expect(row).toMatchObject({ seeds: 2, aubc: null, final: null, ssr: null })
    expect(summarize(resultsOf([runOf('random', 0, labels, [0.5], { finished: false })]))).toEqual([])
  })
})

describe('pairwise comparison', () => {
  it('reproduces the comparison of the digits runs', () => {
    const rows = pairwise(resultsOf(digitsRuns()))
    const margin = rows.find(({ a }) => a === 'margin')!
    expect(margin).toMatchObject({ b: 'random', family: 'vs-baseline', seeds: 20, wins: 20, p: 2 / 2 ** 20, pAdjusted: 6 / 2 ** 20 })
    expect(margin.meanDifference).toBeCloseTo(0.0344, 4)
    expect(margin.lo).toBeCloseTo(0.0285, 4)
    expect(margin.hi).toBeCloseTo(0.0403, 4)
    expect(rows.find(({ a }) => a === 'entropy')!.pAdjusted).toBeCloseTo(0.92, 2)
  })

  it('takes every two strategies with all-pairs, in study order', () => {
    const names = pairwise(resultsOf(digitsRuns(4), { family: 'all-pairs' }, { strategies: ['random', 'badge', 'margin', 'entropy'] })).map(
      ({ a, b }) => `${a}-${b}`,
    )
    expect(names).toEqual(['random-badge', 'random-margin', 'random-entropy', 'badge-margin', 'badge-entropy', 'margin-entropy'])
  })

  it('pairs seeds that both finished and takes the last shared budget for `final`', () => {
    const results = resultsOf(
      [
        runOf('random', 0, [...labels, 500], [0.5, 0.6, 0.65, 0.7, 0.99]),
        runOf('random', 1, [...labels, 500], [0.5, 0.6, 0.65, 0.6, 0.99]),
        runOf('badge', 0, labels, [0.5, 0.6, 0.7, 0.8]),
        runOf('badge', 1, labels, [0.5, 0.6], { finished: false }),
        runOf('badge', 2, labels, [0.5, 0.6, 0.7, 0.9]),
      ],
      { primary: 'final' },
    )
    const [row] = pairwise(results)
    expect(row).toMatchObject({ a: 'badge', seeds: 1, p: null, lo: null, effectSize: null, wins: 1 })
    expect(row.meanDifference).toBeCloseTo(0.1, 12)
  })

  it('compares within factor cells and corrects within each', () => {
    const path = 'training.weightStart'
    const cell = (strategy: string, level: string, lift: number) =>
      [0, 1, 2].map((seed) =>
        runOf(
          strategy,
          seed,
          labels,
          labels.map((_, i) => 0.5 + lift + (i + seed * i) / 100),
          { factors: { [path]: level } },
        ),
      )
    const results = resultsOf(
      [...cell('random', 'carry', 0), ...cell('random', 'fresh', 0), ...cell('badge', 'carry', 0.1), ...cell('badge', 'fresh', -0.1)],
      {},
      { factors: [path] },
    )
    const rows = pairwise(results)
    expect(rows.map(({ factors, wins, p, pAdjusted }) => [factors[path], wins, p, pAdjusted])).toEqual([
      ['carry', 3, 0.25, 0.25],
      ['fresh', 0, 0.25, 0.25],
    ])
  })

  it('gives lower values the win for a loss', () => {
    const runs = digitsRuns(6).map((run) => ({
      ...run,
      state: { ...run.state, records: run.state.records.map((record) => ({ ...record, metrics: { nll: 1 - record.metrics.accuracy! } })) },
    }))
    const margin = pairwise(resultsOf(runs, { metric: 'nll' })).find(({ a }) => a === 'margin')!
    expect(margin.meanDifference).toBeLessThan(0)
    expect(margin.wins).toBe(6)
  })
})

describe('the statistics sentence', () => {
  it('says n, quantity, interval, test, correction and family', () => {
    expect(statisticsSentence(resultsOf(digitsRuns(), {}, { strategies: ['margin', 'badge', 'entropy', 'random'] }))).toBe(
      'n = 20 paired seeds; area under the budget curve (AUBC) of test accuracy; difference to random in points [95 % t CI]; ' +
        'exact sign-flip test (two-sided); p adjusted by Holm over 3 comparisons: ' +
        'margin +3.4 [+2.8, +4.0], p < 0.001; badge +2.9 [+2.2, +3.6], p < 0.001; entropy +0.05 [−1.0, +1.1], p = 0.92.',
    )
  })

  it('shows no p-value below six seeds and says so', () => {
    const text = statisticsSentence(resultsOf(digitsRuns(5)))
    expect(text).toContain('n = 5 paired seeds')
    expect(text).toContain('Fewer than 6 paired seeds: no p-value is shown.')
    expect(text).not.toMatch(/p [=<]|Holm/)
    expect(statisticsSentence(resultsOf(digitsRuns(6)))).toContain('Holm over 3 comparisons')
  })

  it('is empty while there is nothing to compare', () => {
    expect(statisticsSentence(resultsOf([runOf('random', 0, labels, [0.5, 0.6, 0.65, 0.7])]))).toBe('')
  })

  it('writes numbers as the app does', () => {
    expect([3.44, -0.8, 0.04, 0, 0.001].map((value) => signed(value))).toEqual(['+3.4', '−0.8', '+0.04', '±0.0', '±0.00'])
    expect([0.0004, 0.004, 0.92, 1].map(pText)).toEqual(['p < 0.001', 'p = 0.004', 'p = 0.92', 'p = 1.00'])
  })
})
