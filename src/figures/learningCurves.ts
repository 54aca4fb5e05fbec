import { metricInfo, metricTitle, signed, type Curve } from '@engine/analysis'
import type { MetricId } from '@engine/study/spec'
import type { EChartsOption } from 'echarts'
import { bandSeries, drawnCurves, levelSeries, meanSeries, penOf, traceSeries, zeroLine, type DrawnCurve } from './curveSeries'
import { endLabels, labelsWidth, type GraphicElement } from './endLabels'
import { figureInk, seriesStyles, type NamedStrategy, type Theme } from './palette'
import { axisText, fittingTicks, niceScale, type Scale } from './scale'

export interface LearningCurvesOptions {
  /** every strategy of the study, also those not shown: styles belong to names */
  readonly strategies: readonly NamedStrategy[]
  readonly metric: MetricId
  readonly theme: Theme
  /** interval over seeds, thin lines of the seeds, or the mean alone */
  readonly band: 'interval' | 'traces' | 'none'
  readonly width: number
  readonly height: number
  readonly fontFamily: string
  readonly fontSizePx: number
  /** budget to mark */
  readonly cursor?: number | null
  /** after the axis title; default: the number of seeds */
  readonly note?: string
  /** last values beside the names at the right end; default: on screen only */
  readonly values?: boolean
  /** width of a text in pixels at the figure's font; default: an estimate */
  readonly measure?: (text: string) => number
}

/** `grid.left` and `grid.right` are the pixels between the drawing's sides and the first and last budget. */
export type LearningCurvesOption = EChartsOption & { readonly grid: { readonly left: number; readonly right: number } }

/**
 * Learning curves, or paired differences where the curves have a baseline: mean over seeds with bands (α 0.18), markers and dashes bound to
 * the name, direct labels at the right end, dotted where fewer seeds have arrived. Positions are final for width × height: build anew
 * after a resize. Needs ECharts' line chart, grid, graphic and aria components.
 */
export function learningCurvesOption(curves: readonly Curve[], options: LearningCurvesOptions): LearningCurvesOption {
  const { theme, metric, width, height, fontFamily, fontSizePx: font } = options
  const ink = figureInk[theme]
  const pen = penOf(theme)
  const measure = options.measure ?? ((text: string) => 0.6 * font * text.length)
  const { percent } = metricInfo[metric]
  const baseline = curves.find((curve) => curve.baseline !== null)?.baseline ?? null
  const strangers = curves.filter((curve) => !options.strategies.some(({ name }) => name === curve.strategy))
  const styles = seriesStyles([...options.strategies, ...strangers.map(({ strategy }) => ({ name: strategy, id: strategy }))])
  const drawn = drawnCurves(curves, styles, theme, percent ? 100 : 1)

  const withValues = options.values ?? theme !== 'paper'
  const ends = drawn.flatMap((curve) => {
    const end = curve.points.at(-1)
    return end ? [{ curve, end, value: withValues ? ` ${endText(end.y, percent, baseline !== null)}` : '' }] : []
  })
  const y = niceScale(
    valuesInView(drawn, options.band, baseline !== null),
    Math.max(2, Math.floor(height / (4.5 * font))),
    percent && baseline === null ? [0, 100] : undefined,
  )
  const grid = {
    left: Math.ceil(Math.max(...y.ticks.map((tick) => measure(axisText(tick)))) + 1.1 * font),
    right: Math.ceil(labelsWidth(ends, { font, measure })),
    top: Math.ceil(2.2 * font),
    bottom: Math.ceil(3.2 * font),
  }
  const plotWidth = width - grid.left - grid.right
  const x = budgetScale(drawn, plotWidth, font, measure)
  const pixelX = (value: number): number => grid.left + ((value - x.min) / (x.max - x.min)) * plotWidth
  const pixelY = (value: number): number => height - grid.bottom - ((value - y.min) / (y.max - y.min)) * (height - grid.top - grid.bottom)
  const densest = Math.max(1, ...drawn.map(({ points }) => points.length))
  const markerStep = Math.max(1, Math.ceil((densest * 2.2 * pen.marker) / plotWidth))

  const text = { color: ink.text, fontSize: font, fontFamily }
  const axisLabel = { color: ink.muted, fontSize: font, fontFamily, formatter: axisText }
  const title = (baseline === null ? metricTitle(metric) : differenceTitle(metric, baseline)) + noteText(drawn, options.note)
  const labels = endLabels(
    ends.map(({ curve, end, value }) => ({ curve, value, x: pixelX(curve.line ? x.max : end.x), y: pixelY(end.y) })),
    {
      left: width - grid.right,
      top: 0.7 * font,
      bottom: height - 0.7 * font,
      font,
      fontFamily,
      text: ink.text,
      muted: ink.muted,
      pen,
      measure,
    },
  )
  return {
    backgroundColor: ink.surface,
    animation: false,
    textStyle: { fontFamily, fontSize: font },
    aria: { enabled: true, label: { description: describe(ends, title) } },
    grid: { ...grid, containLabel: false },
    xAxis: {
      type: 'value',
      min: x.min,
      max: x.max,
      name: 'labelled samples',
      nameLocation: 'middle',
      nameGap: 1.8 * font,
      nameTextStyle: text,
      splitLine: { show: false },
      axisLine: { show: true, onZero: false, lineStyle: { color: ink.axis, width: 1 } },
      axisTick: { show: true, length: 4, lineStyle: { color: ink.axis, width: 1 }, customValues: [...x.ticks] },
      axisLabel: { ...axisLabel, margin: 6, customValues: [...x.ticks] },
    },
    yAxis: {
      type: 'value',
      min: y.min,
      max: y.max,
      name: title,
      nameLocation: 'end',
      nameGap: 0.75 * font,
      nameTextStyle: { ...text, align: 'left' },
      splitLine: { show: true, lineStyle: { color: ink.grid, width: 1 } },
      axisLine: { show: false },
      axisTick: { show: false, customValues: [...y.ticks] },
      axisLabel: { ...axisLabel, customValues: [...y.ticks] },
    },
    series: [
      ...(baseline === null ? [] : [zeroLine(x, ink.axis)]),
      ...(options.band === 'interval' ? drawn.flatMap(bandSeries) : []),
      ...(options.band === 'traces' ? drawn.flatMap((curve) => traceSeries(curve, pen)) : []),
      ...drawn.flatMap((curve) => (curve.line ? levelSeries(curve, x, pen) : meanSeries(curve, pen, ink.surface, ink.text, markerStep))),
    ],
    graphic: { elements: [...cursorMark(options.cursor, x, pixelX, grid.top, height - grid.bottom, ink.text), ...labels] },
  }
}

/** Budgets of the curves as ticks, as many as fit; a reference line has no budget of its own. */
function budgetScale(drawn: readonly DrawnCurve[], plotWidth: number, font: number, measure: (text: string) => number): Scale {
  const stops = [...new Set(drawn.filter(({ line }) => !line).flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  if (stops.length < 2) {
    const only = stops[0] ?? 0
    return { min: only - 1, max: only + 1, ticks: [only] }
  }
  const [min, max] = [stops[0], stops[stops.length - 1]]
  const widest = Math.max(...stops.map((stop) => measure(axisText(stop))))
  return { min, max, ticks: fittingTicks(stops, (value) => ((value - min) / (max - min)) * plotWidth, widest + font) }
}

function valuesInView(drawn: readonly DrawnCurve[], band: LearningCurvesOptions['band'], withZero: boolean): number[] {
  const values = drawn.flatMap(({ points, traces, line }) => [
    ...points.flatMap(({ y, lo, hi }) => (band === 'interval' && !line && lo !== null && hi !== null ? [y, lo, hi] : [y])),
    ...(band === 'traces' && !line ? traces.flatMap((trace) => trace.map(([, y]) => y)) : []),
  ])
  return withZero ? [...values, 0] : values
}

const differenceTitle = (metric: MetricId, baseline: string): string =>
  `difference to ${baseline} (${metricInfo[metric].percent ? 'points' : metricInfo[metric].label})`

function noteText(drawn: readonly DrawnCurve[], note: string | undefined): string {
  if (note !== undefined) return note && `, ${note}`
  const seeds = drawn.filter(({ line }) => !line).flatMap(({ points }) => points.map(({ n }) => n))
  if (seeds.length === 0) return ''
  const [fewest, most] = [Math.min(...seeds), Math.max(...seeds)]
  return `, n = ${fewest === most ? most : `${fewest}–${most}`} seed${most === 1 ? '' : 's'}`
}

function endText(value: number, percent: boolean, difference: boolean): string {
  const digits = percent ? 1 : 3
  return difference ? signed(value, digits) : value.toFixed(digits)
}

/** What the figure says, for a reader who does not see it. */
function describe(
  ends: readonly { readonly curve: DrawnCurve; readonly end: { readonly x: number; readonly y: number } }[],
  title: string,
): string {
  const said = ends.map(({ curve, end }) => `${curve.name} ${axisText(Number(end.y.toPrecision(4)))} at ${axisText(end.x)}`)
  return `${title} by labelled samples. ${said.length > 0 ? `Last values: ${said.join(', ')}.` : 'Nothing has been evaluated yet.'}`
}

function cursorMark(
  cursor: number | null | undefined,
  x: Scale,
  pixelX: (value: number) => number,
  top: number,
  bottom: number,
  color: string,
): GraphicElement[] {
  if (cursor === null || cursor === undefined || cursor < x.min || cursor > x.max) return []
  const at = pixelX(cursor)
  return [
    {
      type: 'line',
      silent: true,
      z: 1,
      shape: { x1: at, y1: top, x2: at, y2: bottom },
      style: { stroke: color, lineWidth: 1, lineDash: [2, 2] },
    },
  ]
}
