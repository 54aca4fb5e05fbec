import type { RoundRecord, Timings } from '../study/events'
import type { ResultSet, RunResult } from '../study/results'
import type { MetricId } from '../study/spec'
import { interpolate } from './area'
import { finishedGroups, meanCurve } from './finished'
import { median } from './intervals'
import { metricInfo } from './metricInfo'
import { finite, type Factors } from './resultSet'

export interface Prices {
  /** of one label; the currency is the reader's */
  readonly label: number
  /** of one hour of computing */
  readonly hour: number
}

export interface CostPoint {
  readonly labels: number
  readonly value: number | null
  /** active-learning time up to this evaluation: the training of its own model is left out (A§12.6); null where times are not known */
  readonly activeHours: number | null
  /** the same with the training of the model that is evaluated, and of no other that was only evaluated */
  readonly hours: number | null
  /** labels × price + hours × price */
  readonly cost: number | null
  /** no point of the data set is cheaper and at least as good */
  readonly frontier: boolean
}

export interface CostCurve {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  readonly points: readonly CostPoint[]
}

/** Mean metric over seeds against labels, hours (median over seeds) and money, with the cost frontier of each data set (A§12.6). */
export function costCurves(results: ResultSet, prices: Prices, metric: MetricId = results.stats.metric): CostCurve[] {
  const { higherIsBetter } = metricInfo[metric]
  const all = finishedGroups(results, metric)
    .filter((group) => !group.line)
    .map(({ dataset, strategy, factors, runs, curves }): CostCurve => {
      const { labels, values } = meanCurve(curves)
      const spent = runs.map(spentHours)
      const points = labels.map((budget, i) => {
        const activeHours = finite(median(spent.map((times) => times.get(budget)?.active ?? NaN)))
        const hours = finite(median(spent.map((times) => times.get(budget)?.total ?? NaN)))
        const cost = hours === null && prices.hour > 0 ? null : budget * prices.label + (hours ?? 0) * prices.hour
        return { labels: budget, value: values[i], activeHours, hours, cost, frontier: false }
      })
      return { dataset, strategy, factors, points }
    })
  return all.map((curve) => {
    const rivals = all.filter(({ dataset }) => dataset === curve.dataset).flatMap(({ points }) => points)
    return { ...curve, points: curve.points.map((point) => ({ ...point, frontier: isOnFrontier(point, rivals, higherIsBetter) })) }
  })
}

/** What a query takes beside training: forward passes, scores, the choice, and renewing features. */
const chooseMs = ({ forwardMs, scoreMs, chooseMs: choice, updateMs }: Timings): number => forwardMs + scoreMs + choice + updateMs

/** Forward, score, choose and update time of a run, in milliseconds. */
export const selectMs = ({ records }: RunResult): number => records.reduce((sum, { timings }) => sum + chooseMs(timings), 0)

/** What a round's query takes: the training of what chooses, and choosing. */
const queryMs = ({ modelFree }: RunResult, { timings }: RoundRecord): number => (modelFree ? 0 : timings.trainMs) + chooseMs(timings)

export const trainMs = ({ records }: RunResult): number => records.reduce((sum, { timings }) => sum + timings.trainMs, 0)

/**
 * Time to train the model that a round evaluates. A proxy's training serves the query alone; without one, the model that is evaluated
 * also chooses. NaN for all rounds of a run that tells of steps without their time, as tables of proxy runs do without their ledger.
 */
function finalMsOf({ records }: RunResult): (record: RoundRecord) => number {
  const last = records.at(-1)
  const isUntold = last !== undefined && last.proxyTimings === undefined && last.steps > 0 && last.timings.trainMs === 0
  return ({ timings, proxyTimings }) => (isUntold ? NaN : proxyTimings ? proxyTimings.finalTrainMs : timings.trainMs)
}

/**
 * Active-learning time of a run in milliseconds: training, forward passes, scoring, choosing and updates of the rounds that query (A§12.6).
 * The model of the last round trains outside it, and so do all models of a method that asks none.
 */
export const activeMs = (run: RunResult): number => run.records.slice(0, -1).reduce((sum, record) => sum + queryMs(run, record), 0)

/** Active-learning time and the training of the last model, in milliseconds. */
export const totalMs = (run: RunResult): number =>
  run.records
    .slice(-1)
    .map(finalMsOf(run))
    .reduce((sum, ms) => sum + ms, activeMs(run))

const msPerHour = 3_600_000

/** Hours that a run has spent when it is evaluated at each budget. */
function spentHours(run: RunResult): Map<number, { readonly active: number; readonly total: number }> {
  const finalMs = finalMsOf(run)
  const spent = new Map<number, { active: number; total: number }>()
  let active = 0
  for (const record of run.records) {
    spent.set(record.labeled, { active, total: active + finalMs(record) / msPerHour })
    active += queryMs(run, record) / msPerHour
  }
  return spent
}

function isOnFrontier({ cost, value }: CostPoint, rivals: readonly CostPoint[], higherIsBetter: boolean): boolean {
  if (cost === null || value === null) return false
  const gain = (other: number): number => (higherIsBetter ? other - value : value - other)
  return !rivals.some(
    (other) =>
      other.cost !== null &&
      other.value !== null &&
      ((other.cost < cost && gain(other.value) >= 0) || (other.cost === cost && gain(other.value) > 0)),
  )
}

/** A curve over any rising axis: labels, hours, cost. */
export interface Polyline {
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
}

/**
 * Where a overtakes b for good: the last crossing of the two polylines within the range that both cover, if a is the better one after it.
 * Null when a never gets ahead, or is ahead all along.
 */
export function crossover(a: Polyline, b: Polyline, higherIsBetter = true): { readonly x: number; readonly y: number } | null {
  const sign = higherIsBetter ? 1 : -1
  const stops = [...new Set([...a.x, ...b.x])].sort((first, second) => first - second)
  const leads = stops.flatMap((x) => {
    const [own, other] = [interpolate(a.x, a.y, x), interpolate(b.x, b.y, x)]
    return own === null || other === null ? [] : [{ x, y: own, lead: sign * (own - other) }]
  })
  if (!((leads.at(-1)?.lead ?? 0) > 0)) return null
  for (let i = leads.length - 2; i >= 0; i--) {
    const [before, after] = [leads[i], leads[i + 1]]
    if (before.lead > 0) continue
    const share = before.lead / (before.lead - after.lead)
    return { x: before.x + share * (after.x - before.x), y: before.y + share * (after.y - before.y) }
  }
  return null
}
