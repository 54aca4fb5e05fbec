import { markerPoints, type SeriesStyle } from './palette'
import type { Pen } from './curveSeries'

export type GraphicElement = Readonly<Record<string, unknown>>

export interface Look {
  readonly style: SeriesStyle
  readonly color: string
  readonly dash: readonly number[] | null
  readonly line: boolean
}

/** A strategy's marker centred on (x, y). */
export function markerElement(
  { style, color }: Pick<Look, 'style' | 'color'>,
  x: number,
  y: number,
  pen: Pen,
  edge: string,
): GraphicElement {
  const size = pen.marker * style.symbolScale
  const outline = markerPoints[style.marker]?.map(([dx, dy]) => [x + (dx * size) / 2, y + (dy * size) / 2])
  return {
    ...(outline ? { type: 'polygon', shape: { points: outline } } : { type: 'circle', shape: { cx: x, cy: y, r: size / 2 } }),
    silent: true,
    style: { fill: color, stroke: edge, lineWidth: style.pale ? 0.8 : 0 },
  }
}

/** The same mark in the background. */
export const pale = (element: GraphicElement): GraphicElement => ({ ...element, style: { ...(element.style as object), opacity: 0.3 } })

export interface TextStyle {
  readonly fill: string
  readonly fontSize: number
  readonly fontFamily: string
  readonly align?: 'left' | 'center' | 'right'
  readonly verticalAlign?: 'top' | 'middle' | 'bottom'
  readonly fontWeight?: 'bold'
}

export const textElement = (text: string, x: number, y: number, style: TextStyle, rotation = 0): GraphicElement => ({
  type: 'text',
  silent: true,
  x,
  y,
  ...(rotation === 0 ? {} : { rotation }),
  style: { verticalAlign: 'middle', ...style, text },
})

export const lineElement = (
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
  stroke: string,
  lineWidth = 1,
  lineDash: readonly number[] | null = null,
): GraphicElement => ({
  type: 'line',
  silent: true,
  shape: { x1, y1, x2, y2 },
  style: { stroke, lineWidth, ...(lineDash ? { lineDash } : {}) },
})
