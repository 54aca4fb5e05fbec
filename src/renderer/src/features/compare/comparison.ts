import { atBudget, budgetsOf, type BudgetRow } from '@engine/analysis/budget'
import { curves, pairedDifference, type Curve } from '@engine/analysis/curves'
import { minimumPairsForP } from '@engine/analysis/pairedTests'
import { pairwise, type PairwiseRow } from '@engine/analysis/pairwise'
import { compatible, sameValue, type Factors } from '@engine/analysis/resultSet'
import { statisticsSentence } from '@engine/analysis/sentence'
import { summarize, type SummaryRow } from '@engine/analysis/summary'
import type { ResultSet } from '@engine/study/results'
import type { MetricId } from '@engine/study/spec'

export interface ComparisonView {
  readonly dataset: string
  readonly metric: MetricId
  readonly baseline: string
  readonly facet: Factors
}

/** A row of the area table: the strategy's area, and its difference to the baseline where there is one. */
export interface AreaRow {
  readonly summary: SummaryRow
  readonly difference: PairwiseRow | null
}

export interface Comparison {
  readonly results: ResultSet
  readonly view: ComparisonView
  readonly curves: readonly Curve[]
  readonly differences: readonly Curve[]
  readonly areas: readonly AreaRow[]
  readonly budgets: readonly number[]
  readonly sentence: string
  /** finished pairs behind the smallest comparison; null when there is none */
  readonly pairs: number | null
  readonly pShown: boolean
  /** runs of the data set that have ended well, of all */
  readonly finished: number
  readonly runs: number
}

/** The results as this view asks for them: one data set, its metric and baseline in place of the study's. */
export const resultsFor = (results: ResultSet, view: ComparisonView): ResultSet => ({
  ...results,
  stats: { ...results.stats, metric: view.metric, baseline: view.baseline },
  runs: results.runs.filter((run) => run.dataset === view.dataset),
})

export function compare(all: ResultSet, view: ComparisonView): Comparison {
  const results = resultsFor(all, view)
  const { facet } = view
  const pairs = pairwise(results).filter((row) => row.seeds > 0)
  const inFacet = pairs.filter((row) => compatible(facet, row.factors))
  const seeds = inFacet.map((row) => row.seeds)
  const smallest = seeds.length > 0 ? Math.min(...seeds) : null
  return {
    results,
    view,
    curves: curves(results, { facet }).filter((curve) => curve.labels.length > 0),
    differences: pairedDifference(results, { facet }).filter((curve) => curve.labels.length > 0),
    areas: summarize(results)
      .filter((row) => compatible(facet, row.factors))
      .map((summary) => ({ summary, difference: differenceOf(inFacet, summary, view.baseline) })),
    budgets: budgetsOf(results),
    sentence: statisticsSentence(results, { dataset: view.dataset, facet }),
    pairs: smallest,
    pShown: smallest !== null && smallest >= minimumPairsForP,
    finished: results.runs.filter((run) => run.complete).length,
    runs: results.runs.length,
  }
}

/** The comparison of this row with the baseline; a baseline in several cells gives the one of the row's own cell. */
function differenceOf(pairs: readonly PairwiseRow[], row: SummaryRow, baseline: string): PairwiseRow | null {
  const own = pairs.filter((pair) => pair.a === row.strategy && pair.b === baseline && compatible(row.factors, pair.factors))
  return own.find((pair) => sameCell(pair.factors, row.factors)) ?? (own.length === 1 ? own[0] : null)
}

const sameCell = (a: Factors, b: Factors): boolean => Object.keys({ ...a, ...b }).every((path) => sameValue(a[path], b[path]))

export const rowsAt = ({ results, view }: Comparison, labels: number): BudgetRow[] => atBudget(results, labels, { facet: view.facet })

/** The stop nearest to `x`. */
export function nearestBudget(budgets: readonly number[], x: number): number | null {
  return budgets.reduce<number | null>((best, budget) => (best === null || Math.abs(budget - x) < Math.abs(best - x) ? budget : best), null)
}

/** Key of one curve among those shown together. */
export const curveKey = (row: { readonly strategy: string; readonly factors: Factors }): string =>
  JSON.stringify([row.strategy, row.factors])
