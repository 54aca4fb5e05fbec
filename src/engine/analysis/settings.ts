import type { ResultSet } from '../study/results'
import type { MetricId } from '../study/spec'
import { cellTitle } from './factorWords'
import { blocksOf, finishedGroups, primaryOf, rivalsOf, sharedRanges, type FinishedGroup } from './finished'
import { mean } from './intervals'
import { metricInfo } from './metricInfo'
import { penaltyMatrix, penaltyShare, penaltyTests, type PenaltyMatrix, type PenaltySetting, type PenaltyTest } from './penalty'
import { averageRanks, criticalDifference, fewestSettings, friedman, nemenyi } from './ranks'
import type { Factors } from './resultSet'

/** A setting with its strategies: the baseline in one factor cell of one data set, and what is comparable with it there. */
interface Setting {
  readonly name: string
  readonly dataset: string
  readonly factors: Factors
  /** by name, that of a factor level added where a strategy has several */
  readonly members: ReadonlyMap<string, FinishedGroup>
}

interface SettingOptions {
  readonly metric?: MetricId
  readonly baseline?: string
}

function settingsOf(results: ResultSet, { metric = results.stats.metric, baseline = results.stats.baseline }: SettingOptions): Setting[] {
  const rank = new Map(results.strategies.map((name, i) => [name, i]))
  return blocksOf(rivalsOf(finishedGroups(results, metric), baseline), baseline).map(({ baseline: own, others }) => {
    const { dataset, factors } = own
    const members = [own, ...others].sort((a, b) => rank.get(a.strategy)! - rank.get(b.strategy)!)
    return {
      name: [dataset, cellTitle(factors)].filter(Boolean).join(', '),
      dataset,
      factors,
      members: new Map(members.map((group) => [memberName(group, factors), group])),
    }
  })
}

/** The strategy, and the levels that the setting does not fix. */
function memberName({ strategy, factors }: FinishedGroup, cell: Factors): string {
  const fixed = Object.fromEntries(Object.entries(cell).filter(([, level]) => level !== null))
  const levels = cellTitle(factors, fixed)
  return levels === '' ? strategy : `${strategy} (${levels})`
}

const penaltySetting = ({ name, members }: Setting): PenaltySetting => ({
  name,
  query: stepOf([...members.values()]),
  curves: new Map([...members].map(([member, { curves }]) => [member, curves])),
})

/** Smallest distance of two budgets: the labels of one round. */
function stepOf(groups: readonly FinishedGroup[]): number {
  const steps = groups.flatMap(({ curves }) => curves.flatMap(({ labels }) => labels.slice(1).map((label, i) => label - labels[i])))
  return steps.length > 0 ? steps.reduce((a, b) => Math.min(a, b)) : 0
}

export interface PenaltyComparison {
  readonly exact: PenaltyMatrix
  readonly corrected: PenaltyMatrix
  /** of the exact matrix, at every budget */
  readonly tests: readonly PenaltyTest[]
}

/** BADGE's penalty matrix over all settings of a result set, and the corrected one beside it (A§16). */
export function penaltyComparison(results: ResultSet, options: SettingOptions = {}): PenaltyComparison {
  const settings = settingsOf(results, options).map(penaltySetting)
  const { baseline = results.stats.baseline, metric = results.stats.metric } = options
  const shared = { baseline, higherIsBetter: metricInfo[metric].higherIsBetter }
  return {
    exact: penaltyMatrix(settings, shared),
    corrected: penaltyMatrix(settings, { ...shared, corrected: true }),
    tests: settings.flatMap((setting) => penaltyTests(setting, shared)),
  }
}

/** P(a, b) of the exact matrix in the one setting that has both; null where none has, or nothing was tested. */
export function penaltyShares(results: ResultSet, options: SettingOptions): (a: FinishedGroup, b: FinishedGroup) => number | null {
  const { baseline = results.stats.baseline, metric = results.stats.metric } = options
  const { higherIsBetter } = metricInfo[metric]
  const settings = settingsOf(results, options).map((setting) => ({
    names: new Map([...setting.members].map(([name, { runs }]) => [runs[0], name])),
    ...penaltySetting(setting),
  }))
  return (a, b) => {
    const setting = settings.find(({ names }) => names.has(a.runs[0]) && names.has(b.runs[0]))
    if (setting === undefined) return null
    return penaltyShare(setting, setting.names.get(a.runs[0])!, setting.names.get(b.runs[0])!, { baseline, higherIsBetter })
  }
}

/** Rank comparison over settings, or why there is none. */
export type RankComparison =
  | { readonly reason: string; readonly settings: number }
  | {
      readonly reason: null
      readonly settings: number
      readonly strategies: readonly string[]
      /** 1 is the best */
      readonly ranks: readonly number[]
      readonly friedman: { readonly statistic: number; readonly p: number }
      readonly criticalDifference: number
      /** Nemenyi's p of every pair */
      readonly nemenyi: readonly (readonly number[])[]
      /** names of settings left out because a strategy has no value there */
      readonly incomplete: readonly string[]
    }

/**
 * Mean ranks over settings (data set × factor cell of the baseline) by the mean over seeds of the primary quantity, Friedman's test,
 * Nemenyi's and the critical difference (Demšar 2006); from six complete settings and three strategies on (A§16).
 */
export function rankComparison(results: ResultSet, options: SettingOptions = {}): RankComparison {
  const { metric = results.stats.metric } = options
  const settings = settingsOf(results, options)
  const all = settings.flatMap(({ members }) => [...members.values()])
  const ranges = sharedRanges(finishedGroups(results, metric))
  const values = new Map(all.map((group) => [group, mean([...primaryOf(results, group, ranges.get(group.dataset) ?? null).values()])]))
  const strategies = [...new Set(settings.flatMap(({ members }) => [...members.keys()]))]
  const rows = settings.map(({ name, members }) => ({
    name,
    row: strategies.map((strategy) => values.get(members.get(strategy)!) ?? NaN),
  }))
  const complete = rows.filter(({ row }) => row.every(Number.isFinite))
  const n = complete.length
  const k = strategies.length
  if (n < fewestSettings)
    return {
      reason: `rank tests need at least ${fewestSettings} settings in which every strategy has a value; there are ${n}`,
      settings: n,
    }
  if (k < 3) return { reason: `rank tests need at least 3 strategies; there are ${k}`, settings: n }
  const table = complete.map(({ row }) => row)
  const ranks = averageRanks(table, metricInfo[metric].higherIsBetter)
  return {
    reason: null,
    settings: n,
    strategies,
    ranks,
    friedman: friedman(table),
    criticalDifference: criticalDifference(k, n),
    nemenyi: ranks.map((a) => ranks.map((b) => nemenyi(a - b, k, n))),
    incomplete: rows.filter(({ row }) => !row.every(Number.isFinite)).map(({ name }) => name),
  }
}
