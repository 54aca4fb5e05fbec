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
  /** hours of training and selection up to this evaluation, its own training left out (A§12.6); null where times are not known */
  readonly selectionHours: number | null
  /** the same with the training of the model that is evaluated */
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
        const selectionHours = finite(median(spent.map((times) => times.get(budget)?.selection ?? NaN)))
        const hours = finite(median(spent.map((times) => times.get(budget)?.total ?? NaN)))
        const cost = hours === null && prices.hour > 0 ? null : budget * prices.label + (hours ?? 0) * prices.hour
        return { labels: budget, value: values[i], selectionHours, hours, cost, frontier: false }
      })
      return { dataset, strategy, factors, points }
    })
  return all.map((curve) => {
    const rivals = all.filter(({ dataset }) => dataset === curve.dataset).flatMap(({ points }) => points)
    return { ...curve, points: curve.points.map((point) => ({ ...point, frontier: isOnFrontier(point, rivals, higherIsBetter) })) }
  })
}

/** Hours that a run has spent when it is evaluated at each budget. */
function spentHours({ records }: RunResult): Map<number, { readonly selection: number; readonly total: number }> {
  const spent = new Map<number, { selection: number; total: number }>()
  let selection = 0
  for (const { labeled, timings } of records) {
    const total = selection + timings.trainMs / 3_600_000
    spent.set(labeled, { selection, total })
    selection = total + (timings.forwardMs + timings.scoreMs + timings.chooseMs + timings.updateMs) / 3_600_000
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
