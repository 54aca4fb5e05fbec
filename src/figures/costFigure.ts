import {
  costCurves,
  factorText,
  finishedGroups,
  metricInfo,
  metricTitle,
  type CostCurve,
  type CostPoint,
  type Curve,
  type Prices,
} from '@engine/analysis'
import { oracleNote, seedsText, sentences } from './captions'
import { bareLine, drawnCurves, type DrawnCurve } from './curveSeries'
import { metricAxes } from './learningCurves'
import { linesFigure } from './linesFigure'
import { figureInk } from './palette'
import { inFacet } from './shown'

/** Without prices a point costs its hours. */
export const hoursAlone: Prices = { label: 0, hour: 1 }

export interface Unit {
  readonly title: string
  readonly perUnit: number
}

export const money: Unit = { title: 'cost of labels and computing', perUnit: 1 }
export const wholeTime = 'training and selection'

/** The unit that suits what of the points is drawn, in hours. */
export function timeUnit(curves: readonly CostCurve[], hoursOf: (point: CostPoint) => number | null, title: string): Unit {
  const most = Math.max(0, ...curves.flatMap(({ points }) => points.map((point) => hoursOf(point) ?? 0)))
  if (most < 0.05) return { title: `${title} (s)`, perUnit: 1 / 3600 }
  return most < 3 ? { title: `${title} (min)`, perUnit: 1 / 60 } : { title: `${title} (h)`, perUnit: 1 }
}

/** A mean curve over what its points cost. */
const curveOver = ({ dataset, strategy, factors, points }: CostCurve, { perUnit }: Unit): Curve => {
  const known = points.flatMap(({ cost, value }) => (cost === null || value === null ? [] : [{ cost, value }]))
  const none = known.map(() => null)
  return {
    dataset,
    strategy,
    factors,
    baseline: null,
    line: false,
    labels: known.map(({ cost }) => cost / perUnit),
    mean: known.map(({ value }) => value),
    lo: none,
    hi: none,
    n: known.map(() => 1),
    traces: [],
    partialFrom: null,
  }
}

/** The best value that each amount buys: a staircase through the undominated points. */
function staircase(curves: readonly CostCurve[], { perUnit }: Unit, scale: number): DrawnCurve | null {
  const best = curves
    .flatMap(({ points }) => points.filter(({ frontier }) => frontier))
    .map(({ cost, value }) => ({ x: cost! / perUnit, y: value! * scale }))
    .sort((a, b) => a.x - b.x)
  if (best.length < 2) return null
  const steps = best.flatMap(({ x, y }, index) =>
    index === 0
      ? [{ x, y }]
      : [
          { x, y: best[index - 1].y },
          { x, y },
        ],
  )
  return bareLine('frontier', 'best for its cost', figureInk.paper.muted, steps)
}

/** Value against computing time or money, with the frontier of what no other point beats. */
export const costFrontier = linesFigure(
  'Cost frontier',
  (shown, { prices, panels = true }) => {
    const { metric } = shown
    const results = { ...shown.results, runs: shown.results.runs.filter(({ strategy }) => shown.visible(strategy)) }
    const all = costCurves(results, prices ?? hoursAlone, metric)
    const unit = prices ? money : timeUnit(all, ({ cost }) => cost, wholeTime)
    const scale = metricInfo[metric].percent ? 100 : 1
    const facets = panels !== false && shown.facets.length > 1 ? shown.facets : null
    const parts = facets
      ? facets.map((facet) => ({ title: facet.title, curves: all.filter((curve) => inFacet(facet, curve)) }))
      : [{ title: '', curves: all }]
    const counts = finishedGroups(results, metric).map(({ runs }) => runs.length)
    const seeds = seedsText(counts)
    return {
      panels: parts
        .filter((part) => part.curves.length > 0)
        .map((part) => {
          const { dataset } = part.curves[0]
          const rivals = all.filter((curve) => curve.dataset === dataset)
          const frontier = staircase(facets ? rivals : part.curves, unit, scale)
          const drawn = drawnCurves(
            part.curves.map((curve) => curveOver(curve, unit)),
            shown.styles,
            'paper',
            scale,
            shown.nameOf,
          )
          return { title: part.title, curves: [...(frontier ? [frontier] : []), ...drawn] }
        }),
      axes: { ...metricAxes(metric, null), x: unit.title, stops: 'round' },
      band: 'none',
      notes: [seeds],
      caption: sentences(
        `${metricTitle(metric)} against ${prices ? `cost (${prices.label} per label, ${prices.hour} per hour of training and selection)` : 'time of training and selection, median over seeds,'} at each evaluation, mean over ${seeds}`,
        'dotted: the best value for its cost of a data set, which no other point beats',
        'times hold for the machine, backend and number of jobs of these runs',
        oracleNote(
          shown,
          all.map(({ strategy }) => strategy),
        ),
      ),
      table: {
        columns: ['dataset', 'strategy', ...results.factors, 'labeled', metric, 'active_hours', 'hours', 'cost', 'frontier'],
        rows: all.flatMap(({ dataset, strategy, factors, points }) =>
          points.map((point) => [
            dataset,
            strategy,
            ...results.factors.map((path) => factorText(factors[path])),
            point.labels,
            point.value,
            point.activeHours,
            point.hours,
            point.cost,
            point.frontier ? 'yes' : 'no',
          ]),
        ),
      },
    }
  },
  () => 'No finished run has times: imported results may lack them.',
)
