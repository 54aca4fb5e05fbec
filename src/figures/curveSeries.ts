import { cellTitle, factorText, sameValue, type Curve } from '@engine/analysis'
import type { LineSeriesOption } from 'echarts'
import { colorOf, figureInk, type SeriesStyle, type Theme } from './palette'
import type { Scale } from './scale'

/** Weights at one size: a screen, or a printed column where lines stay above 0.75 pt. */
export interface Pen {
  readonly line: number
  readonly thin: number
  readonly marker: number
  readonly dashScale: number
}

export const penOf = (theme: Theme): Pen =>
  theme === 'paper' ? { line: 1.4, thin: 0.75, marker: 5.5, dashScale: 0.8 } : { line: 1.75, thin: 0.75, marker: 7, dashScale: 1 }

export interface Point {
  readonly x: number
  readonly y: number
  readonly lo: number | null
  readonly hi: number | null
  /** seeds behind it */
  readonly n: number
}

/** A curve in the units of the figure. */
export interface DrawnCurve {
  readonly key: string
  /** empty for a line that belongs to none */
  readonly strategy: string
  readonly name: string
  readonly style: SeriesStyle
  readonly color: string
  readonly dash: readonly number[] | null
  readonly points: readonly Point[]
  /** index of the first point that not all seeds have reached */
  readonly partialFrom: number | null
  readonly line: boolean
  readonly traces: readonly (readonly (readonly [x: number, y: number])[])[]
}

/** Several cells of one strategy keep colour and marker; dash and a name with the levels tell them apart. */
const cellDashes: readonly (readonly number[] | null)[] = [null, [6, 3], [2, 2], [10, 2, 2, 2]]

/** Dash of the `cell`-th of `cells` curves of one strategy that are shown together. */
export const cellDash = (style: SeriesStyle, cell: number, cells: number): readonly number[] | null =>
  cells > 1 ? cellDashes[cell % cellDashes.length] : style.dash

/** `scale` turns values into the figure's units; `nameOf` is how a strategy is called in it. */
export function drawnCurves(
  curves: readonly Curve[],
  styles: ReadonlyMap<string, SeriesStyle>,
  theme: Theme,
  scale: number,
  nameOf: (strategy: string) => string = (strategy) => strategy,
): DrawnCurve[] {
  return curves.map((curve) => {
    const style = styles.get(curve.strategy)!
    const siblings = curves.filter((other) => other.strategy === curve.strategy)
    const cell = siblings.indexOf(curve)
    const kept = curve.mean.flatMap((y, index) => (y === null ? [] : [{ y, index }]))
    const points = kept.map(({ y, index }) => ({
      x: curve.labels[index],
      y: y * scale,
      lo: scaled(curve.lo[index], scale),
      hi: scaled(curve.hi[index], scale),
      n: curve.n[index],
    }))
    const { partialFrom } = curve
    const partial = partialFrom === null ? -1 : kept.findIndex(({ index }) => index >= partialFrom)
    return {
      key: JSON.stringify([curve.dataset, curve.strategy, ...Object.values(curve.factors).map(factorText)]),
      strategy: curve.strategy,
      name: nameOf(curve.strategy) + (siblings.length > 1 ? cellName(curve, siblings) : ''),
      style,
      color: colorOf(style, theme),
      dash: cellDash(style, cell, siblings.length),
      points,
      partialFrom: partial < 0 ? null : partial,
      line: curve.line,
      traces: curve.traces.map(({ labels, values }) =>
        labels.flatMap((label, index) => {
          const value = values[index]
          return value === null ? [] : [[label, value * scale] as const]
        }),
      ),
    }
  })
}

/** Colours of a theme; a line of no strategy takes the muted ink. */
export const inTheme = (curve: DrawnCurve, theme: Theme): DrawnCurve => ({
  ...curve,
  color: curve.strategy === '' ? figureInk[theme].muted : colorOf(curve.style, theme),
})

/** Whether a curve steps back for another strategy that is shown with it. */
export const fadedAmong = (
  all: readonly { readonly strategy: string }[],
  emphasis: string | null | undefined,
): ((curve: { readonly strategy: string }) => boolean) => {
  const isShown = all.some(({ strategy }) => strategy === emphasis)
  return ({ strategy }) => isShown && strategy !== emphasis
}

/** What is left of the colour of a faded mark. */
export const fadedOpacity = 0.18

/** A dotted line that belongs to no strategy, without markers. */
export const bareLine = (
  key: string,
  name: string,
  color: string,
  points: readonly { readonly x: number; readonly y: number }[],
): DrawnCurve => ({
  key,
  strategy: '',
  name,
  style: { color, darkColor: color, marker: 'circle', symbol: 'none', symbolScale: 0, dash: bareDash, pale: false },
  color,
  dash: bareDash,
  points: points.map(({ x, y }) => ({ x, y, lo: null, hi: null, n: 0 })),
  partialFrom: null,
  line: false,
  traces: [],
})

const bareDash = [1.5, 2.5]

const scaled = (value: number | null, scale: number): number | null => (value === null ? null : value * scale)

/** Levels in which the curves of one strategy differ, with the data set where that differs. */
function cellName(curve: Curve, siblings: readonly Curve[]): string {
  const differing = Object.entries(curve.factors).filter(([path, level]) =>
    siblings.some((other) => !sameValue(other.factors[path], level)),
  )
  const dataset = siblings.some((other) => other.dataset !== curve.dataset) ? curve.dataset : ''
  return ` (${[dataset, cellTitle(Object.fromEntries(differing))].filter(Boolean).join(', ')})`
}

/** The same series in the background. */
export const faded = (series: LineSeriesOption): LineSeriesOption => ({
  ...series,
  z: 1,
  lineStyle: { ...series.lineStyle, opacity: series.lineStyle?.opacity === 0 ? 0 : fadedOpacity },
  itemStyle: { ...series.itemStyle, opacity: fadedOpacity },
  ...(series.areaStyle ? { areaStyle: { ...series.areaStyle, opacity: 0.04 } } : {}),
})

const silent = { type: 'line', silent: true, symbol: 'none', showSymbol: false } as const

/** The interval as an invisible lower edge with the width stacked on it, in one stack per curve so that bands may lie below zero. */
export function bandSeries(curve: DrawnCurve): LineSeriesOption[] {
  const points = curve.points.flatMap(({ x, lo, hi }) => (lo === null || hi === null ? [] : [{ x, lo, hi }]))
  if (points.length < 2 || curve.line) return []
  const edge = { ...silent, stack: curve.key, stackStrategy: 'all', lineStyle: { width: 0, opacity: 0 }, color: curve.color, z: 2 } as const
  return [
    { ...edge, id: `${curve.key} low`, data: points.map(({ x, lo }) => [x, lo]) },
    {
      ...edge,
      id: `${curve.key} band`,
      data: points.map(({ x, lo, hi }) => [x, hi - lo]),
      areaStyle: { color: curve.color, opacity: 0.18 },
    },
  ]
}

export const traceSeries = (curve: DrawnCurve, pen: Pen): LineSeriesOption[] =>
  curve.line
    ? []
    : curve.traces.map((points, index) => ({
        ...silent,
        id: `${curve.key} seed ${index}`,
        data: points.map(([x, y]) => [x, y]),
        color: curve.color,
        lineStyle: { color: curve.color, width: pen.thin, opacity: 0.4 },
        z: 2,
      }))

/** The mean: a solid part as far as all seeds are, then dots with hollow markers. `markerStep` thins markers on dense curves. */
export function meanSeries(curve: DrawnCurve, pen: Pen, surface: string, text: string, markerStep: number): LineSeriesOption[] {
  const { points, color, style, partialFrom } = curve
  const edge = style.pale ? text : color
  const size = pen.marker * style.symbolScale
  const last = points.length - 1
  const dataOf = (from: number, to: number) =>
    points.slice(from, to).map(({ x, y }, offset) => {
      const marked = (from + offset) % markerStep === 0 || from + offset === last
      return marked ? { value: [x, y] } : { value: [x, y], symbol: 'none' }
    })
  const common = { type: 'line', name: curve.name, color, symbol: style.symbol, symbolSize: size, showSymbol: true, z: 3 } as const
  const complete = partialFrom ?? points.length
  const series: LineSeriesOption[] = []
  if (complete > 0)
    series.push({
      ...common,
      id: curve.key,
      data: dataOf(0, complete),
      lineStyle: { color, width: pen.line, type: curve.dash?.map((length) => length * pen.dashScale) ?? 'solid', cap: 'butt' },
      itemStyle: { color, borderColor: edge, borderWidth: style.pale ? 0.8 : 0, opacity: 1 },
    })
  if (partialFrom !== null)
    series.push({
      ...common,
      id: `${curve.key} partial`,
      // starts at the last complete point, whose own marker is drawn above
      data: [
        ...points.slice(Math.max(0, complete - 1), complete).map(({ x, y }) => ({ value: [x, y], symbol: 'none' })),
        ...dataOf(complete, points.length),
      ],
      lineStyle: { color, width: pen.line, type: [1.2, 2.4].map((length) => length * pen.line), cap: 'butt' },
      itemStyle: { color: surface, borderColor: edge, borderWidth: 1.2, opacity: 1 },
    })
  return series
}

/** `full-data`: a level across the figure at its last value. */
export function levelSeries(curve: DrawnCurve, x: Scale, pen: Pen): LineSeriesOption[] {
  const end = curve.points.at(-1)
  if (!end) return []
  return [
    {
      ...silent,
      id: curve.key,
      name: curve.name,
      data: [
        [x.min, end.y],
        [x.max, end.y],
      ],
      color: curve.color,
      lineStyle: { color: curve.color, width: pen.line, type: [...(curve.dash ?? [])] },
      z: 2,
    },
  ]
}

export const zeroLine = (x: Scale, color: string): LineSeriesOption => ({
  ...silent,
  id: 'zero',
  data: [
    [x.min, 0],
    [x.max, 0],
  ],
  lineStyle: { color, width: 1 },
  z: 1,
})
