import type { FigureBox } from './figure'
import type { Rect } from './linePlot'

/** A figure cut into equal plots, in rows from the top left. */
export interface PanelGrid {
  readonly columns: number
  readonly rows: number
}

/** As many columns as leave 13 em for each, evenly filled. */
export function panelGrid(count: number, { width, fontSizePx: font }: Pick<FigureBox, 'width' | 'fontSizePx'>): PanelGrid {
  const most = Math.min(count, Math.max(1, Math.floor(width / (13 * font))))
  const rows = Math.ceil(count / most)
  return { columns: Math.ceil(count / rows), rows }
}

export interface PanelGaps {
  /** left of the first column, and between columns */
  readonly left: number
  readonly between: number
  readonly right: number
  /** above the first row */
  readonly top: number
  /** of each row: its title above, its ticks below */
  readonly above: number
  readonly below: number
  /** under the last row */
  readonly bottom: number
}

/** Inner rectangles of `count` panels. */
export function panelRects(count: number, { columns, rows }: PanelGrid, box: Pick<FigureBox, 'width' | 'height'>, gaps: PanelGaps): Rect[] {
  const width = (box.width - gaps.left - gaps.right - (columns - 1) * gaps.between) / columns
  const height = (box.height - gaps.top - gaps.bottom) / rows - gaps.above - gaps.below
  return Array.from({ length: count }, (_, index) => ({
    left: gaps.left + (index % columns) * (width + gaps.between),
    top: gaps.top + Math.floor(index / columns) * (height + gaps.above + gaps.below) + gaps.above,
    width,
    height,
  }))
}

/** `(a)`, `(b)` …, which papers cite. */
export const panelLetter = (index: number): string => `(${String.fromCharCode(97 + (index % 26))})`

/** Text in lines no wider than `room`, broken at spaces. */
export function wrapped(text: string, room: number, measure: (text: string) => number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word
    if (lines.length > 0 && measure(longer) <= room) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
