import type { Pen } from './curveSeries'
import { lineElement, markerElement, pale, textElement, type GraphicElement, type Look } from './marks'

export interface LegendEntry extends Look {
  readonly name: string
  readonly faded?: boolean
}

export interface LegendArea {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly font: number
  readonly fontFamily: string
  readonly text: string
  readonly pen: Pen
  readonly measure: (text: string) => number
}

const swatchOf = (font: number): number => 2.8 * font

function columnsOf(entries: readonly LegendEntry[], { width, font, measure }: Pick<LegendArea, 'width' | 'font' | 'measure'>) {
  const cell = swatchOf(font) + Math.max(0, ...entries.map(({ name }) => measure(name))) + 1.6 * font
  const most = Math.max(1, Math.floor((width + font) / cell))
  const rows = Math.ceil(entries.length / most)
  return { cell, rows, columns: Math.ceil(entries.length / Math.max(1, rows)) }
}

export const legendHeight = (entries: readonly LegendEntry[], area: Pick<LegendArea, 'width' | 'font' | 'measure'>): number =>
  entries.length === 0 ? 0 : columnsOf(entries, area).rows * 1.35 * area.font + 0.4 * area.font

/** One entry per curve with its line, marker and name, in even columns. */
export function legend(entries: readonly LegendEntry[], area: LegendArea): GraphicElement[] {
  const { left, top, font, fontFamily, text, pen } = area
  const { cell, columns } = columnsOf(entries, area)
  const swatch = swatchOf(font) - 0.5 * font
  return entries.flatMap((entry, index) => {
    const x = left + (index % columns) * cell
    const y = top + (Math.floor(index / columns) + 0.6) * 1.35 * font
    const elements = [
      lineElement([x, y], [x + swatch, y], entry.color, pen.line, entry.dash),
      ...(entry.line || entry.style.symbolScale === 0 ? [] : [markerElement(entry, x + swatch / 2, y, pen, text)]),
      textElement(entry.name, x + swatchOf(font), y, { fill: text, fontSize: font, fontFamily }),
    ]
    return entry.faded ? elements.map(pale) : elements
  })
}
