import { atBudgetShares, budgetsOf, type ShareRow } from '@engine/analysis/budget'
import { curves, pairedDifference, type Curve } from '@engine/analysis/curves'
import { metricInfo } from '@engine/analysis/metricInfo'
import { minimumPairsForP } from '@engine/analysis/pairedTests'
import { pairwise, type PairwiseRow } from '@engine/analysis/pairwise'
import { planSeeds, type SeedPlan } from '@engine/analysis/power'
import { compatible, sameValue, type Factors } from '@engine/analysis/resultSet'
import { statisticsSentence } from '@engine/analysis/sentence'
import { summarize, type SummaryRow } from '@engine/analysis/summary'
import type { ResultSet } from '@engine/study/results'
import type { MetricId, StatsSpec } from '@engine/study/spec'

export interface ComparisonView {
  readonly dataset: string
  readonly metric: MetricId
  readonly baseline: string
  readonly facet: Factors
}

/** What one data set shows without any test: quick even for a thousand runs. */
export interface Comparison {
  readonly view: ComparisonView
  readonly curves: readonly Curve[]
  readonly differences: readonly Curve[]
  /** of the finished runs, all cells */
  readonly summary: readonly SummaryRow[]
  /** those of the facet */
  readonly areas: readonly SummaryRow[]
  /** at 25, 50, 75 and 100 % of the budget that all have */
  readonly shares: readonly ShareRow[]
  readonly budgets: readonly number[]
  /** runs of the data set that have ended well, of all */
  readonly finished: number
  readonly runs: number
  readonly seeds: number
}

/** Paired comparisons with the baseline in the facet, and what can be said of them. */
export interface ComparisonTests {
  readonly pairs: readonly PairwiseRow[]
  readonly plans: readonly SeedPlan[]
  readonly sentence: string
  readonly correction: StatsSpec['correction']
  /** finished pairs behind the smallest comparison; null when there is none */
  readonly fewest: number | null
  readonly pShown: boolean
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
  const summary = summarize(results)
  return {
    view,
    curves: curves(results, { facet }).flatMap(withoutTraces),
    differences: pairedDifference(results, { facet }).flatMap(withoutTraces),
    summary,
    areas: ordered(
      summary.filter((row) => compatible(facet, row.factors)),
      results,
    ),
    shares: atBudgetShares(results).filter((row) => compatible(facet, row.factors)),
    budgets: budgetsOf(results),
    finished: results.runs.filter((run) => run.complete).length,
    runs: results.runs.length,
    seeds: new Set(results.runs.map(({ seed }) => seed)).size,
  }
}

/** Figures bring the traces they draw; a thousand of them would only travel. */
const withoutTraces = (curve: Curve): Curve[] => (curve.labels.length > 0 ? [{ ...curve, traces: [] }] : [])

/** Best area first; in the study's order while rows would still change places. */
function ordered(rows: readonly SummaryRow[], { runs, stats }: ResultSet): readonly SummaryRow[] {
  if (runs.some((run) => !run.complete)) return rows
  const sign = metricInfo[stats.metric].higherIsBetter ? -1 : 1
  return rows.toSorted((a, b) =>
    a.aubc === null || b.aubc === null ? Number(a.aubc === null) - Number(b.aubc === null) : sign * (a.aubc - b.aubc),
  )
}

/** Rows in the order of the areas; what has no area comes last. */
export function asAreas<Row extends CellRow>(rows: readonly Row[], { areas }: Comparison): Row[] {
  const places = new Map(areas.map((row, place) => [curveKey(row), place]))
  const placeOf = (row: Row): number => places.get(curveKey(row)) ?? areas.length
  return rows.toSorted((a, b) => placeOf(a) - placeOf(b))
}

export function testsOf(all: ResultSet, view: ComparisonView): ComparisonTests {
  const results = resultsFor(all, view)
  const pairs = pairwise(results).filter((row) => row.tested && row.seeds > 0 && compatible(view.facet, row.factors))
  const fewest = pairs.length > 0 ? Math.min(...pairs.map((row) => row.seeds)) : null
  return {
    pairs,
    plans: planSeeds(pairs),
    sentence: statisticsSentence(results, { dataset: view.dataset, facet: view.facet }),
    correction: results.stats.correction,
    fewest,
    pShown: fewest !== null && fewest >= minimumPairsForP,
  }
}

/** The comparison of this row with the baseline; a baseline in several cells gives the one of the row's own cell. */
export function differenceOf(pairs: readonly PairwiseRow[], row: SummaryRow, baseline: string): PairwiseRow | null {
  const own = pairs.filter((pair) => pair.a === row.strategy && pair.b === baseline && compatible(row.factors, pair.factors))
  return own.find((pair) => sameCell(pair.factors, row.factors)) ?? (own.length === 1 ? own[0] : null)
}

export const sameCell = (a: Factors, b: Factors): boolean => Object.keys({ ...a, ...b }).every((path) => sameValue(a[path], b[path]))

/** The stop nearest to `x`. */
export function nearestBudget(budgets: readonly number[], x: number): number | null {
  return budgets.reduce<number | null>((best, budget) => (best === null || Math.abs(budget - x) < Math.abs(best - x) ? budget : best), null)
}

export interface CellRow {
  readonly strategy: string
  readonly factors: Factors
}

/** Key of one curve among those shown together. */
export const curveKey = (row: CellRow): string => JSON.stringify([row.strategy, row.factors])
