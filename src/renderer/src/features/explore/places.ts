import type { Places } from '@figures/places'

/** The row nearest to a point on a screen of `unitX` × `unitY` pixels per unit, within `reach` pixels; null when there is none. */
export function nearestPlace(
  { rows, positions }: Places,
  [x, y]: readonly [number, number],
  [unitX, unitY]: readonly [number, number],
  reach: number,
): number | null {
  let best = reach * reach
  let found: number | null = null
  for (let place = 0; place < rows.length; place++) {
    const dx = (positions[2 * place] - x) * unitX
    const dy = (positions[2 * place + 1] - y) * unitY
    const squared = dx * dx + dy * dy
    if (squared >= best) continue
    best = squared
    found = rows[place]
  }
  return found
}

/** Rows inside a closed polygon (even–odd rule), ascending. */
export function rowsInside({ rows, positions }: Places, polygon: readonly (readonly [number, number])[]): number[] {
  const inside = (x: number, y: number): boolean => {
    let crossings = 0
    polygon.forEach(([x1, y1], i) => {
      const [x2, y2] = polygon[(i + 1) % polygon.length]
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) crossings++
    })
    return crossings % 2 === 1
  }
  return Array.from(rows).filter((_, place) => inside(positions[2 * place], positions[2 * place + 1]))
}
