import { describe, expect, it } from 'vitest'
import {
  aubc,
  aubcByQuota,
  averageRanks,
  criticalDifference,
  effectSize,
  friedman,
  holm,
  interactions,
  labelsToTarget,
  mainEffects,
  mean,
  nemenyi,
  pairedPower,
  pairedT,
  pairedTStatistic,
  penaltyComparison,
  readTidy,
  joinResults,
  reliability,
  sampleSaving,
  seedsNeeded,
  signFlip,
  standardDeviation,
  tInterval,
  wilcoxon,
  type EffectRow,
  type RunInput,
} from '@engine/analysis'
import numbers from '../fixtures/statistics.json' with { type: 'json' }
import { resultsOf, runOf } from '../support/digitsCurves'
import { readReference } from '../support/reference'

/** Within 1e-9, of the value where it is large. */
const expectClose = (found: number | null | undefined, expected: number): void =>
  expect(Math.abs((found ?? NaN) - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)))

describe('statistics agree with SciPy, statsmodels and scikit-learn', () => {
  it.each(numbers.paired.map((entry) => [`${entry.values.length} ${entry.kind}`, entry] as const))('one sample of %s', (_, entry) => {
    const { values } = entry
    const interval = tInterval(values)
    expectClose(interval.mean, entry.mean)
    expectClose(interval.lo, entry.lo)
    expectClose(interval.hi, entry.hi)
    expectClose(standardDeviation(values), entry.deviation)
    expectClose(effectSize(values), entry.effect)
    expectClose(pairedTStatistic(values), entry.t)
    expectClose(pairedT(values), entry.paired_t)
    expectClose(wilcoxon(values), entry.wilcoxon)
    if (entry.sign_flip !== null) expectClose(signFlip(values), entry.sign_flip)
    const resampled = tInterval(values, 0.95, entry.test_share)
    expectClose(resampled.lo, entry.resampled_lo)
    expectClose(resampled.hi, entry.resampled_hi)
    expectClose(pairedT(values, entry.test_share), entry.resampled_p)
  })

  it('Holm', () => {
    for (const { p, adjusted } of numbers.holm) holm(p).forEach((value, i) => expectClose(value, adjusted[i]))
  })

  it('mean ranks, Friedman, Nemenyi and the critical difference', () => {
    for (const entry of numbers.ranking) {
      const [n, k] = [entry.table.length, entry.table[0].length]
      const ranks = averageRanks(entry.table)
      ranks.forEach((rank, i) => expectClose(rank, entry.ranks[i]))
      expectClose(friedman(entry.table).statistic, entry.statistic)
      expectClose(friedman(entry.table).p, entry.p)
      expectClose(criticalDifference(k, n), entry.critical_difference)
      ranks.forEach((a, i) => ranks.forEach((b, j) => expectClose(nemenyi(a - b, k, n), entry.nemenyi[i][j])))
    }
  })

  it('power of the paired t-test and the seeds it takes', () => {
    for (const { effect, n, alpha, power } of numbers.power) expectClose(pairedPower(effect, n, alpha), power)
    for (const { effect, alpha, n } of numbers.seeds) expect(seedsNeeded(effect, { alpha })).toBe(n)
  })

  it('areas, labels to a value and sample saving', () => {
    for (const { labels, values, at, wanted, ...expected } of numbers.curves) {
      expectClose(aubc(labels, values), expected.aubc)
      expectClose(aubcByQuota(labels, values, expected.quota), expected.by_quota)
      expectClose(labelsToTarget(labels, values, wanted), expected.target)
      const saving = sampleSaving({ labels, values }, at, wanted)
      expectClose(saving?.ratio, expected.ratio)
      expectClose(saving?.bounded, expected.bounded)
    }
  })

  it('expected calibration error', () => {
    for (const { confidence, correct, ece } of numbers.calibration) expectClose(reliability(confidence, correct).ece, ece)
  })

  it('main effects and interactions', () => {
    const { values, ...expected } = numbers.factorial
    const [weights, score] = ['training.weightStart', 'protocol.query']
    const names = ['random', 'margin', 'entropy', 'badge']
    const runs: RunInput[] = values.flatMap((byWeights, s) =>
      byWeights.flatMap((byScore, w) =>
        byScore.flatMap((bySeed, q) =>
          bySeed.map((value, seed) =>
            runOf(names[s], seed, [10, 20], [value, value], { factors: { [weights]: `w${w}`, [score]: `q${q}` } }),
          ),
        ),
      ),
    )
    const results = resultsOf(runs, { test: 'paired-t' }, { factors: [weights, score] })
    const find = (rows: readonly EffectRow[], strategy: string | null, ...levels: string[]): EffectRow =>
      rows.find((row) => row.strategy === strategy && row.changes.map(({ level }) => level).join() === levels.join())!
    const expectRow = (row: EffectRow, { mean: effect, lo, hi, p }: { mean: number; lo: number; hi: number; p: number }): void => {
      expectClose(row.mean, effect)
      expectClose(row.lo, lo)
      expectClose(row.hi, hi)
      expectClose(row.p, p)
    }
    const main = mainEffects(results)
    expectRow(find(main, null, 'w1'), expected.first)
    const both = interactions(results)
    for (const level of [0, 1]) {
      expectRow(find(main, null, `q${level + 1}`), expected.second[level])
      expectRow(find(main, 'entropy', `q${level + 1}`), expected.second_of_strategy_2[level])
      expectRow(find(both, null, 'w1', `q${level + 1}`), expected.interaction[level])
    }
    expectRow(find(both, null, 'badge', 'w1'), expected.strategy_3_first)
    expect(find(main, null, 'w1').cells).toBe(12)
  })
})

interface PenaltyFile {
  readonly columns: string[]
  readonly rows: (string | number)[][]
  readonly algorithms: string[]
  readonly matrix: number[][]
  readonly column_average: number[]
  readonly paired_t_tests: { readonly rows: [string, string, string, string, number, number, number][] }
}

describe("BADGE's own comparison", () => {
  const file = readReference<PenaltyFile>('penalty-matrix')
  const rows = file.rows.map((row) => row.map(String))
  const table = { name: 'badge.csv', header: file.columns, rows, lines: rows.map((_, i) => i + 2) }
  const { results } = joinResults([{ name: 'badge.csv', results: readTidy(table) }])
  const { exact, tests } = penaltyComparison(results)
  const round = (value: number): number => Math.round(100 * value) / 100

  it('has the same matrix and column means to two decimals', () => {
    expect([...exact.strategies].sort()).toEqual(file.algorithms)
    const place = file.algorithms.map((name) => exact.strategies.indexOf(name))
    expect(place.map((i) => place.map((j) => round(exact.matrix[i][j])))).toEqual(file.matrix)
    expect(place.map((j) => round(exact.columnMeans[j]))).toEqual(file.column_average)
  })

  it('has the same t-tests', () => {
    expect(tests).toHaveLength(file.paired_t_tests.rows.length)
    for (const [data, model, a, b, samples, t, p] of file.paired_t_tests.rows) {
      const test = tests.find(
        (entry) =>
          entry.setting === `${data}, ${model}` && entry.labels === samples && [a, b].includes(entry.a) && [a, b].includes(entry.b),
      )!
      expectClose(test.a === a ? test.t : -test.t, t)
      expectClose(test.p, p)
    }
  })
})

describe('worked examples of the definitions', () => {
  it('E21: paired differences of the penalty matrix', () => {
    const [won, close] = [
      [0.01, 0.02, 0.015, 0.012, 0.018],
      [0.02, 0.03, -0.01, 0.01, 0.012],
    ]
    expect(pairedTStatistic(won)).toBeCloseTo(8.1349, 4)
    expect(pairedT(won)).toBeCloseTo(0.00124, 5)
    expect(pairedTStatistic(close)).toBeCloseTo(1.8745, 4)
    expect(pairedT(close)).toBeCloseTo(0.134, 3)
    expect(mean(close)).toBeCloseTo(0.0124, 12)
  })

  it('E20: calibration error', () => {
    expect(reliability([0.95, 0.85, 0.85, 0.65, 0.65, 0.55], [true, true, false, true, false, false]).ece).toBeCloseTo(0.266667, 6)
  })
})
