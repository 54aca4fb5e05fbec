import type { EChartsOption } from 'echarts'
import { fadedAmong, penOf, type DrawnCurve } from './curveSeries'
import type { FigureBox } from './figure'
import { legend, legendHeight, type LegendEntry } from './legend'
import { canvasOf, lineSeries, measureOf, tickRoom, xAxisOf, xScaleOf, yAxisOf, yScaleOf, type BandForm, type LineAxes } from './linePlot'
import { textElement } from './marks'
import { figureInk } from './palette'
import { axisText } from './scale'
import { panelGrid, panelLetter, panelRects, wrapped, type PanelGaps } from './panels'

export interface LinePanel {
  readonly title: string
  readonly curves: readonly DrawnCurve[]
  /** named places of its x axis, where panels differ in them */
  readonly axes?: LineAxes
}

export interface LinePanels {
  readonly band: BandForm
  /** one scale for all, so that heights compare across panels */
  readonly shared: boolean
}

const legendOf = (panels: readonly LinePanel[]): (DrawnCurve & LegendEntry)[] => [
  ...new Map(
    panels.flatMap(({ curves }) => curves.filter(({ points }) => points.length > 0).map((curve) => [curve.name, curve] as const)),
  ).values(),
]

/** Small multiples: one legend on top, letter and title over each plot, axis titles once. */
export function panelLines(panels: readonly LinePanel[], axes: LineAxes, box: FigureBox, { band, shared }: LinePanels): EChartsOption {
  const { theme, fontFamily, fontSizePx: font } = box
  const measure = measureOf(box)
  const ink = figureInk[theme]
  const grid = panelGrid(panels.length, box)
  const isFaded = fadedAmong(
    panels.flatMap(({ curves }) => curves),
    box.emphasis,
  )
  const entries = legendOf(panels).map((entry) => (isFaded(entry) ? { ...entry, faded: true } : entry))
  const header = legendHeight(entries, { width: box.width, font, measure })
  const titles = titleLines(panels, grid.columns, box)
  const all = panels.flatMap(({ curves }) => curves)
  // before the room of the axis' own labels is known; panels have more ticks for their height
  const rough = 1.5 * ((box.height - header) / grid.rows - 5 * font)
  const yScales = panels.map(({ curves }) => yScaleOf(shared ? all : curves, axes, band, rough, font))
  const left = Math.max(...yScales.map((y) => tickRoom(y, font, measure)))
  const stops = axes.stops === 'points' ? all.flatMap(({ points }) => points.map(({ x }) => x)) : []
  const widest = Math.max(2 * font, ...stops.map((stop) => measure(axisText(stop))))
  const gaps: PanelGaps = {
    left,
    between: shared ? widest + 0.6 * font : left + 0.6 * font,
    right: 0.8 * font,
    top: header + 1.7 * font,
    above: (titles.most * 1.25 + 0.6) * font,
    below: axes.x === '' ? 3.4 * font : 2 * font,
    bottom: axes.x === '' ? 0 : 1.5 * font,
  }
  const rects = panelRects(panels.length, grid, box, gaps)
  const parts = panels.map((panel, index) => {
    const rect = rects[index]
    const own = panel.axes ?? axes
    const x = xScaleOf(shared && typeof own.stops !== 'object' ? all : panel.curves, own, rect.width, font, measure)
    const y = yScales[index]
    const curves = panel.curves.map((curve) => ({ ...curve, key: `${index} ${curve.key}` }))
    return {
      grid: { left: rect.left, top: rect.top, width: rect.width, height: rect.height, containLabel: false },
      xAxis: { ...xAxisOf(x, panel.axes ? own.x : '', box, typeof own.stops === 'object' ? own.stops : null), gridIndex: index },
      yAxis: { ...yAxisOf(y, '', box, !shared || index % grid.columns === 0), gridIndex: index },
      series: lineSeries(curves, own, x, band, rect.width, box).map((series) => ({
        ...series,
        id: `${index} ${series.id}`,
        xAxisIndex: index,
        yAxisIndex: index,
      })),
    }
  })
  const text = { fill: ink.text, fontSize: font, fontFamily }
  const heads = rects.flatMap((rect, index) =>
    titles.lines[index].map((line, row, { length }) =>
      textElement(line, rect.left, rect.top - (0.9 + 1.25 * (length - 1 - row)) * font, text),
    ),
  )
  return {
    ...canvasOf(box, `${axes.y} by ${axes.x || 'level'}, ${panels.length} panels: ${panels.map(({ title }) => title).join('; ')}.`),
    grid: parts.map((part) => part.grid),
    xAxis: parts.map((part) => part.xAxis),
    yAxis: parts.map((part) => part.yAxis),
    series: parts.flatMap((part) => part.series),
    graphic: {
      elements: [
        ...legend(entries, { left: 0.4 * font, top: 0, width: box.width, font, fontFamily, text: ink.text, pen: penOf(theme), measure }),
        textElement(axes.y, 0.4 * font, header + 0.9 * font, text),
        ...heads,
        ...(axes.x === ''
          ? []
          : [textElement(axes.x, (left + box.width - gaps.right) / 2, box.height - 0.9 * font, { ...text, align: 'center' })]),
      ],
    },
  }
}

function titleLines(panels: readonly LinePanel[], columns: number, box: Omit<FigureBox, 'height'>) {
  if (panels.every(({ title }) => title === '')) return { lines: panels.map(() => []), most: 0 }
  const room = box.width / columns - 4 * box.fontSizePx
  const lines = panels.map(({ title }, index) => wrapped(`${panelLetter(index)} ${title}`, room, measureOf(box)))
  return { lines, most: Math.max(...lines.map(({ length }) => length)) }
}

/** Height at which each plot is about 0.7 times as high as wide. */
export function panelsHeight(panels: readonly LinePanel[], axes: LineAxes, box: Omit<FigureBox, 'height'>): number {
  const font = box.fontSizePx
  const grid = panelGrid(panels.length, box)
  const plot = Math.max(8 * font, 0.7 * (box.width / grid.columns - 2 * font))
  const header = legendHeight(legendOf(panels), { width: box.width, font, measure: measureOf(box) })
  const { most } = titleLines(panels, grid.columns, box)
  const around = (1.25 * most + (axes.x === '' ? 4 : 2.6)) * font
  const rest = header + 3.2 * font
  // many rows are flatter, so that they stay on a page
  const flat = Math.max(6 * font, (1.55 * box.width - rest) / grid.rows - around)
  return Math.round(rest + grid.rows * (Math.min(plot, flat) + around))
}
