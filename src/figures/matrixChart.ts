import type { EChartsOption, HeatmapSeriesOption } from 'echarts'
import type { FigureBox } from './figure'
import { canvasOf, measureOf } from './linePlot'
import { textElement, type GraphicElement } from './marks'
import { figureInk } from './palette'
import { wrapped } from './panels'
import { axisText } from './scale'
import { isNameOf } from './shown'

export interface Matrix {
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** row by column; null stays blank */
  readonly cells: readonly (readonly (number | null)[])[]
  readonly max: number
  readonly format: (value: number) => string
  /** what a number says, below the matrix */
  readonly note: string
  /** above the columns */
  readonly columnTitle: string
}

/** One hue from light to dark, so that order survives a grey print and every kind of colour vision. */
const ramp = ['#f1f5f9', '#cfe0ee', '#9cc3e0', '#5f9dcb', '#2a74ab', '#0f4c81', '#082f54']
/** From this share of the maximum on, numbers are white. */
const darkFrom = 0.55

/** How the columns are named: across, upright, or where they are narrow by the number of their row, and without a row every so many; `widestCell` bounds a cell, in em. */
function layoutOf(matrix: Matrix, box: Omit<FigureBox, 'height'>, widestCell = 5.5) {
  const { fontSizePx: font, width } = box
  const measure = measureOf(box)
  const { columns } = matrix
  const count = Math.max(1, columns.length)
  const widest = (names: readonly string[]): number => Math.max(0, ...names.map(measure))
  const cellFor = (left: number): number => Math.min(widestCell * font, (width - left - 0.5 * font) / count)
  const named = Math.ceil(widest(matrix.rows) + 1.1 * font)
  const across = widest(columns) + 0.6 * font <= cellFor(named)
  const isSquare = columns.every((name, index) => name === matrix.rows[index])
  const narrow = !across && (cellFor(named) < 1.25 * font || (isSquare && widest(columns) > 11 * font))
  const numbered = narrow && isSquare
  const rows = numbered ? matrix.rows.map((name, index) => (index < columns.length ? `${name} ${index + 1}` : name)) : matrix.rows
  const left = Math.ceil(widest(rows) + 1.1 * font)
  const cell = cellFor(left)
  const heads = numbered ? columns.map((_, index) => String(index + 1)) : columns
  const stride = across || !narrow ? 1 : Math.ceil((widest(heads) + 0.4 * font) / cell)
  const title = matrix.columnTitle === '' ? 0 : 1.5 * font
  const top = Math.ceil(title + (across || narrow ? 1.6 * font : widest(columns) + 1 * font))
  const small = 0.9 * font
  const texts = matrix.cells.flat().map((value) => (value === null ? 0 : (measure(matrix.format(value)) * small) / font))
  const withNumbers = Math.max(0, ...texts) + 0.3 * font <= cell
  const note = wrapped(matrix.note, width - font, measure)
  const bottom = (withNumbers ? 0 : 2.6 * font) + (note.length * 1.3 + 0.5) * font
  return { left, top, bottom, cell, rows, heads, upright: !across && !narrow, stride, withNumbers, small, note }
}

export function matrixHeight(matrix: Matrix, box: Omit<FigureBox, 'height'>): number {
  const { top, bottom, cell } = layoutOf(matrix, box)
  const fitting = (1.5 * box.width - top - bottom) / matrix.rows.length
  const row = Math.max(1.3 * box.fontSizePx, Math.min(cell, 2.2 * box.fontSizePx, fitting))
  return Math.round(top + bottom + matrix.rows.length * row)
}

/** Shaded cells with their numbers where these fit, else with a colour scale. Needs ECharts' heat map and visual map. */
export function matrixOption(matrix: Matrix, box: FigureBox): EChartsOption {
  const { theme, fontSizePx: font, fontFamily, height } = box
  const ink = figureInk[theme]
  // Cells of a drawing that is higher than it has to be are wider too.
  const spare = Math.max(1, height / matrixHeight(matrix, box))
  const { left, top, bottom, cell, rows, heads, upright, stride, withNumbers, small, note } = layoutOf(matrix, box, 5.5 * spare)
  const width = cell * heads.length
  const rowHeight = (height - top - bottom) / Math.max(1, rows.length)
  const max = matrix.max > 0 ? matrix.max : 1
  const data = matrix.cells.flatMap((values, row) =>
    values.flatMap((value, column) =>
      value === null
        ? []
        : [{ name: matrix.rows[row], value: [column, row, value], label: { color: value / max >= darkFrom ? '#ffffff' : '#111111' } }],
    ),
  )
  const series: HeatmapSeriesOption = {
    type: 'heatmap',
    id: 'cells',
    data,
    label: {
      show: withNumbers,
      fontSize: small,
      fontFamily,
      formatter: ({ value }) => (Array.isArray(value) ? matrix.format(Number(value[2])) : ''),
    },
    itemStyle: { borderColor: ink.surface, borderWidth: 1 },
    emphasis: { disabled: true },
  }
  const text = { fontSize: font, fontFamily }
  const weightOf = (name: string) => (isNameOf(name, box.emphasis) ? ({ fontWeight: 'bold' } as const) : {})
  const columnTexts = heads.flatMap((name, index) => {
    const x = left + (index + 0.5) * cell
    if (index % stride !== 0) return []
    return upright
      ? [textElement(name, x, top - 0.5 * font, { ...text, ...weightOf(matrix.columns[index]), fill: ink.text }, Math.PI / 2)]
      : [textElement(name, x, top - 0.8 * font, { ...text, ...weightOf(matrix.columns[index]), fill: ink.text, align: 'center' })]
  })
  return {
    ...canvasOf(box, `${matrix.note}: ${rows.length} rows by ${heads.length} columns.`),
    grid: { left, top, width, height: height - top - bottom, containLabel: false },
    xAxis: { type: 'category', show: false, data: matrix.columns.map((_, index) => String(index)) },
    yAxis: { type: 'category', show: false, inverse: true, data: matrix.rows.map((_, index) => String(index)) },
    visualMap: { type: 'continuous', show: false, min: 0, max, inRange: { color: ramp } },
    series: [series],
    graphic: {
      elements: [
        ...(matrix.columnTitle === ''
          ? []
          : [textElement(matrix.columnTitle, left + width / 2, 0.8 * font, { ...text, fill: ink.muted, align: 'center' })]),
        ...columnTexts,
        ...rows.map((name, index) =>
          textElement(name, left - 0.5 * font, top + (index + 0.5) * rowHeight, {
            ...text,
            ...weightOf(matrix.rows[index]),
            fill: ink.text,
            align: 'right',
          }),
        ),
        ...(withNumbers
          ? []
          : colourScale(left, height - bottom + 0.7 * font, Math.min(width, 14 * font), max, font, fontFamily, ink.muted)),
        ...note.map((line, index) =>
          textElement(line, 0.5 * font, height - (0.75 + 1.3 * (note.length - 1 - index)) * font, { ...text, fill: ink.text }),
        ),
      ],
    },
  }
}

function colourScale(
  left: number,
  top: number,
  width: number,
  max: number,
  font: number,
  fontFamily: string,
  fill: string,
): GraphicElement[] {
  const zero = left + 1.2 * font
  const step = (width - 5 * font) / ramp.length
  const y = top + 0.5 * font
  return [
    textElement('0', zero - 0.5 * font, y, { fontSize: font, fontFamily, fill, align: 'right' }),
    ...ramp.map((color, index) => ({
      type: 'rect',
      silent: true,
      shape: { x: zero + index * step, y: top, width: step, height: font },
      style: { fill: color },
    })),
    textElement(axisText(Number(max.toPrecision(3))), zero + ramp.length * step + 0.5 * font, y, { fontSize: font, fontFamily, fill }),
  ]
}
