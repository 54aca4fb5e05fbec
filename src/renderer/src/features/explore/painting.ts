import type { KeptRound } from '@contract/types'
import { classColor, newColor, poolColor, roundColor, type Rgb } from '@figures/mapColors'
import type { Theme } from '@figures/palette'
import type { Picks } from '@figures/picks'
import type { Places } from '@figures/places'
import type { PointSet } from './pointCloud'

export const colorings = ['round', 'class', 'prediction', 'score', 'strategy'] as const
export type Coloring = (typeof colorings)[number]

export interface Painting {
  readonly places: Places
  readonly picks: Picks
  readonly round: number
  readonly lastRound: number
  readonly coloring: Coloring
  readonly theme: Theme
  readonly labels: Int32Array | null
  readonly kept: KeptRound | null
  /** rows and colour of each strategy on the page, for `strategy` */
  readonly claims: readonly { readonly rows: ReadonlySet<number>; readonly color: Rgb }[]
}

const smallDot = 3.5
const largeDot = 8
const freshDot = 11

/** Two layers: every row, then what is labelled, with the newest picks on top. */
export function paint(painting: Painting): readonly [base: PointSet, marks: PointSet] {
  const { places, picks, coloring, theme } = painting
  const { rows, positions, placeOf } = places
  const pool = poolColor(theme)
  const colorOf = colorsBy(painting)
  const base = pointSet(rows.length)
  base.positions.set(positions)
  base.diameters.fill(smallDot)
  for (let place = 0; place < rows.length; place++)
    setColor(base.colors, place, colorOf(rows[place]) ?? pool, coloring === 'round' ? 255 : 200)

  const marked = [...picks.rounds.keys()].filter((row) => placeOf[row] >= 0)
  marked.sort((a, b) => Number(picks.fresh.has(a)) - Number(picks.fresh.has(b)) || picks.rounds.get(a)! - picks.rounds.get(b)!)
  const marks = pointSet(marked.length)
  marked.forEach((row, i) => {
    const place = placeOf[row]
    marks.positions.set(positions.subarray(2 * place, 2 * place + 2), 2 * i)
    marks.diameters[i] = picks.fresh.has(row) ? freshDot : largeDot
    setColor(marks.colors, i, markColor(painting, row, colorOf) ?? pool, 255)
  })
  return [base, marks]
}

function markColor({ coloring, picks, lastRound, theme }: Painting, row: number, colorOf: (row: number) => Rgb | null): Rgb | null {
  // What is labelled is no candidate any more, whatever it scored.
  if (coloring === 'score') return newColor
  if (coloring !== 'round') return colorOf(row)
  return picks.fresh.has(row) ? newColor : roundColor(picks.rounds.get(row)! / Math.max(1, lastRound), theme)
}

/** The colour of a row, or null where nothing is known of it. */
function colorsBy({ coloring, labels, kept, claims, theme, places }: Painting): (row: number) => Rgb | null {
  switch (coloring) {
    case 'round':
      return () => null
    case 'class':
      return (row) => (labels ? classColor(labels[row], theme) : null)
    case 'prediction': {
      const predicted = byRow(kept?.outlook, 5, 1, places.placeOf.length)
      return (row) => (Number.isNaN(predicted[row]) ? null : classColor(predicted[row], theme))
    }
    case 'score': {
      const share = shares(kept, places.placeOf.length)
      return (row) => (Number.isNaN(share[row]) ? null : roundColor(share[row], theme))
    }
    case 'strategy':
      return (row) => {
        const own = claims.filter(({ rows }) => rows.has(row))
        return own.length === 0 ? null : own.length > 1 ? newColor : own[0].color
      }
  }
}

/** Rank of each row's own score, 0 (lowest) … 1, NaN without one; the entropy stands in where the method has no score. */
function shares(kept: KeptRound | null, n: number): Float64Array {
  const values = kept?.scores[0] ? byRow(kept.scores[0].values, 2, 1, n) : byRow(kept?.outlook, 5, 4, n)
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  const most = Math.max(1, sorted.length - 1)
  return values.map((value) => (Number.isNaN(value) ? NaN : lowerBound(sorted, value) / most))
}

/** How many of the ascending values are less. */
function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** One column of rows of `width` numbers, the first of which is the row, by row; NaN for rows that are not among them. */
function byRow(data: ArrayLike<number> | null | undefined, width: number, column: number, n: number): Float64Array {
  const values = new Float64Array(n).fill(NaN)
  if (data) for (let at = 0; at < data.length; at += width) values[data[at]] = data[at + column]
  return values
}

/** One column of rows of `width` numbers, the first of which is the row. */
export function columnOf(data: ArrayLike<number> | null | undefined, width: number, column: number): ReadonlyMap<number, number> {
  const values = new Map<number, number>()
  if (data) for (let at = 0; at < data.length; at += width) values.set(data[at], data[at + column])
  return values
}

const pointSet = (n: number): PointSet => ({
  positions: new Float32Array(2 * n),
  colors: new Uint8Array(4 * n),
  diameters: new Float32Array(n),
})

function setColor(colors: Uint8Array, i: number, [red, green, blue]: Rgb, alpha: number): void {
  colors[4 * i] = red
  colors[4 * i + 1] = green
  colors[4 * i + 2] = blue
  colors[4 * i + 3] = alpha
}
