import { compatible, costCurves, type CostPoint, type Curve, type Factors } from '@engine/analysis'
import { hoursAlone, money, timeUnit, wholeTime } from './costFigure'
import type { FigureChoices } from './figure'
import type { LineAxes } from './linePlot'
import type { Shown } from './shown'

export interface CurveAxis {
  readonly axes: Pick<LineAxes, 'x' | 'stops'>
  /** in a caption, after "by" */
  readonly says: string
  /** The same curve over this axis; points without a place on it are left out. */
  readonly along: (curve: Curve) => Curve
}

type PlaceOf = (labels: number) => number | null

/** What learning curves run over other than labels: share of the pool, active-learning or whole time, or cost; null for labels. */
export function curveAxis(shown: Shown, { axis = 'labels', pools = {}, prices }: FigureChoices): CurveAxis | null {
  if (axis === 'labels') return null
  if (axis === 'percent') {
    const x = 'labelled share of the pool (%)'
    const along = (curve: Curve): Curve => movedCurve(curve, (labels) => percentOf(labels, pools[curve.dataset]))
    return { axes: { x, stops: 'round' }, says: 'labelled share of the pool', along }
  }
  const all = costCurves(shown.results, axis === 'cost' ? (prices ?? hoursAlone) : hoursAlone, shown.metric)
  const spent = ({ activeHours, cost }: CostPoint): number | null => (axis === 'active' ? activeHours : cost)
  const unit = axis === 'cost' && prices ? money : timeUnit(all, spent, axis === 'active' ? 'active-learning time' : wholeTime)
  const costs = all.map(({ points, ...of }) => ({ ...of, costs: new Map(points.map((point) => [point.labels, spent(point)])) }))
  const along = (curve: Curve): Curve => {
    const own = costs.find((other) => isOf(other, curve))?.costs
    return movedCurve(curve, (labels) => {
      const cost = own?.get(labels) ?? null
      return cost === null ? null : cost / unit.perUnit
    })
  }
  return { axes: { x: unit.title, stops: 'round' }, says: `${unit.title}, median over seeds`, along }
}

interface Place {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
}

const isOf = (a: Place, b: Place): boolean => a.dataset === b.dataset && a.strategy === b.strategy && compatible(a.factors, b.factors)

const percentOf = (labels: number, pool: number | undefined): number | null => (pool ? (100 * labels) / pool : null)

function movedCurve(curve: Curve, placeOf: PlaceOf): Curve {
  // a level has no place of its own
  if (curve.line) return curve
  const kept = curve.labels.flatMap((labels, index) => {
    const x = placeOf(labels)
    return x === null ? [] : [{ x, index }]
  })
  const partial = curve.partialFrom === null ? -1 : kept.findIndex(({ index }) => index >= curve.partialFrom!)
  const pick = <T>(values: readonly T[]): T[] => kept.map(({ index }) => values[index])
  return {
    ...curve,
    labels: kept.map(({ x }) => x),
    mean: pick(curve.mean),
    lo: pick(curve.lo),
    hi: pick(curve.hi),
    n: pick(curve.n),
    partialFrom: partial < 0 ? null : partial,
    traces: curve.traces.map(({ seed, labels, values }) => {
      const places = labels.flatMap((label, index) => {
        const x = placeOf(label)
        return x === null ? [] : [{ x, value: values[index] }]
      })
      return { seed, labels: places.map(({ x }) => x), values: places.map(({ value }) => value) }
    }),
  }
}
