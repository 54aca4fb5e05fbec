import type { ResultSet, RunResult } from '../study/results'
import type { MetricId } from '../study/spec'
import { aubc, aubcWindows, labelsToTarget, sharedRange, type BudgetRange } from './area'
import { intervalsOf, mean, median, type Interval } from './intervals'
import { metricInfo } from './metricInfo'
import { finite, groupRuns, runCurve, compatible, type Factors, type RunCurve, type RunGroup } from './resultSet'
import { sampleSaving } from './sampleSaving'

/** A row of summary.csv; null where not defined. Rates are fractions, times milliseconds. */
export interface SummaryRow {
  readonly study: string
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  /** finished runs behind the row */
  readonly seeds: number
  readonly metric: MetricId
  /** over the budgets that all finished runs of the data set cover */
  readonly aubc: number | null
  readonly aubcLo: number | null
  readonly aubcHi: number | null
  readonly aubcEarly: number | null
  readonly aubcLate: number | null
  /** at the strategy's own last evaluation */
  readonly final: number | null
  readonly finalLo: number | null
  readonly finalHi: number | null
  /** against the baseline's mean curve, the longest where it was run further under another name, at the strategy's last budget */
  readonly ssr: number | null
  readonly ssrLo: number | null
  readonly ssrHi: number | null
  readonly ssrCensored: boolean | null
  readonly ssrAt: number | null
  readonly labelsToTarget: number | null
  /** median over seeds of the sum over rounds */
  readonly selectMs: number | null
  readonly trainMs: number | null
}

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

/** One row per data set, strategy and factor cell with a finished run, in the order of `groupRuns`; lines have no area. */
export function summarize(results: ResultSet, metric: MetricId = results.stats.metric): SummaryRow[] {
  const { stats } = results
  const { higherIsBetter } = metricInfo[metric]
  const estimate = estimator(intervalsOf(stats.band))
  const groups = finishedGroups(results, metric)
  const ranges = sharedRanges(groups)
  return groups.map((group) => {
    const range = group.line ? null : (ranges.get(group.dataset) ?? null)
    const area = estimate(range ? group.curves.map(({ labels, values }) => aubc(labels, values, range)) : [])
    const windows = range ? group.curves.map(({ labels, values }) => aubcWindows(labels, values, stats.windows, range)) : []
    const final = estimate(group.curves.map(({ values }) => values[values.length - 1]))
    const curve = meanCurve(group)
    const last = curve.labels[curve.labels.length - 1]
    const saving = group.line || final.mean === null ? null : savingOf(results, groups, group, last, final.mean, higherIsBetter)
    return {
      study: results.study,
      dataset: group.dataset,
      strategy: group.strategy,
      factors: group.factors,
      seeds: group.runs.length,
      metric,
      aubc: area.mean,
      aubcLo: area.lo,
      aubcHi: area.hi,
      aubcEarly: estimate(windows.map(({ early }) => early)).mean,
      aubcLate: estimate(windows.map(({ late }) => late)).mean,
      final: final.mean,
      finalLo: final.lo,
      finalHi: final.hi,
      ssr: saving?.ratio ?? null,
      ssrLo: null,
      ssrHi: null,
      ssrCensored: saving?.censored ?? null,
      ssrAt: saving ? last : null,
      labelsToTarget: group.line || stats.target === null ? null : labelsToTarget(curve.labels, curve.values, stats.target, higherIsBetter),
      selectMs: finite(median(group.runs.map(selectMs))),
      trainMs: finite(median(group.runs.map(trainMs))),
    }
  })
}

/** Forward, score, choose and update time of a run, in milliseconds. */
export const selectMs = (run: RunResult): number =>
  run.records.reduce((sum, { timings: t }) => sum + t.forwardMs + t.scoreMs + t.chooseMs + t.updateMs, 0)

export const trainMs = (run: RunResult): number => run.records.reduce((sum, { timings }) => sum + timings.trainMs, 0)

interface Estimate {
  readonly mean: number | null
  readonly lo: number | null
  readonly hi: number | null
}

/** Interval of the values there are; a seed without value (a metric that is not defined) drops out. */
const estimator =
  (interval: (values: readonly number[]) => Interval) =>
  (values: readonly (number | null)[]): Estimate => {
    const known = values.filter((value) => value !== null)
    return known.length > 0 ? interval(known) : { mean: null, lo: null, hi: null }
  }

/** Mean over the finished seeds by round; all runs of a group have the same budgets. */
function meanCurve(group: FinishedGroup): { labels: readonly number[]; values: (number | null)[] } {
  const { labels } = group.curves[0]
  const values = labels.map((label) => {
    const known = group.curves.map((curve) => curve.values[curve.labels.indexOf(label)] ?? null).filter((value) => value !== null)
    return known.length > 0 ? mean(known) : null
  })
  return { labels, values }
}

function savingOf(
  results: ResultSet,
  groups: readonly FinishedGroup[],
  group: FinishedGroup,
  labels: number,
  value: number,
  higherIsBetter: boolean,
) {
  const comparable = groups.filter((other) => other.dataset === group.dataset && compatible(other.factors, group.factors))
  const baseline = comparable.find((other) => other.strategy === results.stats.baseline)
  if (baseline === undefined) return null
  const family = comparable.filter((other) => other === baseline || continues(baseline, other))
  if (family.includes(group)) return labels > 0 ? { ratio: 0, censored: false } : null
  const longest = family.reduce((a, b) => (lastBudget(b) > lastBudget(a) ? b : a))
  return sampleSaving(meanCurve(longest), labels, value, higherIsBetter)
}

const lastBudget = ({ curves: [first] }: FinishedGroup): number => first.labels[first.labels.length - 1]

/** Whether `longer` is the same method run further: seed by seed it chose the same rows as long as `shorter` lasts. */
function continues(shorter: FinishedGroup, longer: FinishedGroup): boolean {
  const choices = (run: RunResult, rounds: number): string =>
    JSON.stringify(run.records.slice(0, rounds).map(({ labeled, selection }) => [labeled, ...selection.map(({ row }) => row)]))
  return shorter.runs.every((run) => {
    const rounds = run.records.length - 1
    const other = longer.runs.find(({ seed }) => seed === run.seed)
    return other !== undefined && rounds > 0 && run.records[0].selection.length > 0 && choices(run, rounds) === choices(other, rounds)
  })
}
