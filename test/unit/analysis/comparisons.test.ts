import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  atBudgetShares,
  classBalance,
  costCurves,
  crossover,
  deficiency,
  mainEffects,
  penaltyComparison,
  planSeeds,
  pairwise,
  rankComparison,
  resultFindings,
  ropeVerdict,
  statisticsSentence,
  summarize,
  type RunInput,
} from '@engine/analysis'
import { digitsRuns, resultsOf, runOf } from '../../support/digitsCurves'

const labels = [100, 200, 300, 500]
const rising = [0.5, 0.6, 0.7, 0.8]

describe('penalty matrix', () => {
  const group = (strategy: string, lift: (seed: number) => number, seeds = 5): RunInput[] =>
    Array.from({ length: seeds }, (_, seed) =>
      runOf(
        strategy,
        seed,
        labels,
        rising.map((value) => value + lift(seed)),
      ),
    )

  it('credits at most one side of a pair at each checkpoint, and identical methods nothing', () => {
    const lifts = fc.array(fc.double({ min: -0.05, max: 0.05, noNaN: true }), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(lifts, lifts, (a, b) => {
        const runs = [
          ...group('random', () => 0),
          ...group('a', (seed) => a[seed]),
          ...group('b', (seed) => b[seed]),
          ...group('c', (seed) => b[seed]),
        ]
        const { strategies, matrix } = penaltyComparison(resultsOf(runs)).exact
        const at = (i: string, j: string): number => matrix[strategies.indexOf(i)][strategies.indexOf(j)]
        for (const i of strategies) for (const j of strategies) expect(at(i, j) + at(j, i)).toBeLessThanOrEqual(1 + 1e-12)
        expect([at('b', 'c'), at('c', 'b')]).toEqual([0, 0])
      }),
      { numRuns: 50 },
    )
  })

  it('counts a constant difference as a win and no difference as none; the dominated method is beaten most', () => {
    const runs = [...group('random', () => 0), ...group('same', () => 0), ...group('worse', () => -0.1)]
    const { strategies, matrix, columnMeans, settings } = penaltyComparison(resultsOf(runs)).exact
    expect(strategies).toEqual(['random', 'same', 'worse'])
    expect(settings).toEqual([{ name: 'digits', checkpoints: [100, 200, 300] }]) // 100 + 4 × 100 is the last budget, over 99 % of itself
    matrix.forEach((row, i) => row.forEach((value, j) => expect(value).toBeCloseTo(i < 2 && j === 2 ? 1 : 0, 12)))
    expect(columnMeans[2]).toBe(Math.max(...columnMeans))
    expect(pairwise(resultsOf(runs)).map(({ penalty }) => penalty)).toEqual([0, 0])
  })
})

describe('sample saving in the summary', () => {
  it('has an interval around the ratio, open where the baseline ends', () => {
    const long = [...labels, 700, 1000, 1500]
    const curve = (lift: number, seed: number, at: readonly number[]) => at.map((n) => 0.9 - 0.5 * Math.exp(-n / 400) + lift + seed / 500)
    const seeds = [0, 1, 2, 3, 4, 5, 6, 7]
    const runs = [
      ...seeds.map((seed) => runOf('random', seed, labels, curve(0, seed, labels))),
      ...seeds.map((seed) => runOf('random-long', seed, long, curve(0, seed, long))),
      ...seeds.map((seed) => runOf('better', seed, labels, curve(0.05 + seed / 1000, seed, labels))),
      ...seeds.map((seed) => runOf('best', seed, labels, curve(0.3, seed, labels))),
    ]
    const [random, , better, best] = summarize(resultsOf(runs))
    expect(random).toMatchObject({ ssr: 0, ssrLo: null })
    expect(better.ssrCensored).toBe(false)
    expect(better.ssrLo!).toBeLessThan(better.ssr!)
    expect(better.ssrHi!).toBeGreaterThan(better.ssr!)
    expect(best).toMatchObject({ ssr: 2, ssrLo: 2, ssrHi: null, ssrCensored: true })
  })
})

describe('the baseline run further', () => {
  const seeds = [0, 1, 2, 3, 4, 5, 6]
  const long = [...labels, 900]
  const noisy = (seed: number, lift = 0): number[] => rising.map((value, i) => value + ((seed * 7 + i * 3) % 5) / 100 + lift)
  const rivals = (lift: number): RunInput[] => [
    ...seeds.map((seed) => runOf('random', seed, labels, noisy(seed))),
    ...seeds.map((seed) => runOf('badge', seed, labels, noisy(seed + 1, lift))),
    ...seeds.map((seed) => runOf('margin', seed, labels, noisy(seed + 2, lift / 2))),
  ]
  // one seed is missing, which must not make it a rival
  const longer = seeds.slice(1).map((seed) => runOf('random-long', seed, long, [...noisy(seed), 0.95]))
  const study = resultsOf([...rivals(0.05), ...longer])

  it('is in no family, sentence, effect, rank or penalty, and its row has no p', () => {
    const alone = pairwise(resultsOf(rivals(0.05)))
    const rows = pairwise(study)
    expect(rows.filter(({ a }) => a !== 'random-long')).toEqual(alone)
    expect(rows.find(({ a }) => a === 'random-long')).toMatchObject({
      ...{ tested: false, seeds: 6, meanDifference: 0, p: null, pAdjusted: null, penalty: null },
    })
    expect(statisticsSentence(study)).toBe(statisticsSentence(resultsOf(rivals(0.05))))
    expect(penaltyComparison(study).corrected).toEqual(penaltyComparison(resultsOf(rivals(0.05))).corrected)
  })

  it('serves the sample-saving ratio, with fewer seeds too, and is named among the findings', () => {
    expect(summarize(study).find(({ strategy }) => strategy === 'badge')).toMatchObject({ ssrCensored: false })
    expect(resultFindings(study).find(({ code }) => code === 'baseline-curve')).toMatchObject({ severity: 'note', path: 'random-long' })
  })

  it('counts once in a main effect', () => {
    const cell = (start: string, lift: number) =>
      [...rivals(0), ...seeds.map((seed) => runOf('random-long', seed, long, [...noisy(seed), 0.95]))].map((run) => ({
        ...run,
        hash: `${run.hash}-${start}`,
        factors: { 'training.weightStart': start },
        state: {
          ...run.state,
          records: run.state.records.map((record) => ({
            ...record,
            metrics: { accuracy: record.metrics.accuracy! + (run.strategy.startsWith('random') ? lift * (1 + (run.seed % 2)) : 0) },
          })),
        },
      }))
    const runs = [...cell('reinit-fresh', 0), ...cell('carry', 0.03)]
    const [overall] = mainEffects(resultsOf(runs, {}, { factors: ['training.weightStart'] }))
    expect(overall).toMatchObject({ strategy: null, cells: 3 })
    expect(overall.mean).toBeCloseTo(0.1 / 7, 12)
    const split = runs.map((run) => ({ ...run, state: { ...run.state, poolSize: 1000, testSize: 500 } }))
    const [, random] = mainEffects(resultsOf(split, { test: 'paired-t' }, { factors: ['training.weightStart'], splitVaries: true }))
    const [, plain] = mainEffects(resultsOf(split, { test: 'paired-t' }, { factors: ['training.weightStart'] }))
    expect(plain.hi!).toBeGreaterThan(plain.lo!)
    expect(random.hi! - random.lo!).toBeCloseTo((plain.hi! - plain.lo!) * Math.sqrt((1 / 7 + 0.5) * 7), 12)
  })
})

describe('other summaries', () => {
  it('E: deficiency of A§16', () => {
    const found = deficiency([0.6, 0.7, 0.75, 0.78], [0.55, 0.65, 0.72, 0.78])!
    expect(found.deficiency).toBeCloseTo(0.408451, 6)
    expect(found.ratio).toBeCloseTo(0.690476, 6)
    expect(deficiency([0.5, 0.5], [0.5, 0.5])).toBeNull()
    expect(deficiency([0.5, null], [0.5, 0.5])).toBeNull()
  })

  it('values at shares of the shared budget', () => {
    const rows = atBudgetShares(resultsOf([runOf('random', 0, labels, rising), runOf('badge', 0, [100, 300], [0.5, 0.9])]))
    expect(rows.map(({ labels: at }) => at)).toEqual([150, 200, 250, 300, 150, 200, 250, 300])
    expect(rows[5]).toMatchObject({ strategy: 'badge', share: 0.5, n: 1, lo: null })
    expect(rows[5].mean).toBeCloseTo(0.7, 12)
  })

  it('verdicts by the region of practical equivalence', () => {
    expect(ropeVerdict(0.01, 0.02, 0.005)).toBe('better')
    expect(ropeVerdict(0.01, 0.02, 0.005, false)).toBe('worse')
    expect(ropeVerdict(-0.004, 0.004, 0.005)).toBe('equivalent')
    expect(ropeVerdict(-0.02, 0.01, 0.005)).toBe('undecided')
    expect(ropeVerdict(null, null, 0.005)).toBeNull()
  })

  it('seeds to add, from the effect there is', () => {
    const [badge, entropy] = ['badge', 'entropy'].map((name) =>
      planSeeds(pairwise(resultsOf(digitsRuns(8)))).find(({ pair }) => pair.a === name)!,
    )
    expect(badge).toMatchObject({ more: 0, alpha: 0.05 / 3 })
    expect(badge.power!).toBeGreaterThan(0.8)
    expect(entropy.more!).toBeGreaterThan(0)
  })

  it('costs, their frontier and crossover', () => {
    const results = resultsOf([runOf('random', 0, labels, rising), runOf('badge', 0, labels, [0.4, 0.65, 0.75, 0.85])])
    const [random, badge] = costCurves(results, { label: 2, hour: 0 })
    expect(random.points.map(({ cost, frontier }) => [cost, frontier])).toEqual([
      [200, true],
      [400, false],
      [600, false],
      [1000, false],
    ])
    expect(badge.points[1].frontier).toBe(true)
    expect(badge.points[1].hours).toBeCloseTo((2 * 10 + 6) / 3_600_000, 15)
    expect(badge.points[1].activeHours).toBeCloseTo(16 / 3_600_000, 15)
    const line = ({ points }: typeof random) => ({ x: points.map((point) => point.cost!), y: points.map(({ value }) => value) })
    expect(crossover(line(badge), line(random))!.x).toBeCloseTo(200 + 200 * (2 / 3), 9)
    expect(crossover(line(random), line(badge))).toBeNull()
  })

  it('class shares of the labelled set', () => {
    const sample = (row: number, label: number) => ({ row, label, score: null, predicted: null, confidence: null })
    const run = runOf('random', 0, [2, 4], [0.5, 0.6])
    const records = run.state.records.map((record, i) => ({ ...record, selection: i === 0 ? [sample(2, 1), sample(3, 1)] : [] }))
    const [balance] = classBalance(
      resultsOf([{ ...run, state: { ...run.state, initial: [sample(0, 0), sample(1, 1)], records } }], {}, { classes: 2 }),
    )
    expect(balance).toMatchObject({
      labels: [2, 4],
      shares: [
        [0.5, 0.25],
        [0.5, 0.75],
      ],
    })
  })
})

describe('comparison over data sets', () => {
  const study = (datasets: number) =>
    resultsOf(
      Array.from({ length: datasets }, (_, d) =>
        ['random', 'a', 'b'].map((name, i) =>
          runOf(name, 0, [10, 20], [0.5 + i / 10 + d / 100, 0.6 + i / 10 + d / 100], { dataset: `d${d}` }),
        ),
      ).flat(),
    )

  it('ranks strategies from six settings on, and says why not below', () => {
    const ranks = rankComparison(study(6))
    if (ranks.reason !== null) throw new Error(ranks.reason)
    expect(ranks.ranks).toEqual([3, 2, 1])
    expect(ranks.friedman.statistic).toBeCloseTo(12, 9)
    expect(rankComparison(study(5))).toEqual({ reason: expect.stringContaining('there are 5') as unknown, settings: 5 })
  })
})

describe('findings of results', () => {
  const codes = (runs: readonly RunInput[]): string[] => resultFindings(resultsOf(runs)).map(({ code }) => code)
  const weak = (run: RunInput, change: object): RunInput => ({
    ...run,
    state: { ...run.state, records: run.state.records.map((record) => ({ ...record, ...change })) },
  })
  const seeds = [0, 1, 2, 3, 4, 5]
  const both = seeds.flatMap((seed) => ['random', 'badge'].map((name) => runOf(name, seed, labels, rising)))

  it('are none for whole, finished, equal runs', () => {
    expect(codes(both)).toEqual([])
  })

  it('tell when no p of the family can come below 0.05', () => {
    const many = ['badge', 'margin', 'entropy'].flatMap((name) => seeds.map((seed) => runOf(name, seed, labels, rising)))
    const [found] = resultFindings(resultsOf([...both.filter(({ strategy }) => strategy === 'random'), ...many]))
    expect(found).toMatchObject({ code: 'family-too-large', fix: 'run at least 7 seeds' })
    expect(found.message).toContain('the smallest adjusted p is 0.094')
    // a strategy with too few seeds for a test is in no family
    const single = runOf('margin', 0, labels, rising)
    expect(codes([...both, single])).not.toContain('family-too-large')
  })

  it('tell of fits that are not finished or not equally long, of missing runs and of a missing baseline', () => {
    expect(codes([weak(both[0], { trainAccuracy: 0.9 }), ...both.slice(1)])).toEqual(['undertrained'])
    expect(codes([weak(both[0], { steps: 30 }), ...both.slice(1)])).toEqual(['unequal-steps'])
    expect(codes([...both, runOf('badge', 6, labels, [0.5], { finished: false })])).toEqual(['unfinished-runs'])
    expect(codes(both.filter(({ strategy }) => strategy === 'badge'))).toEqual(['no-baseline'])
    expect(codes(both.map((run, i) => (i === 0 ? runOf('random', 0, [600, 700], [0.5, 0.6]) : run)))).toContain('no-shared-budget')
  })
})

describe('the statistics sentence on splits and families', () => {
  it('is conditional on a fixed split, corrected and doubtful on one that varies', () => {
    const runs = digitsRuns(8).map((run) => ({ ...run, state: { ...run.state, poolSize: 1000, testSize: 250 } }))
    expect(statisticsSentence(resultsOf(runs, {}, { splitVaries: false }))).toMatch(/Conditional on this split of the data\.$/)
    const varying = resultsOf(runs, {}, { splitVaries: true })
    expect(statisticsSentence(varying)).toContain('Nadeau–Bengio corrected')
    expect(statisticsSentence(varying)).toContain('the test takes them as independent')
    const width = (rows: ReturnType<typeof pairwise>) => rows[0].hi! - rows[0].lo!
    expect(width(pairwise(varying)) / width(pairwise(resultsOf(runs)))).toBeCloseTo(Math.sqrt((1 / 8 + 0.25) / (1 / 8)), 9)
  })

  it('calls all pairs exploratory', () => {
    expect(statisticsSentence(resultsOf(digitsRuns(), { family: 'all-pairs' }))).toContain('paired differences, exploratory')
  })
})
