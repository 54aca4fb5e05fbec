import type { EChartsOption, LineSeriesOption } from 'echarts'
import { bandSeries, faded, fadedAmong, levelSeries, meanSeries, penOf, traceSeries, zeroLine, type DrawnCurve } from './curveSeries'
import type { FigureBox } from './figure'
import { figureInk } from './palette'
import { axisText, fittingTicks, niceScale, type Scale } from './scale'

/** What the two axes of curves are. */
export interface LineAxes {
  readonly x: string
  /** ticks at the curves' own points, at round numbers, or named places 0, 1, … */
  readonly stops: 'points' | 'round' | readonly string[]
  readonly y: string
  /** values that the axis never leaves */
  readonly bounds?: readonly [number, number]
  /** places of points that are still to come */
  readonly ahead?: readonly number[]
  /** draws and includes zero */
  readonly zero: boolean
}

export type BandForm = 'interval' | 'traces' | 'none'

export interface Rect {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export const estimateWidth =
  (font: number) =>
  (text: string): number =>
    0.6 * font * text.length

export const measureOf = ({ measure, fontSizePx }: Pick<FigureBox, 'measure' | 'fontSizePx'>): ((text: string) => number) =>
  measure ?? estimateWidth(fontSizePx)

/** Ticks as many as fit; a reference line has no place of its own. */
export function xScaleOf(
  drawn: readonly DrawnCurve[],
  axes: LineAxes,
  width: number,
  font: number,
  measure: (text: string) => number,
): Scale {
  const { stops } = axes
  if (typeof stops === 'object') {
    const room = stops.length === 1 ? 0.5 : 0.25
    return { min: -room, max: stops.length - 1 + room, ticks: stops.map((_, index) => index) }
  }
  const reached = drawn.filter(({ line }) => !line).flatMap(({ points }) => points.map(({ x }) => x))
  const values = [...new Set([...reached, ...(axes.ahead ?? [])])].sort((a, b) => a - b)
  if (values.length < 2) {
    const only = values[0] ?? 0
    return { min: only - 1, max: only + 1, ticks: [only] }
  }
  const [min, max] = [values[0], values[values.length - 1]]
  if (stops === 'round') return niceScale([0, max], Math.max(2, Math.floor(width / (5 * font))))
  const widest = Math.max(...values.map((stop) => measure(axisText(stop))))
  return { min, max, ticks: fittingTicks(values, (value) => ((value - min) / (max - min)) * width, widest + font) }
}

export const yScaleOf = (drawn: readonly DrawnCurve[], axes: LineAxes, band: BandForm, height: number, font: number): Scale =>
  niceScale(valuesInView(drawn, band, axes.zero), Math.max(2, Math.floor(height / (4.5 * font))), axes.bounds)

function valuesInView(drawn: readonly DrawnCurve[], band: BandForm, withZero: boolean): number[] {
  const values = drawn.flatMap(({ points, traces, line }) => [
    ...points.flatMap(({ y, lo, hi }) => (band === 'interval' && !line && lo !== null && hi !== null ? [y, lo, hi] : [y])),
    ...(band === 'traces' && !line ? traces.flatMap((trace) => trace.map(([, y]) => y)) : []),
  ])
  return withZero ? [...values, 0] : values
}

/** Room that the numbers of a y axis need on its left. */
export const tickRoom = (y: Scale, font: number, measure: (text: string) => number): number =>
  Math.ceil(Math.max(...y.ticks.map((tick) => measure(axisText(tick)))) + 1.1 * font)

/** Series of one plot, back to front. */
export function lineSeries(
  drawn: readonly DrawnCurve[],
  axes: LineAxes,
  x: Scale,
  band: BandForm,
  plotWidth: number,
  box: FigureBox,
): LineSeriesOption[] {
  const ink = figureInk[box.theme]
  const pen = penOf(box.theme)
  const densest = Math.max(1, ...drawn.map(({ points }) => points.length))
  const markerStep = Math.max(1, Math.ceil((densest * 2.2 * pen.marker) / plotWidth))
  const isFaded = fadedAmong(drawn, box.emphasis)
  const each = (seriesOf: (curve: DrawnCurve) => LineSeriesOption[]): LineSeriesOption[] =>
    drawn.flatMap((curve) => (isFaded(curve) ? seriesOf(curve).map(faded) : seriesOf(curve)))
  return [
    ...(axes.zero ? [zeroLine(x, ink.axis)] : []),
    ...(band === 'interval' ? each(bandSeries) : []),
    ...(band === 'traces' ? each((curve) => traceSeries(curve, pen)) : []),
    ...each((curve) => (curve.line ? levelSeries(curve, x, pen) : meanSeries(curve, pen, ink.surface, ink.text, markerStep))),
  ]
}

type Axis<Key extends 'xAxis' | 'yAxis'> = Exclude<NonNullable<EChartsOption[Key]>, readonly unknown[]>

export function xAxisOf(x: Scale, title: string, box: FigureBox, names: readonly string[] | null = null): Axis<'xAxis'> {
  const { theme, fontSizePx: font, fontFamily } = box
  const ink = figureInk[theme]
  return {
    type: 'value',
    min: x.min,
    max: x.max,
    name: title,
    nameLocation: 'middle',
    nameGap: 2 * font,
    nameTextStyle: { color: ink.text, fontSize: font, fontFamily },
    splitLine: { show: false },
    axisLine: { show: true, onZero: false, lineStyle: { color: ink.axis, width: 1 } },
    axisTick: { show: true, length: 4, lineStyle: { color: ink.axis, width: 1 }, customValues: [...x.ticks] },
    axisLabel: {
      color: ink.muted,
      fontSize: font,
      fontFamily,
      formatter: names ? (value: number) => names[value] ?? '' : axisText,
      margin: 4 + 0.35 * font, // clear of the ticks
      customValues: [...x.ticks],
    },
  }
}

export function yAxisOf(y: Scale, title: string, box: FigureBox, numbers = true): Axis<'yAxis'> {
  const { theme, fontSizePx: font, fontFamily } = box
  const ink = figureInk[theme]
  return {
    type: 'value',
    min: y.min,
    max: y.max,
    name: title,
    nameLocation: 'end',
    nameGap: 0.75 * font,
    nameTextStyle: { color: ink.text, fontSize: font, fontFamily, align: 'left' },
    splitLine: { show: true, lineStyle: { color: ink.grid, width: 1 } },
    axisLine: { show: false },
    axisTick: { show: false, customValues: [...y.ticks] },
    axisLabel: { show: numbers, color: ink.muted, fontSize: font, fontFamily, formatter: axisText, customValues: [...y.ticks] },
  }
}

/** Ground of every figure: surface, font, a description for readers who do not see it. */
export const canvasOf = (box: FigureBox, description: string): EChartsOption => ({
  backgroundColor: figureInk[box.theme].surface,
  animation: false,
  textStyle: { fontFamily: box.fontFamily, fontSize: box.fontSizePx },
  aria: { enabled: true, label: { description } },
})
