import { badInput, nearestName } from '../../core/errors'
import { canonicalJson } from '../../core/hash'
import { metricIds, statsSection } from '../../study/fields'
import type { ResultSet, RunResult } from '../../study/results'
import type { MetricId, StatsSpec } from '../../study/spec'
import { compatible } from '../resultSet'
import type { TidyRuns } from './readTidy'

/** One input of a comparison: what a result folder holds, or the runs of a table. */
export interface ResultSource {
  /** what errors, remarks and, on a clash, strategies are called by */
  readonly name: string
  readonly results: ResultSet | TidyRuns
}

export interface JoinedResults {
  readonly results: ResultSet
  readonly notes: readonly string[]
}

/**
 * One result set from several sources, paired by seed number. A run that two sources share is kept once; a strategy whose seeds two sources
 * have with different runs is told apart by the source's name. Statistics are those of the first study unless `metric` and `baseline` say
 * otherwise; without a study the baseline is the strategy called random, or the first.
 */
export function joinResults(
  sources: readonly ResultSource[],
  options: { readonly metric?: MetricId; readonly baseline?: string } = {},
): JoinedResults {
  const notes = sources.flatMap(({ results }) => ('notes' in results ? results.notes : []))
  const known = new Map<string, RunResult>()
  const bySeed = new Map<string, RunResult[]>()
  const runs: RunResult[] = []
  const lines = new Set<string>()
  for (const { name, results } of sources) {
    const taken = new Map(known)
    const twins = new Set(results.runs.filter((run) => isSame(taken.get(placeOf(run)), run)))
    const clashing = new Set(results.runs.flatMap((run) => (meets(run, bySeed.get(seedOf(run))) && !twins.has(run) ? [run.strategy] : [])))
    if (twins.size > 0) notes.push(`${name}: ${twins.size} runs are in an earlier source too and count once`)
    for (const strategy of clashing)
      notes.push(`${name}: its ${strategy} is called "${strategy} (${name})", since an earlier source has one`)
    const added: RunResult[] = []
    for (const run of results.runs) {
      if (twins.has(run)) continue
      const strategy = clashing.has(run.strategy) ? `${run.strategy} (${name})` : run.strategy
      if ('lines' in results ? results.lines.includes(run.strategy) : run.strategy === 'full-data') lines.add(strategy)
      const joined = { ...run, strategy }
      known.set(placeOf(joined), joined)
      runs.push(joined)
      added.push(joined)
    }
    for (const run of added) bySeed.set(seedOf(run), [...(bySeed.get(seedOf(run)) ?? []), run])
  }
  const ordered = sources.flatMap(({ results }) => ('strategies' in results ? results.strategies : []))
  const present = new Set(runs.map(({ strategy }) => strategy))
  const strategies = [...new Set([...ordered, ...present])].filter((strategy) => present.has(strategy))
  const factors = [...new Set(sources.flatMap(({ results }) => results.factors))]
  const splits = new Set(sources.map(({ results }) => ('splitVaries' in results ? results.splitVaries : undefined)))
  const [split] = splits
  const studies = [...new Set(sources.map(({ results }) => results.study))]
  if (sources.length > 1)
    notes.push('runs of different sources are paired by seed number: the same number must mean the same split and start')
  const stats = statsOf(
    sources,
    runs,
    strategies.filter((strategy) => !lines.has(strategy)),
    options,
    notes,
  )
  return {
    results: {
      study: studies.join(' + '),
      strategies,
      lines: [...lines],
      factors,
      stats,
      classes: Math.max(0, ...sources.map(({ results }) => ('classes' in results ? results.classes : 0))),
      ...(splits.size === 1 && split !== undefined ? { splitVaries: split } : {}),
      runs: runs.map((run) => ({ ...run, factors: Object.fromEntries(factors.map((path) => [path, run.factors[path] ?? null])) })),
    },
    notes,
  }
}

const placeOf = ({ dataset, strategy, factors, seed }: RunResult): string =>
  canonicalJson([dataset, strategy, Object.entries(factors).filter(([, level]) => level !== null), seed])

const seedOf = ({ dataset, strategy, seed }: RunResult): string => canonicalJson([dataset, strategy, seed])

/** Whether one of the runs would be taken for the same strategy: in the same cell, or where one study lacks a factor of the other. */
const meets = (run: RunResult, others: readonly RunResult[] = []): boolean => others.some((other) => compatible(other.factors, run.factors))

const isSame = (known: RunResult | undefined, run: RunResult): boolean =>
  known !== undefined && (known.run === run.run || canonicalJson(known.records.map(valuesOf)) === canonicalJson(run.records.map(valuesOf)))

const valuesOf = ({ labeled, metrics }: RunResult['records'][number]): unknown => [labeled, metrics]

function statsOf(
  sources: readonly ResultSource[],
  runs: readonly RunResult[],
  strategies: readonly string[],
  { metric, baseline }: { readonly metric?: MetricId; readonly baseline?: string },
  notes: string[],
): StatsSpec {
  const study = sources.map(({ results }) => ('stats' in results ? results.stats : null)).find((stats) => stats !== null)
  const measured = metricIds.filter((id) => runs.some(({ records }) => records.some(({ metrics }) => typeof metrics[id] === 'number')))
  const chosen = metric ?? study?.metric ?? measured[0] ?? 'accuracy'
  if (!measured.includes(chosen))
    throw badInput(`no source has a value of ${chosen}`, { path: '--metric', found: chosen, expected: measured.join(' · ') || 'a metric' })
  if (baseline !== undefined && !strategies.includes(baseline))
    throw badInput(`no strategy is called "${baseline}"`, {
      path: '--baseline',
      found: baseline,
      expected: strategies.join(' · '),
      nearest: nearestName(baseline, strategies),
    })
  const random = strategies.find((name) => /^(random|rand|randomsampling|random[ _-]sampling)$/i.test(name))
  const fallback = study !== undefined && strategies.includes(study.baseline) ? study.baseline : (random ?? strategies[0] ?? '')
  if (baseline === undefined && fallback !== 'random' && fallback !== study?.baseline)
    notes.push(`the baseline is ${fallback}; --baseline NAME takes another`)
  return { ...(study ?? { ...statsSection.parse({}), baseline: '', metric: chosen }), metric: chosen, baseline: baseline ?? fallback }
}
