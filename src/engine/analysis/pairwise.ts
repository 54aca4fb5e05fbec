import type { ResultSet } from '../study/results'
import type { MetricId, StatsSpec } from '../study/spec'
import { aubc, interpolate } from './area'
import { intervalsOf } from './intervals'
import { metricInfo } from './metricInfo'
import { countWins, effectSize, holm, pairedTest, type Wins } from './pairedTests'
import { compatible, mergedCell, type Factors } from './resultSet'
import { finishedGroups, sharedRanges, type FinishedGroup } from './summary'

/** A row of pairwise.csv: a − b over the seeds that both finished. */
export interface PairwiseRow extends Wins {
  readonly study: string
  readonly dataset: string
  readonly a: string
  readonly b: string
  readonly factors: Factors
  readonly family: StatsSpec['family']
  readonly metric: MetricId
  readonly primary: StatsSpec['primary']
  /** paired seeds */
  readonly seeds: number
  readonly meanDifference: number | null
  readonly lo: number | null
  readonly hi: number | null
  /** two-sided, not adjusted; a reader should see it from 6 seeds on only */
  readonly p: number | null
  /** over all rows of the data set */
  readonly pAdjusted: number | null
  readonly effectSize: number | null
  readonly penalty: number | null
}

/** Equal areas of unequal curves may differ by this much; a tie must stay a tie. */
const rounding = 1e-12

/**
 * Paired comparison of the primary quantity (AUBC over, or value at the end of, the budgets all finished runs of the data set cover).
 * Strategies are compared within a factor cell; an empty cell meets every level. The family of the correction is the data set.
 */
export function pairwise(results: ResultSet, options: { readonly metric?: MetricId; readonly baseline?: string } = {}): PairwiseRow[] {
  const { stats } = results
  const metric = options.metric ?? stats.metric
  const baseline = options.baseline ?? stats.baseline
  const interval = intervalsOf(stats.band)
  const groups = finishedGroups(results, metric)
  const ranges = sharedRanges(groups)
  const compared = groups.filter((group) => !group.line)

  const primaryOf = (group: FinishedGroup): Map<number, number> => {
    const range = ranges.get(group.dataset)
    const values = group.curves.map(({ seed, labels, values }) => {
      const value = range ? (stats.primary === 'aubc' ? aubc(labels, values, range) : interpolate(labels, values, range.to)) : null
      return [seed, value] as const
    })
    return new Map(values.filter((entry): entry is readonly [number, number] => entry[1] !== null))
  }

  const rows = pairsOf(results, compared, stats.family, baseline).map(([first, second]): PairwiseRow => {
    const against = primaryOf(second)
    const differences = [...primaryOf(first)].flatMap(([seed, value]) => {
      const other = against.get(seed)
      return other === undefined ? [] : [Math.abs(value - other) < rounding ? 0 : value - other]
    })
    const estimate = differences.length > 0 ? interval(differences) : null
    return {
      study: results.study,
      dataset: first.dataset,
      a: first.strategy,
      b: second.strategy,
      factors: mergedCell(first.factors, second.factors),
      family: stats.family,
      metric,
      primary: stats.primary,
      seeds: differences.length,
      meanDifference: estimate?.mean ?? null,
      lo: estimate?.lo ?? null,
      hi: estimate?.hi ?? null,
      p: pairedTest(stats.test, differences),
      pAdjusted: null,
      effectSize: differences.length > 1 ? effectSize(differences) : null,
      penalty: null,
      ...countWins(differences, metricInfo[metric].higherIsBetter),
    }
  })

  const datasets = [...new Set(rows.map((row) => row.dataset))]
  return datasets.flatMap((dataset) => {
    const family = rows.filter((row) => row.dataset === dataset)
    const p = family.map((row) => row.p)
    const adjusted = stats.correction === 'holm' ? holm(p) : p
    return family.map((row, index) => ({ ...row, pAdjusted: adjusted[index] }))
  })
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
  return groups.flatMap((a) =>
    groups
      .filter((b) => a.dataset === b.dataset && wanted(a.strategy, b.strategy) && compatible(a.factors, b.factors))
      .map((b) => [a, b] as const),
  )
}
