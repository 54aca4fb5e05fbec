import type { ResultSet } from '../study/results'
import type { MetricId } from '../study/spec'
import { interpolate } from './area'
import { curves, pairedDifference, valuesAt, type Curve } from './curves'
import { finishedGroups, sharedRanges } from './finished'
import { intervalsOf } from './intervals'
import { metricInfo } from './metricInfo'
import { countWins, pairedTest, type Wins } from './pairedTests'
import { compatible, wasEvaluated, type Factors } from './resultSet'

export interface BudgetRow {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  readonly line: boolean
  readonly n: number
  readonly mean: number
  readonly lo: number | null
  readonly hi: number | null
  /** to the baseline; null for the baseline itself, lines, and where no seed is shared */
  readonly difference: BudgetDifference | null
}

export interface BudgetDifference extends Wins {
  readonly n: number
  readonly mean: number
  readonly lo: number | null
  readonly hi: number | null
  /** exploratory: not adjusted */
  readonly p: number | null
}

export interface BudgetOptions {
  readonly metric?: MetricId
  readonly baseline?: string
  readonly facet?: Factors
}

/** Every strategy at one budget, from the seeds that have reached it; lines give their last value at every budget. */
export function atBudget(results: ResultSet, labels: number, options: BudgetOptions = {}): BudgetRow[] {
  const metric = options.metric ?? results.stats.metric
  const differences = pairedDifference(results, options)
  return curves(results, options).flatMap((curve) => {
    const index = curve.line ? curve.labels.length - 1 : curve.labels.indexOf(labels)
    const mean = curve.mean[index] ?? null
    if (mean === null) return []
    const { dataset, strategy, factors, line } = curve
    const own = differences.find((d) => d.dataset === dataset && d.strategy === strategy && compatible(d.factors, factors))
    const difference = own ? differenceAt(results, own, labels, metric) : null
    return [{ dataset, strategy, factors, line, n: curve.n[index], mean, lo: curve.lo[index], hi: curve.hi[index], difference }]
  })
}

function differenceAt(results: ResultSet, curve: Curve, labels: number, metric: MetricId): BudgetDifference | null {
  const index = curve.labels.indexOf(labels)
  const mean = curve.mean[index] ?? null
  if (mean === null) return null
  const values = valuesAt(curve, labels)
  return {
    n: values.length,
    mean,
    lo: curve.lo[index],
    hi: curve.hi[index],
    p: pairedTest(results.stats.test, values),
    ...countWins(values, metricInfo[metric].higherIsBetter),
  }
}

export interface ShareRow {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  /** of the way from the first to the last budget that all finished runs of the data set cover */
  readonly share: number
  readonly labels: number
  readonly n: number
  readonly mean: number | null
  readonly lo: number | null
  readonly hi: number | null
}

/** The metric at 25, 50, 75 and 100 % of the shared budget, interpolated between evaluations; mean and interval over seeds (A§16). */
export function atBudgetShares(
  results: ResultSet,
  {
    metric = results.stats.metric,
    shares = [0.25, 0.5, 0.75, 1],
  }: { readonly metric?: MetricId; readonly shares?: readonly number[] } = {},
): ShareRow[] {
  const interval = intervalsOf(results.stats.band)
  const groups = finishedGroups(results, metric).filter((group) => !group.line)
  const ranges = sharedRanges(groups)
  return groups.flatMap(({ dataset, strategy, factors, curves: runs }) => {
    const range = ranges.get(dataset)
    if (!range) return []
    return shares.map((share) => {
      const labels = range.from + share * (range.to - range.from)
      const values = runs.map((run) => interpolate(run.labels, run.values, labels)).filter((value) => value !== null)
      const estimate = values.length > 0 ? interval(values) : { mean: null, lo: null, hi: null }
      return { dataset, strategy, factors, share, labels, n: values.length, ...estimate }
    })
  })
}

/** Budgets at which any strategy has been evaluated, ascending: the stops of the budget cursor. */
export function budgetsOf(results: ResultSet): number[] {
  const labels = new Set<number>()
  for (const run of results.runs)
    if (!results.lines.includes(run.strategy)) for (const record of run.records) if (wasEvaluated(record)) labels.add(record.labeled)
  return [...labels].sort((a, b) => a - b)
}
