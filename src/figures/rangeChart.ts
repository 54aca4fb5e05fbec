import type { EChartsOption, LineSeriesOption } from 'echarts'
import { faded, fadedAmong, penOf } from './curveSeries'
import type { FigureBox } from './figure'
import { canvasOf, measureOf, xAxisOf, type Rect } from './linePlot'
import { pale, textElement } from './marks'
import { figureInk, type SeriesStyle } from './palette'
import { panelLetter, wrapped } from './panels'
import { niceScale } from './scale'

/** An estimate with its interval, in the units of the axis. */
export interface RangeRow {
  /** null: over all of them */
  readonly strategy: string | null
  readonly name: string
  readonly style: SeriesStyle | null
  readonly color: string
  readonly value: number
  readonly lo: number | null
  readonly hi: number | null
  readonly text: string
}

export interface RangePanel {
  readonly title: string
  readonly rows: readonly RangeRow[]
}

export interface RangeAxis {
  readonly title: string
  readonly bounds?: readonly [number, number]
  /** a line at zero, always in view */
  readonly zero: boolean
  /** bars from zero where that leaves the intervals legible */
  readonly bars: boolean
}

/** Bars need zero on their axis; they stay legible while the values spread over this part of it. */
const legibleSpread = 0.4

function layoutOf(panels: readonly RangePanel[], title: string, box: Omit<FigureBox, 'height'>) {
  const font = box.fontSizePx
  const measure = measureOf(box)
  const rows = panels.flatMap((panel) => panel.rows)
  const nameLines = new Map(rows.map(({ name }) => [name, wrapped(name, 0.42 * box.width, measure)]))
  const lines = Math.max(1, ...[...nameLines.values()].map(({ length }) => length))
  const names = Math.max(0, ...[...nameLines.values()].flat().map(measure))
  const texts = Math.max(0, ...rows.map(({ text }) => measure(text)))
  const left = Math.ceil(names + 1.2 * font)
  const right = Math.ceil(texts + 1.2 * font)
  const count = Math.max(1, panels.length)
  // each panel has its own names and values beside it
  const columns = Math.min(count, Math.max(1, Math.floor(box.width / (left + right + 7.5 * font))))
  const perRow = Math.ceil(count / Math.ceil(count / columns))
  const room = box.width / perRow - 1.5 * font
  const titles = panels.map(({ title }, index) => (title === '' ? [] : wrapped(`${panelLetter(index)} ${title}`, room, measure)))
  const above = (1.25 * Math.max(0, ...titles.map(({ length }) => length)) + 0.7) * font
  const foot = wrapped(title, box.width - font, measure)
  // panels beside each other are as high as the longest of them
  const bands = Array.from({ length: Math.ceil(count / perRow) }, (_, band) =>
    Math.max(1, ...panels.slice(band * perRow, (band + 1) * perRow).map((panel) => panel.rows.length)),
  )
  return {
    perRow,
    bands,
    left,
    right,
    above,
    below: 2 * font,
    bottom: (0.4 + 1.25 * foot.length) * font,
    foot,
    titles,
    nameLines,
    rowHeight: 1.25 * lines + 0.35,
  }
}

export function rangesHeight(panels: readonly RangePanel[], axis: RangeAxis, box: Omit<FigureBox, 'height'>): number {
  const { bands, above, below, bottom, rowHeight } = layoutOf(panels, axis.title, box)
  const rows = bands.reduce((sum, band) => sum + Math.max(1.5, band), 0)
  return Math.round(rows * rowHeight * box.fontSizePx + bands.length * (above + below) + bottom)
}

function rectsOf(panels: readonly RangePanel[], layout: ReturnType<typeof layoutOf>, box: FigureBox): Rect[] {
  const { perRow, bands, left, right, above, below, bottom } = layout
  const width = box.width / perRow - left - right
  const rows = bands.reduce((sum, band) => sum + Math.max(1.5, band), 0)
  const unit = (box.height - bottom - bands.length * (above + below)) / rows
  const rects: Rect[] = []
  let top = 0
  bands.forEach((band, index) => {
    const height = Math.max(1.5, band) * unit
    panels.slice(index * perRow, (index + 1) * perRow).forEach((_, column) => {
      rects.push({ left: left + column * (width + left + right), top: top + above, width, height })
    })
    top += above + height + below
  })
  return rects
}

/** Horizontal estimates with interval whiskers, name on the left and value on the right; bars only from zero. */
export function rangesOption(panels: readonly RangePanel[], axis: RangeAxis, box: FigureBox): EChartsOption {
  const { theme, fontFamily, fontSizePx: font } = box
  const ink = figureInk[theme]
  const pen = penOf(theme)
  const layout = layoutOf(panels, axis.title, box)
  const { left: nameRoom, titles, nameLines, foot } = layout
  const rects = rectsOf(panels, layout, box)
  const rows = panels.flatMap((panel) => panel.rows)
  const values = rows.flatMap(({ value, lo, hi }) => (lo === null || hi === null ? [value] : [value, lo, hi]))
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const bars = axis.bars && low >= 0 && high - low >= legibleSpread * high
  const ticks = Math.max(2, Math.floor((rects[0]?.width ?? 0) / (4.5 * font)))
  const x = niceScale(bars || axis.zero ? [...values, 0] : values, ticks, axis.bounds)
  const text = { fontSize: font, fontFamily }
  const isFaded = fadedAmong(
    rows.map(({ strategy }) => ({ strategy: strategy ?? '' })),
    box.emphasis,
  )
  const fadedRow = ({ strategy }: RangeRow): boolean => strategy !== null && isFaded({ strategy })
  const parts = panels.map((panel, index) => {
    const { left, top, width, height } = rects[index]
    const at = (row: number): number => panel.rows.length - 0.5 - row
    const pixelY = (row: number): number => top + ((row + 0.5) / panel.rows.length) * height
    const common = { type: 'line', xAxisIndex: index, yAxisIndex: index, silent: true, animation: false } as const
    const guide = (from: number, to: number, row: number) => [
      [from, at(row)],
      [to, at(row)],
    ]
    return {
      grid: { left, top, width, height, containLabel: false },
      xAxis: {
        ...xAxisOf(x, '', box),
        gridIndex: index,
        splitLine: { show: true, lineStyle: { color: ink.grid, width: 1 } },
      },
      yAxis: { type: 'value' as const, show: false, min: 0, max: panel.rows.length, gridIndex: index },
      series: [
        ...(axis.zero
          ? [{ ...common, id: `${index} zero`, symbol: 'none', data: [[0, 0], [0, panel.rows.length]], lineStyle: { color: ink.axis, width: 1, type: 'solid' as const }, z: 1 }] // prettier-ignore
          : []),
        ...panel.rows.flatMap((row, place) => {
          const series: LineSeriesOption[] = [
            ...(bars
              ? [{ ...common, id: `${index} ${place} bar`, symbol: 'none', data: guide(0, row.value, place), lineStyle: { color: row.color, width: (0.62 * height) / panel.rows.length, opacity: 0.35, cap: 'butt' as const, type: 'solid' as const }, z: 2 }] // prettier-ignore
              : []),
            ...(row.lo === null || row.hi === null
            ? []
            : [{ ...common, id: `${index} ${place} interval`, symbol: 'none', data: guide(row.lo, row.hi, place), lineStyle: { color: row.color, width: pen.line, cap: 'butt' as const, type: 'solid' as const }, z: 3 }]), // prettier-ignore
            {
              ...common,
              id: `${index} ${place}`,
              name: row.name,
              silent: false,
              symbol: row.style?.symbol ?? 'circle',
              symbolSize: 1.2 * pen.marker * (row.style?.symbolScale ?? 1),
              showSymbol: true,
              data: [[row.value, at(place)]],
              lineStyle: { width: 0 },
              itemStyle: {
                color: row.color,
                borderColor: row.style?.pale ? ink.text : row.color,
                borderWidth: row.style?.pale ? 0.8 : 0,
                opacity: 1,
              },
              z: 4,
            },
          ]
          return fadedRow(row) ? series.map(faded) : series
        }),
      ],
      texts: [
        ...titles[index].map((line, i, { length }) =>
          textElement(line, left - nameRoom + 0.6 * font, top - (0.75 + 1.25 * (length - 1 - i)) * font, { ...text, fill: ink.text }),
        ),
        ...panel.rows.flatMap((row, place) => {
          const elements = [
            ...nameLines.get(row.name)!.map((line, i, { length }) =>
              textElement(line, left - 0.7 * font, pixelY(place) + (i - (length - 1) / 2) * 1.15 * font, {
                ...text,
                fill: ink.text,
                align: 'right',
              }),
            ),
            textElement(row.text, left + width + 0.7 * font, pixelY(place), { ...text, fill: ink.muted }),
          ]
          return fadedRow(row) ? elements.map(pale) : elements
        }),
      ],
    }
  })
  const said = rows.map(({ name, text: value }) => `${name} ${value}`).join(', ')
  return {
    ...canvasOf(box, `${axis.title}: ${said}.`),
    grid: parts.map((part) => part.grid),
    xAxis: parts.map((part) => part.xAxis),
    yAxis: parts.map((part) => part.yAxis),
    series: parts.flatMap((part) => part.series),
    graphic: {
      elements: [
        ...parts.flatMap((part) => part.texts),
        ...foot.map((line, index, { length }) =>
          textElement(line, box.width / 2, box.height - (0.8 + 1.25 * (length - 1 - index)) * font, {
            ...text,
            fill: ink.text,
            align: 'center',
          }),
        ),
      ],
    },
  }
}
