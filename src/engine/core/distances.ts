import { dot, requireFinite, squaredNorms } from './linear'
import type { FloatArray, Matrix } from './matrix'

/** Row-against-all kernels that dominate selection time. */
export interface SelectionKernels {
  /**
   * Products of the rows of a matrix, which must not change as long as they are asked for. `few`: coarse products come first and leave
   * few exact ones to be asked, so that a copy of the whole matrix would not pay.
   */
  open(matrix: Matrix, options?: { readonly few?: boolean }): RowProducts
}

/**
 * out[t] = ⟨row rows[t], row j⟩ for t < count. Summed in float64, in any order that is the same for every row: pruning relies on an
 * error of at most cols · 2⁻⁵² · ‖a‖ · ‖b‖.
 */
export interface RowProducts {
  (j: number, rows: Int32Array, count: number, out: Float64Array): void
  /** The same from a quarter of the bytes, for `few`; absent where nothing is faster. */
  readonly coarse?: CoarseProducts
}

/** out[t] differs from the exact product by at most slacks[t]. */
export type CoarseProducts = (j: number, rows: Int32Array, count: number, out: Float64Array, slacks: Float64Array) => void

export const plainKernels: SelectionKernels = {
  open({ data, cols }) {
    const wide = new Float64Array(cols) // row j in float64: one conversion per row instead of one per product
    return (j, rows, count, out) => {
      wide.set(data.subarray(j * cols, (j + 1) * cols))
      for (let t = 0; t < count; t++) out[t] = dot(data, rows[t] * cols, wide, 0, cols)
    }
  },
}

/** n points of which only squared distances are asked. */
export interface SelectionSpace {
  readonly size: number
  /** n: squared length of each point */
  readonly squaredNorms: Float64Array
  /** nearest[i] ← min(nearest[i], squared distance of points i and j) for every i with nearest[i] > 0. */
  relax(j: number, nearest: Float64Array): void
}

export interface SpaceOptions {
  readonly kernels?: SelectionKernels
  /** n × C: point i is then the outer product leftᵢ ⊗ featuresᵢ, which is never formed (A§6) */
  readonly left?: Matrix
  /** names of the points in errors */
  readonly rows?: ArrayLike<number>
  /** off: every distance is computed; the results are the same bit for bit */
  readonly prune?: boolean
}

/**
 * The rows of `features` (n × d), or the outer products with `left`, as points.
 * Distances are nᵢ + nⱼ − 2⟨lᵢ, lⱼ⟩⟨fᵢ, fⱼ⟩; a difference below rounding is 0, so a duplicate is at distance 0.
 * By Cauchy–Schwarz nᵢ + nⱼ − 2|⟨lᵢ, lⱼ⟩|‖fᵢ‖‖fⱼ‖ bounds it from below, which spares most of the long products.
 */
export function selectionSpace(features: Matrix, options: SpaceOptions = {}): SelectionSpace {
  const { kernels = plainKernels, left, rows, prune = true } = options
  const n = features.rows
  const squared = squaredNorms(features)
  requireFinite(squared, 'the squared norm of the features', rows)
  const lengths = squared.map(Math.sqrt)
  if (left) {
    const leftSquared = squaredNorms(left)
    requireFinite(leftSquared, 'the squared norm of the output error', rows)
    for (let i = 0; i < n; i++) squared[i] *= leftSquared[i]
  }
  // `slack` makes the bound hold for computed values too: floating-point +, −, · keep the order of their arguments.
  const slack = 1 + (features.cols + 8) * 2 ** -51
  const rounding = (features.cols + (left?.cols ?? 0) + 8) * 2 ** -52
  const width = left?.cols ?? 0
  const lefts = left?.data ?? new Float64Array(0)
  const ownLeft = new Float64Array(width)
  const points: Points = {
    squared,
    lengths,
    rounding,
    weights: new Float64Array(n).fill(1),
    survivors: new Int32Array(n),
    products: new Float64Array(n),
    slacks: new Float64Array(n),
  }
  const { survivors, products, slacks } = points
  const dots = kernels.open(features, { few: prune })
  const { coarse } = dots

  return {
    size: n,
    squaredNorms: squared,
    relax(j, nearest) {
      if (left) {
        ownLeft.set(lefts.subarray(j * width, (j + 1) * width))
        weigh(lefts, ownLeft, points.weights)
      }
      let count = candidates(points, j, nearest, slack, prune)
      // Points without a distance yet would all stay.
      if (coarse && count > 0 && nearest[survivors[0]] < Infinity) {
        coarse(j, survivors, count, products, slacks)
        count = screened(points, j, nearest, count)
      }
      dots(j, survivors, count, products)
      settle(points, j, nearest, count)
    },
  }
}

/** What the loops over n points share. They stand outside the closures so that they are compiled once, not again for every selection. */
interface Points {
  readonly squared: Float64Array
  readonly lengths: Float64Array
  readonly rounding: number
  /** product of the left factors of each point and point j */
  readonly weights: Float64Array
  /** candidates, of which the first so many count */
  readonly survivors: Int32Array
  readonly products: Float64Array
  readonly slacks: Float64Array
}

/** In a loop of its own: behind the branches of the next one, the processor would wait for every sum. */
function weigh(lefts: FloatArray, own: Float64Array, weights: Float64Array): void {
  for (let i = 0, at = 0; i < weights.length; i++) {
    let weight = 0
    for (let c = 0; c < own.length; c++, at++) weight += lefts[at] * own[c]
    weights[i] = weight
  }
}

/** Lists the points that may come closer to point j than they are to any before; gives their number. */
function candidates(
  { squared, lengths, rounding, weights, survivors }: Points,
  j: number,
  nearest: Float64Array,
  slack: number,
  prune: boolean,
): number {
  const own = squared[j]
  const reach = lengths[j] * slack
  let count = 0
  for (let i = 0; i < nearest.length; i++) {
    const current = nearest[i]
    if (current <= 0) continue
    const sum = squared[i] + own
    const bound = sum - 2 * (Math.abs(weights[i]) * (lengths[i] * reach))
    if (prune && bound >= current && bound >= sum * rounding) continue
    survivors[count++] = i
  }
  return count
}

/** Keeps those of the first `count` candidates whose coarse products let them come closer; gives their number. */
function screened(
  { squared, rounding, weights, survivors, products, slacks }: Points,
  j: number,
  nearest: Float64Array,
  count: number,
): number {
  const own = squared[j]
  let kept = 0
  for (let t = 0; t < count; t++) {
    const i = survivors[t]
    const sum = squared[i] + own
    const bound = sum - 2 * (weights[i] * products[t] + Math.abs(weights[i]) * slacks[t]) - sum * rounding
    if (bound >= nearest[i]) continue
    survivors[kept++] = i
  }
  return kept
}

function settle({ squared, rounding, weights, survivors, products }: Points, j: number, nearest: Float64Array, count: number): void {
  const own = squared[j]
  for (let t = 0; t < count; t++) {
    const i = survivors[t]
    const sum = squared[i] + own
    const distance = sum - 2 * (weights[i] * products[t])
    const near = distance < sum * rounding ? 0 : distance
    if (near < nearest[i]) nearest[i] = near
  }
}
