import type { ResultSet } from '../study/results'
import type { MetricId } from '../study/spec'
import { aubc, aubcWindows, labelsToTarget } from './area'
import { activeMs, selectMs, totalMs, trainMs } from './cost'
import { continues, finishedGroups, lastBudget, meanCurve, sharedRanges, type FinishedGroup } from './finished'
import { intervalsOf, median, type Interval } from './intervals'
import { metricInfo } from './metricInfo'
import { compatible, finite, type Factors } from './resultSet'
import { sampleSaving, savingBootstrap, type SavingBootstrap } from './sampleSaving'

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
  /** at the strategy's own last evaluation, the last that all its seeds have */
  readonly final: number | null
  readonly finalLo: number | null
  readonly finalHi: number | null
  /** against the baseline's mean curve, the longest where it was run further under another name, at the strategy's last budget */
  readonly ssr: number | null
  /** the same as a share of the baseline's labels */
  readonly ssrBounded: number | null
  /** 95 % bootstrap interval; an end beyond the baseline's curve is null */
  readonly ssrLo: number | null
  readonly ssrHi: number | null
  readonly ssrCensored: boolean | null
  readonly ssrAt: number | null
  readonly labelsToTarget: number | null
  /** median over seeds of the sum over rounds */
  readonly selectMs: number | null
  readonly trainMs: number | null
  /** median over seeds: active-learning time, and that with the training of the last model (A§12.6) */
  readonly activeMs: number | null
  readonly totalMs: number | null
}

/** One row per data set, strategy and factor cell with a finished run, in the order of `groupRuns`; lines have no area. */
export function summarize(results: ResultSet, metric: MetricId = results.stats.metric): SummaryRow[] {
  const { stats } = results
  const { higherIsBetter } = metricInfo[metric]
  const estimate = estimator(intervalsOf(stats.band))
  const groups = finishedGroups(results, metric)
  const ranges = sharedRanges(groups)
  const savingOf = savings(results, groups, higherIsBetter)
  return groups.map((group) => {
    const range = group.line ? null : (ranges.get(group.dataset) ?? null)
    const area = estimate(range ? group.curves.map(({ labels, values }) => aubc(labels, values, range)) : [])
    const windows = range ? group.curves.map(({ labels, values }) => aubcWindows(labels, values, stats.windows, range)) : []
    const curve = meanCurve(group.curves)
    const last = curve.labels.at(-1) ?? null
    const ends = new Map(group.curves.map(({ seed, labels, values }) => [seed, last === null ? null : values[labels.indexOf(last)]]))
    const final = estimate([...ends.values()])
    const saving = group.line || last === null || final.mean === null ? null : savingOf(group, last, final.mean, ends)
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
      ssrBounded: saving?.bounded ?? null,
      ssrLo: saving?.lo ?? null,
      ssrHi: saving?.hi ?? null,
      ssrCensored: saving?.censored ?? null,
      ssrAt: saving ? last : null,
      labelsToTarget: group.line || stats.target === null ? null : labelsToTarget(curve.labels, curve.values, stats.target, higherIsBetter),
      selectMs: finite(median(group.runs.map(selectMs))),
      trainMs: finite(median(group.runs.map(trainMs))),
      activeMs: finite(median(group.runs.map(activeMs))),
      totalMs: finite(median(group.runs.map(totalMs))),
    }
  })
}

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

interface Saving {
  readonly ratio: number
  readonly bounded: number
  readonly lo: number | null
  readonly hi: number | null
  readonly censored: boolean
}

/** Sample saving of a group at its last budget; the baseline's curves are resampled once for all groups. */
function savings(results: ResultSet, groups: readonly FinishedGroup[], higherIsBetter: boolean) {
  const longest = new Map<FinishedGroup, { readonly family: readonly FinishedGroup[]; readonly last: FinishedGroup }>()
  const resampled = new Map<FinishedGroup, SavingBootstrap>()
  return (group: FinishedGroup, labels: number, value: number, ends: ReadonlyMap<number, number | null>): Saving | null => {
    const comparable = groups.filter((other) => other.dataset === group.dataset && compatible(other.factors, group.factors))
    const baseline = comparable.find((other) => other.strategy === results.stats.baseline)
    if (baseline === undefined || labels <= 0) return null
    let known = longest.get(baseline)
    if (known === undefined) {
      const family = groups.filter((other) => other === baseline || continues(baseline, other))
      known = { family, last: family.reduce((a, b) => (lastBudget(b) > lastBudget(a) ? b : a)) }
      longest.set(baseline, known)
    }
    const { family, last } = known
    if (family.includes(group)) return { ratio: 0, bounded: 0, lo: null, hi: null, censored: false }
    const saving = sampleSaving(meanCurve(last.curves), labels, value, higherIsBetter)
    if (saving === null) return null
    const bootstrap = resampled.get(last) ?? savingBootstrap(last.curves, higherIsBetter)
    resampled.set(last, bootstrap)
    const values = new Map([...ends].filter((entry): entry is [number, number] => entry[1] !== null))
    return { ...saving, ...bootstrap.interval(values, labels) }
  }
}
