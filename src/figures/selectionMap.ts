import { metricInfo } from '@engine/analysis/metricInfo'
import type { MapMethod } from '@engine/maps/layout'
import type { RunState } from '@engine/study/events'
import type { MetricId } from '@engine/study/spec'
import type { FigureBox } from './figure'
import { measureOf, type Rect } from './linePlot'
import { edgeColor, newColor, poolColor, roundColor, type Rgb } from './mapColors'
import { escapeMarkup } from './markup'
import { figureInk, markerPaths, type SeriesStyle } from './palette'
import { wrapped } from './panels'
import { picksAt } from './picks'
import { fitPlaces, type Places } from './places'

/** What one run chose, round by round. */
export interface SelectionPanel {
  readonly name: string
  readonly style: Pick<SeriesStyle, 'color' | 'marker' | 'symbolScale' | 'pale'>
  readonly state: Pick<RunState, 'initial' | 'records'>
}

/** The choices of one or two runs on one map of their data set. */
export interface SelectionMap {
  readonly method: MapMethod
  readonly dataset: string
  readonly seed: number
  /** every row of the training array, ascending, and two coordinates for each */
  readonly rows: Int32Array
  readonly positions: Float32Array
  readonly metric: MetricId
  readonly panels: readonly SelectionPanel[]
}

/** A moving drawing in pixels (12 px = 9 pt in print); SVG elements without their document. */
export interface MapDrawing {
  readonly width: number
  readonly height: number
  /** one frame per evaluated round */
  readonly frames: number
  /** what all frames share, drawn first */
  readonly base: string
  /** what frame `round` adds */
  readonly frame: (round: number) => string
}

export const mapTitles: Readonly<Record<MapMethod, string>> = { pca: 'PCA', tsne: 't-SNE', umap: 'UMAP' }

/** Frames of the longest run; a shorter one stays at its end. */
export const framesOf = ({ panels }: Pick<SelectionMap, 'panels'>): number =>
  Math.max(0, ...panels.map(({ state }) => state.records.length))

/**
 * The selection, round by round, over the pool in grey: labelled rows from the initial set (pale) to the last round (dark), the newest
 * picks yellow with an edge. Equal input gives equal text.
 */
export function selectionMap(map: SelectionMap, box: Omit<FigureBox, 'theme' | 'height'>): MapDrawing {
  const { width, fontSizePx: font } = box
  const measure = measureOf(box)
  const places = fitPlaces(map.rows, map.positions, 1 + (map.rows.at(-1) ?? -1), map.method === 'pca')
  const frames = framesOf(map)
  const gap = font
  const margin = marginOf(font)
  const panelWidth = (width - 2 * margin - gap * (map.panels.length - 1)) / map.panels.length
  const words = map.panels.map(({ state }) => state.records.map((_, round) => wrapped(stateWords(map, state, round), panelWidth, measure)))
  const top = margin + (1.8 + 1.3 * Math.max(1, ...words.flat().map((lines) => lines.length))) * font
  const rects = map.panels.map((_, i): Rect => ({
    left: margin + i * (panelWidth + gap),
    top,
    width: panelWidth,
    height: mapHeight(panelWidth, map),
  }))
  const height = top + rects[0].height + 1.6 * font + margin
  const ink = figureInk.paper
  const dot = Math.min(1.6, Math.max(0.45, 0.22 * Math.sqrt((panelWidth * rects[0].height) / Math.max(1, map.rows.length))))
  const text = textWith(box)

  const base = [
    `<rect width="${px(width)}" height="${px(height)}" fill="${ink.surface}"/>`,
    ...map.panels.map(({ name, style }, i) => {
      const { left } = rects[i]
      const mark = `translate(${px(left + 0.6 * font)} ${px(margin + 0.75 * font)}) scale(${px(0.42 * font * style.symbolScale)})`
      const edge = style.pale ? ` stroke="${ink.text}" stroke-width="0.12"` : ''
      return (
        `<path d="${markerPaths[style.marker]}" transform="${mark}" fill="${style.color}"${edge}/>` +
        text(
          shortened(name, panelWidth - 1.6 * font, (part) => 1.12 * measure(part)),
          left + 1.5 * font,
          margin + 1.15 * font,
          { bold: true },
        )
      )
    }),
    ...rects.map(
      ({ left, width: across, height: down }) =>
        `<rect x="${px(left + 0.5)}" y="${px(top + 0.5)}" width="${px(across - 1)}" height="${px(down - 1)}" fill="none" stroke="${ink.grid}"/>`,
    ),
    ...rects.map((rect) => dots([...map.rows.keys()], placeIn(places, rect), dot, `fill="${hex(poolColor('paper'))}"`)),
    legend(map, frames, box, height - margin - 0.2 * font),
  ].join('\n')

  const frame = (round: number): string =>
    map.panels
      .map(({ state }, i) => {
        const own = Math.min(round, state.records.length - 1)
        const { rounds, fresh } = picksAt(state, own)
        const at = placeIn(places, rects[i])
        const marks: string[] = []
        for (let when = 0; when <= own; when++) {
          const rows = [...rounds.keys()].filter((row) => rounds.get(row) === when && !fresh.has(row) && places.placeOf[row] >= 0)
          const drawn = rows.map((row) => places.placeOf[row])
          marks.push(dots(drawn, at, 1.25 + dot, `fill="${hex(roundColor(when / Math.max(1, frames - 1), 'paper'))}" ${labelledEdge}`))
        }
        const newest = [...fresh].flatMap((row) => (places.placeOf[row] >= 0 ? [places.placeOf[row]] : []))
        marks.push(dots(newest, at, 2 + dot, freshStyle))
        const lines = (words[i][own] ?? ['not evaluated yet']).map((line, at) =>
          text(line, rects[i].left, margin + (2.6 + 1.3 * at) * font, { fill: ink.muted }),
        )
        return [...marks, ...lines].filter(Boolean).join('\n')
      })
      .join('\n')

  return { width, height, frames, base, frame }
}

/** Width and height of a document, with their units; `fit` of `none` stretches the drawing to them. */
export interface DocumentSize {
  readonly width: string
  readonly height: string
  readonly fit?: 'none'
}

/** Elements of a drawing as an SVG document. */
export const mapDocument = ({ width, height }: MapDrawing, content: string, size: DocumentSize): string =>
  `<svg width="${size.width}" height="${size.height}" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}"${size.fit ? ` preserveAspectRatio="${size.fit}"` : ''}>\n${content}\n</svg>\n`

/** `round 3 of 8`, labels and metric, for above a panel. */
function stateWords({ metric }: SelectionMap, state: SelectionPanel['state'], round: number): string {
  const record = state.records[round]
  const { label, percent } = metricInfo[metric]
  const value = record.metrics[metric] ?? null
  const shown = value === null ? '' : percent ? `${label} ${(100 * value).toFixed(1)} %` : `${label} ${value.toFixed(3)}`
  return [`round ${round} of ${state.records.length - 1}`, `${record.labeled} labels`, shown].filter(Boolean).join(', ')
}

const marginOf = (font: number): number => 0.6 * font

/** Two panels are squares; one is wide. */
const mapHeight = (width: number, { panels }: SelectionMap): number => width * (panels.length === 1 ? 0.62 : 1)

function placeIn({ positions, keepsAspect }: Places, { left, top, width, height }: Rect): (place: number) => readonly [number, number] {
  const [x, y] = keepsAspect ? [Math.min(width, height) / 2, Math.min(width, height) / 2] : [width / 2, height / 2]
  return (place) => [left + width / 2 + x * positions[2 * place], top + height / 2 - y * positions[2 * place + 1]]
}

const labelledEdge = 'stroke="#ffffff" stroke-width="0.5"'
const freshStyle = `fill="${hex(newColor)}" stroke="${hex(edgeColor('paper'))}" stroke-width="0.9"`

function dots(drawn: readonly number[], at: (place: number) => readonly [number, number], radius: number, style: string): string {
  if (drawn.length === 0) return ''
  const circles = drawn.map((place) => {
    const [x, y] = at(place)
    return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}"/>`
  })
  return `<g ${style}>${circles.join('')}</g>`
}

/** What the colours mean, and on the right what the map is of. */
function legend({ method, dataset, seed }: SelectionMap, frames: number, box: Omit<FigureBox, 'theme' | 'height'>, y: number): string {
  const { width, fontSizePx: font } = box
  const measure = measureOf(box)
  const text = textWith(box)
  const fill = figureInk.paper.muted
  const parts: string[] = []
  let x = marginOf(font)
  const middle = y - 0.35 * font
  const entry = (marks: (from: number) => string, marksWidth: number, words: string): void => {
    parts.push(marks(x), text(words, x + marksWidth + 0.4 * font, y, { fill }))
    x += marksWidth + measure(words) + 1.6 * font
  }
  const circle = (cx: number, style: string): string => `<circle cx="${px(cx)}" cy="${px(middle)}" r="${px(0.3 * font)}" ${style}/>`
  entry((from) => circle(from + 0.3 * font, `fill="${hex(poolColor('paper'))}"`), 0.6 * font, 'pool')
  const steps = Math.min(5, Math.max(2, frames))
  const ramp = (from: number): string =>
    Array.from({ length: steps }, (_, i) =>
      circle(from + (0.3 + 0.5 * i) * font, `fill="${hex(roundColor(i / (steps - 1), 'paper'))}" ${labelledEdge}`),
    ).join('')
  entry(ramp, (0.6 + 0.5 * (steps - 1)) * font, frames > 1 ? `labelled, round 0 to ${frames - 1}` : 'labelled')
  entry((from) => circle(from + 0.3 * font, freshStyle), 0.6 * font, 'newest')
  const about = `${mapTitles[method]} of ${dataset}, seed ${seed}`
  const right = width - marginOf(font)
  const room = right - x
  if (room > 6 * font) parts.push(text(shortened(about, room, measure), right, y, { fill, anchor: 'end' }))
  return parts.join('\n')
}

interface TextLook {
  readonly fill?: string
  readonly bold?: boolean
  readonly anchor?: 'end'
}

const textWith =
  ({ fontFamily, fontSizePx }: Pick<FigureBox, 'fontFamily' | 'fontSizePx'>) =>
  (content: string, x: number, y: number, { fill = figureInk.paper.text, bold, anchor }: TextLook = {}): string =>
    `<text x="${px(x)}" y="${px(y)}" font-family="${fontFamily}" font-size="${px(fontSizePx)}" fill="${fill}"${bold ? ' font-weight="bold"' : ''}${anchor ? ` text-anchor="${anchor}"` : ''}>${escapeMarkup(content)}</text>`

/** A text cut to its room, with an ellipsis. */
function shortened(text: string, room: number, measure: (text: string) => number): string {
  if (measure(text) <= room) return text
  const letters = [...text]
  while (letters.length > 1 && measure(`${letters.join('')}…`) > room) letters.pop()
  return `${letters.join('').trimEnd()}…`
}

function hex([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
const px = (value: number): string => String(Number(value.toFixed(2)))
