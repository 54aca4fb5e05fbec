import { describe, expect, it } from 'vitest'
import {
  atBudget,
  atBudgetShares,
  budgetsOf,
  costCurves,
  curves,
  pairedDifference,
  pairwise,
  penaltyComparison,
  readTidy,
  resultFindings,
  resultSetFrom,
  summarize,
  type RunInput,
} from '@engine/analysis'
import type { RoundRecord } from '@engine/study/events'
import type { ResultSet } from '@engine/study/results'
import { sharedBudget } from '@figures/atBudget'
import { figureIds, figures } from '@figures/registry'
import { figureResults } from '../../support/figureResults'
import { defaultStats, roundRecord } from '../../support/records'

const lead: Readonly<Record<string, number>> = { random: 0, asvp: 0.04, 'random-long': 0 }

/** Batches of 10 up to 90 labels (the longer baseline 150), evaluated where `isEvaluated` says and at the end. */
function study(isEvaluated: (labeled: number) => boolean): ResultSet {
  const runs = Object.entries(lead).flatMap(([strategy, gain]) => {
    const rounds = strategy === 'random-long' ? 14 : 8
    return Array.from({ length: 6 }, (_, seed): RunInput => ({
      hash: `${strategy}-${seed}`,
      dataset: 'digits',
      strategy,
      seed,
      factors: {},
      state: {
        status: 'finished',
        initial: [],
        records: Array.from({ length: rounds + 1 }, (_, round): RoundRecord => {
          const labeled = 10 + 10 * round
          const record = roundRecord(round, labeled, 0.5 + 0.03 * round + gain + 0.001 * seed * (strategy === 'asvp' ? 2 : 1))
          return round === rounds || isEvaluated(labeled) ? record : { ...record, metrics: {}, trainAccuracy: null, steps: 0 }
        }),
      },
    }))
  })
  return resultSetFrom({
    study: 'proxies',
    strategies: Object.keys(lead),
    lines: [],
    factors: [],
    stats: { ...defaultStats, target: 0.62 },
    classes: 10,
    runs,
  })
}

describe('results of a study that evaluates at some budgets only', () => {
  const sparse = study((labeled) => labeled === 10 || labeled === 50 || labeled === 90)
  const full = study(() => true)

  it('have curves, differences and budgets of the evaluated rounds', () => {
    expect(curves(sparse).map(({ labels }) => labels)).toEqual([
      [10, 50, 90],
      [10, 50, 90],
      [10, 50, 90, 150],
    ])
    for (const curve of curves(sparse)) {
      expect(curve.mean).not.toContain(null)
      expect(curve.partialFrom).toBeNull()
    }
    expect(pairedDifference(sparse)[0].labels).toEqual([10, 50, 90])
    expect(budgetsOf(sparse)).toEqual([10, 50, 90, 150])
    expect(sharedBudget(sparse)).toBe(90)
    expect(atBudget(sparse, 50)).toHaveLength(3)
    expect(atBudget(sparse, 60)).toEqual([])
    expect(atBudgetShares(sparse)[0]).toMatchObject({ share: 0.25, labels: 30, n: 6 })
  })

  it('give the areas, savings and tests that straight curves evaluated everywhere give', () => {
    const [few, all] = [sparse, full].map((results) => summarize(results))
    few.forEach((row, i) => {
      expect(row.aubc).toBeCloseTo(all[i].aubc ?? NaN, 12)
      expect(row.aubcEarly).toBeCloseTo(all[i].aubcEarly ?? NaN, 12)
      expect(row.labelsToTarget).toBeCloseTo(all[i].labelsToTarget ?? NaN, 9)
      expect(row.ssr).toBeCloseTo(all[i].ssr ?? NaN, 9)
      expect([row.final, row.ssrAt, row.selectMs]).toEqual([all[i].final, all[i].ssrAt, all[i].selectMs])
    })
    // 0.79 is reached by the longer baseline at 90 + 40 / 3 labels
    expect(few[1].ssr).toBeGreaterThan(0.1)
    expect(few[1].ssrCensored).toBe(false)
    const [tested, expected] = [sparse, full].map((results) => pairwise(results).find(({ tested }) => tested))
    expect(tested?.p).toBe(expected?.p)
    expect(tested?.meanDifference).toBeCloseTo(expected?.meanDifference ?? NaN, 12)
  })

  it('are no gap, no unequal training and no other method', () => {
    const codes = resultFindings(sparse).map(({ code }) => code)
    expect(codes).not.toContain('missing-values')
    expect(codes).not.toContain('unequal-steps')
    expect(codes).toContain('baseline-curve')
    const gap = { ...full, runs: full.runs.map((run, i) => (i === 0 ? { ...run, records: run.records.map((one, round) => (round === 3 ? { ...one, metrics: { accuracy: null } } : one)) } : run)) } // prettier-ignore
    expect(resultFindings(gap).map(({ code }) => code)).toContain('missing-values')
  })

  it('have checkpoints of the penalty matrix where there is an evaluation', () => {
    const uneven = study((labeled) => [10, 30, 40, 90].includes(labeled))
    for (const results of [sparse, uneven])
      for (const { checkpoints } of penaltyComparison(results).exact.settings) {
        expect(checkpoints.length).toBeGreaterThan(0)
        for (const labels of checkpoints) expect(budgetsOf(results)).toContain(labels)
      }
  })

  it('count the time of all rounds before an evaluation', () => {
    const hour = 3_600_000
    const points = (results: ResultSet) => costCurves(results, { label: 0, hour: 1 })[0].points
    const at50 = points(sparse).find(({ labels }) => labels === 50)
    expect(at50).toEqual({ ...points(full).find(({ labels }) => labels === 50), frontier: at50?.frontier })
    expect(at50?.activeHours).toBeCloseTo((4 * 16) / hour, 15)
  })

  it('tell active-learning time from what training the evaluated model adds', () => {
    const noTime = { trainMs: 0, forwardMs: 0, scoreMs: 0, chooseMs: 0, updateMs: 0, evalMs: 0 }
    const terms = {
      featureForwardMs: 0, proxyTrainMs: 1, proxyForwardMs: 1, selectMs: 1, checkTrainMs: 0, logmeMs: 0, featureUpdateMs: 0, finalTrainMs: 100,
    } // prettier-ignore
    // a proxy that queries in 3 ms, renews features once for 50 ms, and trains 100 ms for each evaluation
    const proxied = {
      ...sparse,
      runs: sparse.runs.map((run) =>
        run.strategy !== 'asvp'
          ? run
          : {
              ...run,
              records: run.records.map((record, round) => ({
                ...record,
                timings:
                  round === 8
                    ? { ...noTime, evalMs: 101 }
                    : { ...noTime, trainMs: 1, forwardMs: 1, chooseMs: 1, updateMs: round === 2 ? 50 : 0 },
                proxyTimings: { ...terms, finalTrainMs: round % 4 === 0 ? 100 : 0 },
              })),
            },
      ),
    }
    const [random, asvp] = summarize(proxied)
    expect([random.activeMs, random.totalMs]).toEqual([8 * 16, 8 * 16 + 10])
    expect([asvp.activeMs, asvp.totalMs]).toEqual([8 * 3 + 50, 8 * 3 + 50 + 100])
    // Nobody asks the models of random while it chooses.
    const free = { ...proxied, runs: proxied.runs.map((run) => (run.strategy === 'random' ? { ...run, modelFree: true as const } : run)) }
    expect(summarize(free)[0]).toMatchObject({ activeMs: 8 * 6, totalMs: 8 * 6 + 10 })
    expect(costCurves(free, { label: 0, hour: 1 })[0].points[2].activeHours).toBeCloseTo((8 * 6) / 3_600_000, 15)
    const ms = costCurves(proxied, { label: 0, hour: 1 })
      .find(({ strategy }) => strategy === 'asvp')
      ?.points.map(({ activeHours, hours }) => [activeHours, hours].map((value) => Math.round((value ?? NaN) * 3_600_000)))
    expect(ms).toEqual([[0, 100], [62, 162], [74, 174]]) // prettier-ignore
    const box = { theme: 'paper', width: 700, height: 500, fontFamily: 'serif', fontSizePx: 12 } as const
    const { caption, table } = figures['learning-curves'].build(proxied, { axis: 'active' }, box)
    expect(caption).toContain('by active-learning time (s), median over seeds')
    expect(table.rows.filter((row) => row[1] === 'asvp').map((row) => row[2])).toEqual([
      0,
      expect.closeTo(0.062, 9),
      expect.closeTo(0.074, 9),
    ])
  })

  it('draw every figure that they have values for', () => {
    const complete = figureResults({ rounds: 4 })
    const partly = { ...complete, runs: complete.runs.map((run) => ({ ...run, records: run.records.map((record) => (record.round % 2 === 1 ? { ...record, metrics: {} } : record)) })) } // prettier-ignore
    const box = { theme: 'paper', width: 700, height: 500, fontFamily: 'serif', fontSizePx: 12 } as const
    for (const id of figureIds) {
      const [reason, before] = [partly, complete].map((results) => figures[id].needs(results, {}))
      expect(reason, id).toBe(before)
      if (reason === null) expect(JSON.stringify(figures[id].build(partly, {}, box).table)).not.toContain('NaN')
    }
    const blank = { ...complete, runs: complete.runs.map((run) => ({ ...run, records: run.records.map((record) => ({ ...record, metrics: {} })) })) } // prettier-ignore
    for (const id of figureIds) expect(() => figures[id].needs(blank, {})).not.toThrow()
    expect(figures['learning-curves'].needs(blank, {})).toContain('No run has a value')
  })
})

describe('tables of rounds that were not evaluated', () => {
  const header = ['strategy', 'seed', 'labeled', 'accuracy', 'nll']
  const read = (rows: readonly string[]) =>
    readTidy({ name: 'r.csv', header, rows: rows.map((row) => row.split(',')), lines: rows.map((_, i) => i + 2) })

  it('are told from lost values: blank in every seed, and the run goes on', () => {
    const { runs, notes } = read(['a,0,10,0.5,1', 'a,1,10,0.5,1', 'a,0,20,,', 'a,1,20,,', 'a,0,30,0.6,1', 'a,1,30,0.7,1'])
    expect(runs.map(({ records }) => records.map(({ metrics }) => Object.keys(metrics).length))).toEqual([[2, 0, 2], [2, 0, 2]]) // prettier-ignore
    expect(notes).toEqual([])
  })

  it.each([
    ['one seed alone', ['a,0,10,0.5,1', 'a,1,10,0.5,1', 'a,0,20,,', 'a,1,20,0.6,1', 'a,0,30,0.6,1', 'a,1,30,0.7,1'], 'line 4 (accuracy)'],
    ['one metric alone', ['a,0,10,0.5,1', 'a,0,20,,1', 'a,0,30,0.6,1'], 'line 3 (accuracy)'],
    ['the last round', ['a,0,10,0.5,1', 'a,0,20,,'], 'line 3 (accuracy)'],
    ['a value that is not a number', ['a,0,10,0.5,1', 'a,0,20,nan,nan', 'a,0,30,0.6,1'], 'line 3 (accuracy)'],
  ])('stay gaps: %s', (_, rows, note) => {
    const { runs, notes } = read(rows)
    expect(notes.join()).toContain(note)
    for (const { records } of runs) for (const { metrics } of records) expect(Object.keys(metrics)).toEqual(['accuracy', 'nll'])
  })
})
