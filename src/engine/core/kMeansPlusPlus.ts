import { type CancelSignal, throwIfCancelled } from './errors'
import type { SelectionSpace } from './distances'
import { argMax } from './linear'
import type { Random } from './random'

/**
 * k distinct positions by D² sampling (Arthur & Vassilvitskii 2007; A§2.4): the first is the longest point (the lowest position
 * of equals), a uniform one or the given one, each later one is drawn in proportion to its squared distance to the nearest pick.
 * Where all those distances are 0 the draw is uniform among the unpicked. Uses one `random.next()` per draw from D².
 */
export function kMeansPlusPlus(
  space: SelectionSpace,
  k: number,
  first: 'max-norm' | 'uniform' | number,
  random: Random,
  signal?: CancelSignal,
): Int32Array {
  const n = space.size
  const picks = new Int32Array(Math.min(k, n))
  const nearest = new Float64Array(n).fill(Infinity)
  for (let t = 0; t < picks.length; t++) {
    throwIfCancelled(signal)
    if (t > 0) picks[t] = draw(nearest, n - t, random)
    else if (typeof first === 'number') picks[t] = first
    else picks[t] = first === 'uniform' ? random.int(n) : argMax(space.squaredNorms)
    if (t + 1 < picks.length) space.relax(picks[t], nearest)
    nearest[picks[t]] = -1 // picked: neither relaxed nor drawn again
  }
  return picks
}

function draw(nearest: Float64Array, unpicked: number, random: Random): number {
  const n = nearest.length
  let total = 0
  for (let i = 0; i < n; i++) if (nearest[i] > 0) total += nearest[i]
  if (total === 0) {
    let left = random.int(unpicked)
    for (let i = 0; i < n; i++) if (nearest[i] >= 0 && left-- === 0) return i
  }
  const target = random.next() * total
  let sum = 0
  let last = -1
  for (let i = 0; i < n; i++) {
    if (!(nearest[i] > 0)) continue
    last = i
    sum += nearest[i]
    if (sum > target) return i
  }
  return last
}
