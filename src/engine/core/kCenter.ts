import { type CancelSignal, throwIfCancelled } from './errors'
import type { SelectionSpace } from './distances'
import { argMax } from './linear'

export interface KCenterResult {
  /** k positions in pick order */
  readonly picks: Int32Array
  /** k Euclidean distances of each pick to its nearest centre or earlier pick; infinite for a first pick without centres */
  readonly radii: Float64Array
  /** n Euclidean distances to the nearest centre or pick after the last one; 0 for those themselves */
  readonly distances: Float64Array
}

/**
 * Greedy k-centre (Gonzalez 1985; A§2.4): again and again the point farthest from all centres; the lowest position of equals.
 * @param centers positions that are centres from the start and never picked
 * @param first the first pick; required when there is no centre
 */
export function kCenterGreedy(
  space: SelectionSpace,
  centers: ArrayLike<number>,
  k: number,
  first?: number,
  signal?: CancelSignal,
): KCenterResult {
  const n = space.size
  const nearest = new Float64Array(n).fill(Infinity)
  // Centres are marked before any distance is asked, so that no product is spent on them.
  for (let c = 0; c < centers.length; c++) nearest[centers[c]] = -1
  let marked = 0
  for (const distance of nearest) if (distance < 0) marked++
  for (let c = 0; c < centers.length; c++) {
    throwIfCancelled(signal)
    space.relax(centers[c], nearest)
  }
  const picks = new Int32Array(Math.min(k, n - marked))
  const radii = new Float64Array(picks.length)
  if (picks.length > 0 && marked === 0 && first === undefined) throw new RangeError('k-centre without centres needs a first pick')
  for (let t = 0; t < picks.length; t++) {
    throwIfCancelled(signal)
    const pick = t === 0 && first !== undefined ? first : argMax(nearest)
    picks[t] = pick
    radii[t] = Math.sqrt(nearest[pick])
    nearest[pick] = -1
    space.relax(pick, nearest)
  }
  return { picks, radii, distances: nearest.map((d) => Math.sqrt(Math.max(d, 0))) }
}
