import { metricInfo, metricTitle, signed, type Curve } from '@engine/analysis'
import type { MetricId } from '@engine/study/spec'
import type { EChartsOption } from 'echarts'
import { seedsText } from './captions'
import { drawnCurves, fadedAmong, penOf, type DrawnCurve } from './curveSeries'
import { endLabels, labelsWidth } from './endLabels'
import type { FigureBox } from './figure'
import { canvasOf, lineSeries, measureOf, tickRoom, xAxisOf, xScaleOf, yAxisOf, yScaleOf, type BandForm, type LineAxes } from './linePlot'
import { lineElement, type GraphicElement } from './marks'
import { figureInk, seriesStyles, type NamedStrategy } from './palette'
import { axisText, type Scale } from './scale'

export interface LearningCurvesOptions extends FigureBox {
  /** every strategy of the study, also those not shown: styles belong to names */
  readonly strategies: readonly NamedStrategy[]
  readonly metric: MetricId
  /** interval over seeds, thin lines of the seeds, or the mean alone */
  readonly band: BandForm
  /** labels of evaluations that are still to come: the axis has room for them */
  readonly ahead?: readonly number[]
  /** budget to mark */
  readonly cursor?: number | null
  /** after the axis title; default: the number of seeds */
  readonly note?: string
  /** last values beside the names at the right end; default: on screen only */
  readonly values?: boolean
}

/** `grid.left` and `grid.right` are the pixels between the drawing's sides and the first and last budget. */
export type LearningCurvesOption = EChartsOption & { readonly grid: { readonly left: number; readonly right: number } }

/**
 * Learning curves, or paired differences where the curves have a baseline: mean over seeds with bands (α 0.18), markers and dashes bound to
 * the name, direct labels at the right end, dotted where fewer seeds have arrived. Positions are final for width × height: build anew
 * after a resize. Needs ECharts' line chart, grid, graphic and aria components.
 */
export function learningCurvesOption(curves: readonly Curve[], options: LearningCurvesOptions): LearningCurvesOption {
  const { theme, metric } = options
  const { percent } = metricInfo[metric]
  const baseline = curves.find((curve) => curve.baseline !== null)?.baseline ?? null
  const strangers = curves.filter((curve) => !options.strategies.some(({ name }) => name === curve.strategy))
  const styles = seriesStyles([...options.strategies, ...strangers.map(({ strategy }) => ({ name: strategy, id: strategy }))])
  const drawn = drawnCurves(curves, styles, theme, percent ? 100 : 1)
  const axes = metricAxes(metric, baseline)
  const note = options.note ?? seedsText(seedsOf(drawn))
  return labelledLines(drawn, { ...axes, ahead: options.ahead, y: axes.y + (note && `, ${note}`) }, options, {
    band: options.band,
    cursor: options.cursor,
    endText: (options.values ?? theme !== 'paper') ? (value) => endText(value, percent, baseline !== null) : null,
  })
}

/** Axes of a metric by labels, or of its difference to a baseline. */
export const metricAxes = (metric: MetricId, baseline: string | null): LineAxes => ({
  x: 'labelled samples',
  stops: 'points',
  y: baseline === null ? metricTitle(metric) : differenceTitle(metric, baseline),
  bounds: metricInfo[metric].percent && baseline === null ? [0, 100] : undefined,
  zero: baseline !== null,
})

const differenceTitle = (metric: MetricId, baseline: string): string =>
  `difference to ${baseline} (${metricInfo[metric].percent ? 'points' : metricInfo[metric].label})`

/** Seeds behind the points of curves. */
export const seedsOf = (drawn: readonly DrawnCurve[]): number[] =>
  drawn.filter(({ line }) => !line).flatMap(({ points }) => points.map(({ n }) => n))

export interface LabelledLines {
  readonly band: BandForm
  readonly cursor?: number | null
  /** what an end label says after the name */
  readonly endText?: ((value: number) => string) | null
}

/** One plot of curves with direct labels at the right end. */
export function labelledLines(
  drawn: readonly DrawnCurve[],
  axes: LineAxes,
  box: FigureBox,
  { band, cursor, endText = null }: LabelledLines,
): LearningCurvesOption {
  const { width, height, fontFamily, fontSizePx: font, theme } = box
  const measure = measureOf(box)
  const ink = figureInk[theme]
  const ends = endsOf(drawn, endText)
  const y = yScaleOf(drawn, axes, band, height, font)
  const grid = {
    left: tickRoom(y, font, measure),
    right: Math.ceil(labelsWidth(ends, { font, measure })),
    top: Math.ceil(2.2 * font),
    bottom: Math.ceil(3.2 * font),
  }
  const plotWidth = width - grid.left - grid.right
  const x = xScaleOf(drawn, axes, plotWidth, font, measure)
  const pixelX = (value: number): number => grid.left + ((value - x.min) / (x.max - x.min)) * plotWidth
  const pixelY = (value: number): number => height - grid.bottom - ((value - y.min) / (y.max - y.min)) * (height - grid.top - grid.bottom)
  const isFaded = fadedAmong(drawn, box.emphasis)
  const labels = endLabels(
    ends.map(({ curve, end, value }) => ({ curve, value, faded: isFaded(curve), x: pixelX(curve.line ? x.max : end.x), y: pixelY(end.y) })),
    {
      left: width - grid.right,
      top: 0.7 * font,
      bottom: height - 0.7 * font,
      font,
      fontFamily,
      text: ink.text,
      muted: ink.muted,
      pen: penOf(theme),
      measure,
    },
  )
  return {
    ...canvasOf(box, describe(ends, axes)),
    grid: { ...grid, containLabel: false },
    xAxis: xAxisOf(x, axes.x, box, typeof axes.stops === 'object' ? axes.stops : null),
    yAxis: yAxisOf(y, axes.y, box),
    series: lineSeries(drawn, axes, x, band, plotWidth, box),
    graphic: { elements: [...cursorMark(cursor, x, pixelX, grid.top, height - grid.bottom, ink.text), ...labels] },
  }
}

/** Whether labels at the right end fit beside the plot, none over another. */
export function endLabelsFit(drawn: readonly DrawnCurve[], box: Pick<FigureBox, 'width' | 'height' | 'fontSizePx' | 'measure'>): boolean {
  const font = box.fontSizePx
  const ends = endsOf(drawn, null)
  return ends.length * 1.25 * font <= box.height - 1.4 * font && labelsWidth(ends, { font, measure: measureOf(box) }) <= 0.4 * box.width
}

/** Pixels above the plot for the y title, clear of the labels. */
export const titleRoom = (drawn: readonly DrawnCurve[], box: Pick<FigureBox, 'width' | 'fontSizePx' | 'measure'>): number =>
  box.width - 4 * box.fontSizePx - labelsWidth(endsOf(drawn, null), { font: box.fontSizePx, measure: measureOf(box) })

const endsOf = (drawn: readonly DrawnCurve[], endText: ((value: number) => string) | null) =>
  drawn.flatMap((curve) => {
    const end = curve.points.at(-1)
    return end ? [{ curve, end, value: endText ? ` ${endText(end.y)}` : '' }] : []
  })

function endText(value: number, percent: boolean, difference: boolean): string {
  const digits = percent ? 1 : 3
  return difference ? signed(value, digits) : value.toFixed(digits)
}

/** What the figure says, for a reader who does not see it. */
function describe(
  ends: readonly { readonly curve: DrawnCurve; readonly end: { readonly x: number; readonly y: number } }[],
  axes: LineAxes,
): string {
  const said = ends.map(({ curve, end }) => `${curve.name} ${axisText(Number(end.y.toPrecision(4)))} at ${axisText(end.x)}`)
  return `${axes.y} by ${axes.x}. ${said.length > 0 ? `Last values: ${said.join(', ')}.` : 'Nothing has been evaluated yet.'}`
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
  return [{ ...lineElement([at, top], [at, bottom], color, 1, [2, 2]), z: 1 }]
}
