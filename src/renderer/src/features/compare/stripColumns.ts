/** First and last budget of the drawing, in pixels from its left edge. */
export interface PlotEdges {
  readonly left: number
  readonly right: number
}

/** Pixels that the last column takes beyond its tick: the names follow it. */
const mostBeyond = 32

/**
 * Widths in pixels of one column per budget, each centred under its tick of the axis as far as there is room, after an empty one of
 * `indent`. `offset` is where the drawing begins, seen from the columns' left edge.
 */
export function stripColumns(
  budgets: readonly number[],
  { left, right }: PlotEdges,
  offset: number,
): { readonly indent: number; readonly widths: readonly number[] } {
  const [first, last] = [budgets[0], budgets[budgets.length - 1]]
  if (budgets.length < 2 || right <= left) return { indent: 0, widths: budgets.map(() => 64) }
  const at = budgets.map((labels) => offset + left + ((labels - first) / (last - first)) * (right - left))
  const middles = at.slice(1).map((x, i) => (x + at[i]) / 2)
  const start = Math.max(0, 2 * at[0] - middles[0])
  const tick = at[at.length - 1]
  const end = tick + Math.min(tick - middles[middles.length - 1], mostBeyond)
  const borders = [start, ...middles, end].map(Math.round)
  return { indent: borders[0], widths: borders.slice(1).map((x, i) => x - borders[i]) }
}
