import type { ResultSet } from '../study/results'
import type { MetricId, StatsSpec } from '../study/spec'
import { finishedGroups, pairedValues, primaryOf, rivalsOf, sharedRanges, testShareOf, type FinishedGroup } from './finished'
import { intervalsOf } from './intervals'
import { metricInfo } from './metricInfo'
import { countWins, effectSize, holm, pairedTest, ropeVerdict, type RopeVerdict, type Wins } from './pairedTests'
import { compatible, mergedCell, type Factors } from './resultSet'
import { penaltyShares } from './settings'

/** A row of pairwise.csv: a − b over the seeds that both finished. */
export interface PairwiseRow extends Wins {
  readonly study: string
  readonly dataset: string
  readonly a: string
  readonly b: string
  readonly factors: Factors
  readonly family: StatsSpec['family']
  /** false where one side is the baseline run further: nothing to test, and in no family */
  readonly tested: boolean
  /** comparisons the correction is over */
  readonly familySize: number
  readonly metric: MetricId
  readonly primary: StatsSpec['primary']
  /** paired seeds */
  readonly seeds: number
  readonly meanDifference: number | null
  readonly lo: number | null
  readonly hi: number | null
  /** two-sided, not adjusted; a reader should see it from 6 seeds on only */
  readonly p: number | null
  readonly pAdjusted: number | null
  readonly effectSize: number | null
  /** of the interval against the study's region of practical equivalence */
  readonly verdict: RopeVerdict | null
  /** share of the checkpoints of this cell at which a beats b in BADGE's penalty matrix */
  readonly penalty: number | null
}

/**
 * Paired comparison of the primary quantity (AUBC over, or value at the end of, the budgets all finished runs of the data set cover).
 * Strategies are compared within a factor cell; an empty cell meets every level. Holm's family is every comparison with the baseline in
 * one of its cells; with all pairs, which are exploratory, the whole data set.
 */
export function pairwise(results: ResultSet, options: { readonly metric?: MetricId; readonly baseline?: string } = {}): PairwiseRow[] {
  const { stats } = results
  const metric = options.metric ?? stats.metric
  const baseline = options.baseline ?? stats.baseline
  const { higherIsBetter } = metricInfo[metric]
  const interval = intervalsOf(stats.band)
  const groups = finishedGroups(results, metric)
  const ranges = sharedRanges(groups)
  const primary = new Map(groups.map((group) => [group, primaryOf(results, group, ranges.get(group.dataset) ?? null)]))
  const penalty = penaltyShares(results, { metric, baseline })
  const rivals = new Set(rivalsOf(groups, baseline))
  const pairs = pairsOf(results, groups, stats.family, baseline)
  const rows = pairs.map(([first, second]): PairwiseRow => {
    const tested = rivals.has(first) && rivals.has(second)
    const differences = [...pairedValues(primary.get(first)!, primary.get(second)!).values()]
    const testShare = testShareOf(results, first)
    const estimate = differences.length > 0 ? interval(differences, testShare) : { mean: null, lo: null, hi: null }
    return {
      study: results.study,
      dataset: first.dataset,
      a: first.strategy,
      b: second.strategy,
      factors: mergedCell(first.factors, second.factors),
      family: stats.family,
      tested,
      familySize: 0,
      metric,
      primary: stats.primary,
      seeds: differences.length,
      meanDifference: estimate.mean,
      lo: estimate.lo,
      hi: estimate.hi,
      p: tested ? pairedTest(stats.test, differences, testShare) : null,
      pAdjusted: null,
      effectSize: differences.length > 1 ? effectSize(differences) : null,
      verdict: ropeVerdict(estimate.lo, estimate.hi, stats.rope, higherIsBetter),
      penalty: penalty(first, second),
      ...countWins(differences, higherIsBetter),
    }
  })

  const families = pairs.map(([first, second]) => (stats.family === 'vs-baseline' ? second : first.dataset))
  for (const family of new Set(families)) {
    const members = rows.flatMap((row, i) => (families[i] === family && row.p !== null ? [i] : []))
    const p = members.map((i) => rows[i].p)
    const pAdjusted = stats.correction === 'holm' ? holm(p) : p
    members.forEach((i, place) => (rows[i] = { ...rows[i], pAdjusted: pAdjusted[place], familySize: members.length }))
  }
  return rows
}

/** Pairs of a data set that share a cell: each strategy with the baseline, or every two in study order. */
function pairsOf(
  results: ResultSet,
  groups: readonly FinishedGroup[],
  family: StatsSpec['family'],
  baseline: string,
): (readonly [FinishedGroup, FinishedGroup])[] {
  const rank = new Map(results.strategies.map((name, index) => [name, index]))
  const wanted = (a: string, b: string): boolean =>
    family === 'vs-baseline' ? a !== baseline && b === baseline : rank.get(a)! < rank.get(b)!
  const compared = groups.filter((group) => !group.line)
  return compared.flatMap((a) =>
    compared
      .filter((b) => a.dataset === b.dataset && wanted(a.strategy, b.strategy) && compatible(a.factors, b.factors))
      .map((b) => [a, b] as const),
  )
}
