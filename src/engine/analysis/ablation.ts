import type { ResultSet } from '../study/results'
import type { FactorValue, MetricId } from '../study/spec'
import { finishedGroups, pairedValues, primaryOf, rivalsOf, sharedRanges, testShareOf, type FinishedGroup } from './finished'
import { intervalsOf, mean } from './intervals'
import { metricInfo } from './metricInfo'
import { effectSize, pairedTest, ropeVerdict, type RopeVerdict } from './pairedTests'
import { compatible, factorLevels, sameValue } from './resultSet'

/** A factor's change from its reference level (the first) to another; the path `strategy` changes the baseline into a strategy. */
export interface Change {
  readonly path: string
  readonly level: FactorValue
  readonly reference: FactorValue
}

/** Effect of one change, or of two together beyond the sum of each; on the primary quantity, in its unit. */
export interface EffectRow {
  readonly dataset: string
  /** null: over all strategies that the factor can change */
  readonly strategy: string | null
  readonly changes: readonly Change[]
  /** cells that are averaged: strategies × levels of everything else */
  readonly cells: number
  readonly seeds: number
  readonly mean: number
  readonly lo: number | null
  readonly hi: number | null
  /** exploratory: not adjusted */
  readonly p: number | null
  readonly effectSize: number | null
  readonly verdict: RopeVerdict | null
}

/**
 * Main effect of every factor level against the factor's first, over all strategies and for each: within a seed the mean of the paired
 * differences over all else that was varied, then interval and test over seeds (A§16). Runs that a factor cannot change stay out.
 */
export function mainEffects(results: ResultSet, metric: MetricId = results.stats.metric): EffectRow[] {
  const study = prepare(results, metric)
  return study.datasets.flatMap((dataset) =>
    results.factors.flatMap((path) =>
      changesOf(results, path).flatMap((change) => {
        const strategies = study.strategiesWith(dataset, path)
        return [...(strategies.length > 1 ? [null] : []), ...strategies].flatMap((strategy) => study.effect(dataset, strategy, [change]))
      }),
    ),
  )
}

/**
 * Two-way interactions: how much the effect of one factor's change differs between two levels of another, or between a strategy and the
 * baseline, (ab − a₀b) − (ab₀ − a₀b₀); paired and averaged as the main effects are.
 */
export function interactions(results: ResultSet, metric: MetricId = results.stats.metric): EffectRow[] {
  const study = prepare(results, metric)
  return study.datasets.flatMap((dataset) => {
    const names = study.strategiesWith(dataset, null)
    const strategies: Change[] = names.includes(results.stats.baseline)
      ? names
          .filter((name) => name !== results.stats.baseline)
          .map((level) => ({ path: 'strategy', level, reference: results.stats.baseline }))
      : []
    const factors = results.factors.map((path) => changesOf(results, path))
    const withStrategy = factors.flat().flatMap((change) => strategies.map((strategy) => [strategy, change]))
    const between = factors.flatMap((first, i) => factors.slice(i + 1).flatMap((second) => first.flatMap((a) => second.map((b) => [a, b]))))
    return [...between, ...withStrategy].flatMap((changes) => study.effect(dataset, null, changes))
  })
}

function changesOf(results: ResultSet, path: string): Change[] {
  const [reference, ...others] = factorLevels(results, path)
  return others.map((level) => ({ path, level, reference }))
}

function prepare(results: ResultSet, metric: MetricId) {
  const { stats } = results
  const interval = intervalsOf(stats.band)
  const groups = rivalsOf(finishedGroups(results, metric), stats.baseline)
  const ranges = sharedRanges(groups)
  const values = new Map(groups.map((group) => [group, primaryOf(results, group, ranges.get(group.dataset) ?? null)]))
  return {
    datasets: [...new Set(groups.map(({ dataset }) => dataset))],
    /** Strategies of a data set that the factor can change; all of them without a path. */
    strategiesWith: (dataset: string, path: string | null): string[] => [
      ...new Set(
        groups
          .filter((group) => group.dataset === dataset && (path === null || (group.factors[path] ?? null) !== null))
          .map(({ strategy }) => strategy),
      ),
    ],
    effect(dataset: string, strategy: string | null, changes: readonly Change[]): EffectRow[] {
      const own = groups.filter((group) => group.dataset === dataset)
      const contrasts = own
        .filter((group) => (strategy === null || group.strategy === strategy) && changes.every((change) => isAt(group, change, 'level')))
        .flatMap((group) => {
          const contrast = contrastOf(own, group, changes, values)
          return contrast === null ? [] : [contrast]
        })
      const seeds = [...(contrasts[0]?.keys() ?? [])].filter((seed) => contrasts.every((contrast) => contrast.has(seed)))
      if (seeds.length === 0) return []
      const perSeed = seeds.map((seed) => mean(contrasts.map((contrast) => contrast.get(seed)!)))
      const testShare = testShareOf(results, own[0])
      const estimate = interval(perSeed, testShare)
      const verdict = ropeVerdict(estimate.lo, estimate.hi, stats.rope, metricInfo[metric].higherIsBetter)
      const size = seeds.length > 1 ? effectSize(perSeed) : null
      const p = pairedTest(stats.test, perSeed, testShare)
      return [{ dataset, strategy, changes, cells: contrasts.length, seeds: seeds.length, ...estimate, p, effectSize: size, verdict }]
    },
  }
}

const isAt = ({ strategy, factors }: FinishedGroup, { path, ...ends }: Change, end: 'level' | 'reference'): boolean =>
  path === 'strategy' ? strategy === ends[end] : sameValue(factors[path], ends[end])

/** By seed, the group's value minus its twin's without the first change, minus the same without the second; null where a twin is missing. */
function contrastOf(
  groups: readonly FinishedGroup[],
  group: FinishedGroup,
  [change, ...rest]: readonly Change[],
  values: ReadonlyMap<FinishedGroup, ReadonlyMap<number, number>>,
): ReadonlyMap<number, number> | null {
  const twin = twinOf(groups, group, change)
  if (twin === null) return null
  if (rest.length === 0) return pairedValues(values.get(group)!, values.get(twin)!)
  const [own, other] = [contrastOf(groups, group, rest, values), contrastOf(groups, twin, rest, values)]
  return own === null || other === null ? null : pairedValues(own, other)
}

function twinOf(groups: readonly FinishedGroup[], group: FinishedGroup, change: Change): FinishedGroup | null {
  const { [change.path]: _changed, ...fixed } = group.factors
  const isTwin = (other: FinishedGroup): boolean =>
    isAt(other, change, 'reference') &&
    (change.path === 'strategy' || other.strategy === group.strategy) &&
    compatible(fixed, other.factors)
  return groups.find(isTwin) ?? null
}
