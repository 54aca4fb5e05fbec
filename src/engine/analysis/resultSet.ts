import { canonicalJson } from '../core/hash'
import type { RoundRecord, RunState } from '../study/events'
import type { ResultSet, RunResult } from '../study/results'
import type { FactorValue, MetricId } from '../study/spec'

export type Factors = Readonly<Record<string, FactorValue>>

/** A run with its place in the grid and what is known of it so far. */
export interface RunInput {
  readonly hash: string
  readonly dataset: string
  readonly strategy: string
  readonly seed: number
  readonly factors: Factors
  readonly state: Pick<RunState, 'status' | 'records' | 'initial'> & Partial<Pick<RunState, 'poolSize' | 'testSize'>>
}

interface Results extends Omit<ResultSet, 'runs'> {
  readonly runs: readonly RunInput[]
  /** names whose method asks no trained model */
  readonly modelFree?: readonly string[]
}

/** Result set of an experiment; give `runs` in plan order, which orders data sets and factor cells in every table. */
export function resultSetFrom(input: Results): ResultSet {
  const { runs: _runs, modelFree = [], ...rest } = input
  const runs = input.runs.map(({ hash, dataset, strategy, seed, factors, state }) => ({
    study: input.study,
    dataset,
    run: hash,
    strategy,
    seed,
    factors,
    records: state.records,
    initial: state.initial,
    complete: state.status === 'finished',
    ...(modelFree.includes(strategy) ? { modelFree: true as const } : {}),
    ...(state.poolSize && state.testSize ? { testShare: state.testSize / state.poolSize } : {}),
  }))
  return { ...rest, runs }
}

/** The class names of the data sets, where they are the same in all. */
export function commonClassNames(datasets: readonly { readonly classNames: readonly string[] }[]): readonly string[] | undefined {
  const [first, ...others] = datasets.map(({ classNames }) => classNames)
  return others.every((names) => names.join('\n') === first.join('\n')) ? first : undefined
}

/** Runs that differ in nothing but the seed, in seed order. */
export interface RunGroup {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  /** `full-data`: a reference line */
  readonly line: boolean
  readonly runs: readonly RunResult[]
}

/** Runs by data set (first appearance), strategy (study order), factor cell (first appearance), seed: the row order of every table. */
export function groupRuns(results: ResultSet): RunGroup[] {
  const keyed = results.runs.map((run) => ({ run, cell: canonicalJson(results.factors.map((path) => run.factors[path] ?? null)) }))
  const ranks = {
    dataset: ranksOf(keyed.map(({ run }) => run.dataset)),
    strategy: ranksOf([...results.strategies, ...keyed.map(({ run }) => run.strategy)]),
    cell: ranksOf(keyed.map(({ cell }) => cell)),
  }
  const groups = new Map<string, { readonly place: readonly number[]; readonly runs: RunResult[] }>()
  for (const { run, cell } of keyed) {
    const place = [ranks.dataset.get(run.dataset)!, ranks.strategy.get(run.strategy)!, ranks.cell.get(cell)!]
    const key = place.join(' ')
    const group = groups.get(key) ?? { place, runs: [] }
    groups.set(key, group)
    group.runs.push(run)
  }
  return [...groups.values()]
    .sort(({ place: a }, { place: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2])
    .map(({ runs }) => {
      const { dataset, strategy, factors } = runs[0]
      return { dataset, strategy, factors, line: results.lines.includes(strategy), runs: runs.sort((a, b) => a.seed - b.seed) }
    })
}

const ranksOf = (keys: readonly string[]): Map<string, number> => new Map([...new Set(keys)].map((key, rank) => [key, rank]))

/** Runs in the row order of the CSV tables. */
export const orderedRuns = (results: ResultSet): RunResult[] => groupRuns(results).flatMap((group) => group.runs)

export const sameValue = (a: FactorValue | undefined, b: FactorValue | undefined): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null)

/** Two cells can be compared when no factor has two different levels; an empty cell goes with every level. */
export const compatible = (a: Factors, b: Factors): boolean =>
  Object.entries(a).every(([path, level]) => level === null || (b[path] ?? null) === null || sameValue(level, b[path]))

/** The cell of a comparison: of each factor, the level that either side has. */
export const mergedCell = (a: Factors, b: Factors): Factors =>
  Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((path) => [path, a[path] ?? b[path] ?? null]))

/** Levels of a factor in order of appearance; runs that it cannot change have none. */
export function factorLevels(results: ResultSet, path: string): FactorValue[] {
  const levels = new Map<string, FactorValue>()
  for (const run of results.runs) {
    const level = run.factors[path] ?? null
    if (level !== null) levels.set(canonicalJson(level), level)
  }
  return [...levels.values()]
}

export function factorText(level: FactorValue | undefined): string {
  if (level === null || level === undefined) return ''
  return typeof level === 'object' ? JSON.stringify(level) : String(level)
}

/** What a curve shows: a metric of the evaluation, or any other number of the round. */
export type Measure = MetricId | ((record: RoundRecord) => number | null | undefined)

/** Whether the round was evaluated: one that was not (`protocol.evaluateAt`) has no metric, not even an empty one. */
export const wasEvaluated = ({ metrics }: Pick<RoundRecord, 'metrics'>): boolean => Object.keys(metrics).length > 0

/**
 * One measure of a run by labels; a value that is missing or not finite is null. A metric has the evaluated rounds only, so curves, areas
 * and tests are over these.
 */
export interface RunCurve {
  readonly seed: number
  readonly labels: readonly number[]
  readonly values: readonly (number | null)[]
}

export function runCurve(run: RunResult, measure: Measure): RunCurve {
  const isMetric = typeof measure !== 'function'
  const records = isMetric ? run.records.filter(wasEvaluated) : run.records
  return {
    seed: run.seed,
    labels: records.map((record) => record.labeled),
    values: records.map((record) => finite(isMetric ? record.metrics[measure] : measure(record))),
  }
}

export const finite = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
