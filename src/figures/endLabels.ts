import type { DrawnCurve, Pen } from './curveSeries'
import { markerElement, pale, textElement, type GraphicElement } from './marks'
import { spread } from './scale'

/** Where a curve ends, in pixels, and what its label says after the name. */
export interface CurveEnd {
  readonly curve: DrawnCurve
  readonly x: number
  readonly y: number
  readonly value: string
  readonly faded?: boolean
}

export interface LabelArea {
  readonly left: number
  readonly top: number
  readonly bottom: number
  readonly font: number
  readonly fontFamily: string
  readonly text: string
  readonly muted: string
  readonly pen: Pen
  readonly measure: (text: string) => number
}

/** Width that the labels need to the right of the plot, in pixels. */
export const labelsWidth = (ends: readonly Pick<CurveEnd, 'curve' | 'value'>[], area: Pick<LabelArea, 'font' | 'measure'>): number =>
  ends.length === 0
    ? area.font
    : textOffset(area.font) + Math.max(...ends.map(({ curve, value }) => area.measure(curve.name + value))) + 0.4 * area.font

const leaderLength = (font: number): number => 1.9 * font
const textOffset = (font: number): number => leaderLength(font) + 0.9 * font

/** Direct labels: leader, marker, name, value; moved apart where curves end close together. */
export function endLabels(ends: readonly CurveEnd[], area: LabelArea): GraphicElement[] {
  const { font, fontFamily, pen } = area
  const places = spread(
    ends.map(({ y }) => y),
    1.25 * font,
    area.top,
    area.bottom,
  )
  return ends.flatMap(({ curve, x, y, value, faded }, index) => {
    const place = places[index]
    const end = area.left + leaderLength(font)
    const size = pen.marker * curve.style.symbolScale
    const textStyle = { fontSize: font, fontFamily }
    const name = textElement(curve.name, area.left + textOffset(font), place, { ...textStyle, fill: area.text })
    const leader = {
      type: 'polyline',
      silent: true,
      shape: {
        points: [
          [x + 0.5 * pen.marker + 2, y],
          [end - 0.5 * size - 2, place],
        ],
      },
      style: { stroke: curve.color, lineWidth: pen.thin, fill: 'none' },
    }
    const marker = markerElement(curve, end, place, pen, area.text)
    const level = {
      type: 'line',
      silent: true,
      shape: { x1: end - 0.7 * pen.marker, y1: place, x2: end + 0.7 * pen.marker, y2: place },
      style: { stroke: curve.color, lineWidth: pen.line, lineDash: curve.dash ?? 'solid' },
    }
    const number = textElement(value, area.left + textOffset(font) + area.measure(curve.name), place, { ...textStyle, fill: area.muted })
    // A curve that is still on its way has no leader across the plot.
    const elements = [
      ...(area.left - x < 1 ? [leader] : []),
      curve.line || curve.style.symbolScale === 0 ? level : marker,
      name,
      ...(value ? [number] : []),
    ]
    return faded ? elements.map(pale) : elements
  })
}
