import type { ResultSet } from '../study/results'
import type { MetricId } from '../study/spec'
import { aubc, interpolate, sharedRange, type BudgetRange } from './area'
import { mean } from './intervals'
import { compatible, groupRuns, runCurve, type RunCurve, type RunGroup } from './resultSet'

/** A group without its unfinished runs. */
export interface FinishedGroup extends RunGroup {
  readonly curves: readonly RunCurve[]
}

export function finishedGroups(results: ResultSet, metric: MetricId): FinishedGroup[] {
  return groupRuns(results).flatMap((group) => {
    const runs = group.runs.filter((run) => run.complete && run.records.length > 0)
    return runs.length > 0 ? [{ ...group, runs, curves: runs.map((run) => runCurve(run, metric)) }] : []
  })
}

/** Per data set, the budgets that every finished run covers: areas are comparable on these only. */
export function sharedRanges(groups: readonly FinishedGroup[]): Map<string, BudgetRange | null> {
  const compared = groups.filter((group) => !group.line)
  const datasets = [...new Set(groups.map((group) => group.dataset))]
  return new Map(
    datasets.map((name) => [name, sharedRange(compared.filter((group) => group.dataset === name).flatMap((group) => group.curves))]),
  )
}

export interface MeanCurve {
  readonly labels: readonly number[]
  readonly values: readonly (number | null)[]
}

/** Mean over seeds at the budgets that all of them have. */
export function meanCurve(curves: readonly RunCurve[]): MeanCurve {
  const places = curves.map(({ labels }) => new Map(labels.map((label, index) => [label, index])))
  const labels = curves[0].labels.filter((label) => places.every((place) => place.has(label)))
  const values = labels.map((label) => {
    const known = curves.map((curve, i) => curve.values[places[i].get(label)!]).filter((value) => value !== null)
    return known.length > 0 ? mean(known) : null
  })
  return { labels, values }
}

/**
 * The quantity that strategies are compared by, per seed: AUBC over, or value at the end of, the budgets that all finished runs of the
 * data set cover. Seeds in which it is not defined are left out.
 */
export function primaryOf({ stats }: ResultSet, { curves }: FinishedGroup, range: BudgetRange | null): Map<number, number> {
  const values = new Map<number, number>()
  if (range === null) return values
  for (const { seed, labels, values: curve } of curves) {
    const value = stats.primary === 'aubc' ? aubc(labels, curve, range) : interpolate(labels, curve, range.to)
    if (value !== null) values.set(seed, value)
  }
  return values
}

/** Equal areas of unequal curves may differ by this much; a tie must stay a tie. */
const rounding = 1e-12

/** a − b by seed, for seeds that both have. */
export function pairedValues(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): Map<number, number> {
  const differences = new Map<number, number>()
  for (const [seed, value] of a) {
    const other = b.get(seed)
    if (other !== undefined) differences.set(seed, Math.abs(value - other) < rounding ? 0 : value - other)
  }
  return differences
}

/** The baseline in one of its factor cells, and everything comparable with it there: what one vote, rank or correction is taken over. */
export interface Block<G extends RunGroup = FinishedGroup> {
  readonly baseline: G
  readonly others: readonly G[]
}

export function blocksOf<G extends RunGroup>(groups: readonly G[], baseline: string): Block<G>[] {
  const compared = groups.filter((group) => !group.line)
  return compared
    .filter((group) => group.strategy === baseline)
    .map((own) => ({
      baseline: own,
      others: compared.filter(
        (other) => other.strategy !== baseline && other.dataset === own.dataset && compatible(other.factors, own.factors),
      ),
    }))
}

/** Test rows ÷ rows to train on, where seeds split the data anew (Nadeau & Bengio 2003); undefined where they share a split. */
export const testShareOf = ({ splitVaries }: ResultSet, { runs: [first] }: FinishedGroup): number | undefined =>
  splitVaries ? first.testShare : undefined

export const lastBudget = ({ curves: [first] }: FinishedGroup): number => first.labels[first.labels.length - 1]

/**
 * Whether `longer` is the same method run further: on every seed that both have it chose the same rows, or where no selection is known
 * came to the same values, as long as `shorter` lasts.
 */
export function continues(shorter: FinishedGroup, longer: FinishedGroup): boolean {
  if (longer.dataset !== shorter.dataset || lastBudget(longer) <= lastBudget(shorter)) return false
  if (!compatible(longer.factors, shorter.factors)) return false
  const course = ({ runs, curves }: FinishedGroup, i: number, rounds: number): string =>
    JSON.stringify(
      runs[i].records
        .slice(0, rounds)
        .map(({ labeled, selection }) => [
          labeled,
          selection.length > 0 ? selection.map(({ row }) => row) : (curves[i].values[curves[i].labels.indexOf(labeled)] ?? null),
        ]),
    )
  const shared = shorter.runs.flatMap((run, i) => {
    const j = longer.runs.findIndex(({ seed }) => seed === run.seed)
    return j < 0 ? [] : [{ i, j, rounds: run.records.length - 1 }]
  })
  return shared.length > 0 && shared.every(({ i, j, rounds }) => rounds > 0 && course(shorter, i, rounds) === course(longer, j, rounds))
}

/**
 * What tests, ranks and effects are about: no lines, and the baseline's method once. The baseline run further under another name is its
 * curve for the sample-saving ratio (A§12.6); as a rival it would differ by nothing and only make Holm's family larger.
 */
export function rivalsOf(groups: readonly FinishedGroup[], baseline: string): FinishedGroup[] {
  const own = groups.filter(({ strategy }) => strategy === baseline)
  const isCopy = (group: FinishedGroup): boolean =>
    group.strategy !== baseline && own.some((other) => continues(other, group) || continues(group, other))
  return groups.filter((group) => !group.line && !isCopy(group))
}
