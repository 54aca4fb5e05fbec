import type { ResultSet } from '../study/results'
import type { MetricId } from '../study/spec'
import { intervalsOf, type Interval } from './intervals'
import { pairedTest, countWins, type Wins } from './pairedTests'
import { metricInfo } from './metricInfo'
import { compatible, groupRuns, mergedCell, runCurve, type Factors, type Measure, type RunCurve } from './resultSet'

/** Mean over seeds by labels, with its interval; a difference has `baseline` set. */
export interface Curve {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  readonly baseline: string | null
  /** `full-data`: to be drawn as a level at its last value */
  readonly line: boolean
  readonly labels: readonly number[]
  readonly mean: readonly (number | null)[]
  readonly lo: readonly (number | null)[]
  readonly hi: readonly (number | null)[]
  /** values behind each mean */
  readonly n: readonly number[]
  readonly traces: readonly RunCurve[]
  /** index of the first budget that fewer seeds have reached than the first one; null when all are as far */
  readonly partialFrom: number | null
}

export interface CurveOptions {
  /** default: the study's metric */
  readonly metric?: Measure
  /** levels to keep; runs that a factor cannot change are in every facet */
  readonly facet?: Factors
}

/** One curve per data set, strategy and factor cell, from all runs, finished or not (A§16). */
export function curves(results: ResultSet, { metric = results.stats.metric, facet = {} }: CurveOptions = {}): Curve[] {
  const interval = intervalsOf(results.stats.band)
  return groupRuns(results)
    .filter((group) => compatible(facet, group.factors))
    .map(({ dataset, strategy, factors, line, runs }) => {
      const traces = runs.map((run) => runCurve(run, metric)).filter(({ labels }) => labels.length > 0)
      return { dataset, strategy, factors, line, baseline: null, ...band(traces, interval) }
    })
}

/** Curves of (strategy − baseline) over seeds that both have, at budgets that both have; narrower than either band where runs are paired (A§16). */
export function pairedDifference(
  results: ResultSet,
  { baseline = results.stats.baseline, metric = results.stats.metric, facet = {} }: CurveOptions & { readonly baseline?: string } = {},
): Curve[] {
  const interval = intervalsOf(results.stats.band)
  const groups = groupRuns(results).filter((group) => !group.line && compatible(facet, group.factors))
  return groups
    .filter((group) => group.strategy !== baseline)
    .flatMap((group) =>
      groups
        .filter((other) => other.strategy === baseline && other.dataset === group.dataset && compatible(other.factors, group.factors))
        .map((other) => {
          const base = new Map(other.runs.map((run) => [run.seed, runCurve(run, metric)]))
          const traces = group.runs.flatMap((run) => {
            const against = base.get(run.seed)
            return against ? [differenceOf(runCurve(run, metric), against)] : []
          })
          return {
            dataset: group.dataset,
            strategy: group.strategy,
            factors: mergedCell(group.factors, other.factors),
            line: false,
            baseline,
            ...band(
              traces.filter(({ labels }) => labels.length > 0),
              interval,
            ),
          }
        }),
    )
}

function differenceOf(a: RunCurve, b: RunCurve): RunCurve {
  const places = new Map(b.labels.map((label, index) => [label, index]))
  const shared = a.labels.flatMap((label, index) => {
    const place = places.get(label)
    if (place === undefined) return []
    const [first, second] = [a.values[index], b.values[place]]
    return [{ label, value: first === null || second === null ? null : first - second }]
  })
  return { seed: a.seed, labels: shared.map(({ label }) => label), values: shared.map(({ value }) => value) }
}

type Band = Pick<Curve, 'labels' | 'mean' | 'lo' | 'hi' | 'n' | 'traces' | 'partialFrom'>

function band(traces: readonly RunCurve[], interval: (values: readonly number[]) => Interval): Band {
  const byLabel = new Map<number, { arrived: number; readonly values: number[] }>()
  for (const trace of traces)
    trace.labels.forEach((label, index) => {
      const place = byLabel.get(label) ?? { arrived: 0, values: [] }
      byLabel.set(label, place)
      place.arrived++
      const value = trace.values[index]
      if (value !== null) place.values.push(value)
    })
  const labels = [...byLabel.keys()].sort((a, b) => a - b)
  const places = labels.map((label) => byLabel.get(label)!)
  const intervals = places.map(({ values }) => (values.length > 0 ? interval(values) : { mean: null, lo: null, hi: null }))
  const partial = places.findIndex(({ arrived }) => arrived < places[0].arrived)
  return {
    labels,
    mean: intervals.map((value) => value.mean),
    lo: intervals.map((value) => value.lo),
    hi: intervals.map((value) => value.hi),
    n: places.map(({ values }) => values.length),
    traces,
    partialFrom: partial < 0 ? null : partial,
  }
}

/** Values of the seeds at one budget, in seed order. */
export const valuesAt = (curve: Curve, labels: number): number[] =>
  curve.traces.flatMap((trace) => {
    const value = trace.values[trace.labels.indexOf(labels)] ?? null
    return value === null ? [] : [value]
  })

export interface BudgetTest extends Wins {
  readonly labels: number
  readonly n: number
  readonly mean: number
  /** exploratory: not adjusted for the number of budgets */
  readonly p: number | null
}

/** The study's paired test at each budget of a difference curve: the strip below the figure, exploratory. */
export function budgetTests(results: ResultSet, difference: Curve, metric: MetricId = results.stats.metric): BudgetTest[] {
  return difference.labels.flatMap((labels, index) => {
    const mean = difference.mean[index]
    if (mean === null) return []
    const values = valuesAt(difference, labels)
    const p = pairedTest(results.stats.test, values)
    return [{ labels, n: values.length, mean, p, ...countWins(values, metricInfo[metric].higherIsBetter) }]
  })
}
