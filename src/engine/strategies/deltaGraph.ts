import { plainKernels, type SelectionKernels } from '../core/distances'
import { throwIfCancelled, type CancelSignal } from '../core/errors'
import { squaredNorms } from '../core/linear'
import type { Matrix } from '../core/matrix'

/** out[t] = squared Euclidean distance of rows i and others[t]; a difference below rounding is 0. */
export type SquaredDistances = (i: number, others: Int32Array, count: number, out: Float64Array) => void

export function openSquaredDistances(points: Matrix, kernels: SelectionKernels = plainKernels): SquaredDistances {
  const norms = squaredNorms(points)
  const products = kernels.open(points)
  const rounding = (points.cols + 8) * 2 ** -52
  return (i, others, count, out) => {
    products(i, others, count, out)
    for (let t = 0; t < count; t++) {
      const sum = norms[i] + norms[others[t]]
      const squared = sum - 2 * out[t]
      out[t] = squared < sum * rounding ? 0 : squared
    }
  }
}

/** Writes those of `others` that are nearer to i than the limit to `found`; answers how many. */
type IsNear = (i: number, others: Int32Array, found: Int32Array) => number

/** Coarse products decide all but the pairs that are too close to the limit for them: the answer is that of the exact ones. */
function openIsNear(points: Matrix, limit: number, kernels: SelectionKernels = plainKernels): IsNear {
  const { rows } = points
  const norms = squaredNorms(points)
  const rounding = (points.cols + 8) * 2 ** -52
  const exact = kernels.open(points, { few: true })
  const { coarse } = exact
  const out = new Float64Array(rows)
  const slacks = new Float64Array(rows)
  const asked = new Int32Array(rows)
  const isUnsure = new Uint8Array(rows)
  const isNear = (i: number, j: number, product: number): boolean => norms[i] + norms[j] - 2 * product < limit

  return (i, others, found) => {
    if (!coarse) {
      exact(i, others, others.length, out)
      let count = 0
      for (let t = 0; t < others.length; t++) if (isNear(i, others[t], out[t])) found[count++] = others[t]
      return count
    }
    coarse(i, others, others.length, out, slacks)
    let [possible, unsure] = [0, 0]
    for (let t = 0; t < others.length; t++) {
      const sum = norms[i] + norms[others[t]]
      const distance = sum - 2 * out[t]
      const margin = 2 * slacks[t] + sum * rounding
      if (distance - margin >= limit) continue
      isUnsure[possible] = distance + margin < limit ? 0 : 1
      if (isUnsure[possible]) asked[unsure++] = others[t]
      found[possible++] = others[t]
    }
    exact(i, asked, unsure, out)
    let [count, next] = [0, 0]
    for (let t = 0; t < possible; t++) if (!isUnsure[t] || isNear(i, found[t], out[next++])) found[count++] = found[t]
    return count
  }
}

/** Points that are joined when they are nearer than δ; each is its own neighbour. */
export interface Graph {
  readonly size: number
  /** n: neighbours of each point, itself among them */
  readonly degrees: Int32Array
  /** ascending */
  neighbours(i: number): Int32Array
}

/** Edges that are kept; beyond, a point's neighbours are measured again whenever they are asked for. */
const mostEdges = 60_000_000

/** The δ-graph of n points from n²/2 distances; memory for its edges, never for n² of anything. */
export function openGraph(
  points: Matrix,
  delta: number,
  {
    kernels,
    signal,
    keep = mostEdges,
  }: { readonly kernels?: SelectionKernels; readonly signal?: CancelSignal; readonly keep?: number } = {},
): Graph {
  const n = points.rows
  const limit = delta * delta
  const isNear = openIsNear(points, limit, kernels)
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const degrees = new Int32Array(n).fill(1)
  const later: Int32Array[] = [] // of each point, its neighbours with higher numbers
  const found = new Int32Array(n)
  let edges = n
  for (let i = 0; i < n; i++) {
    if (i % 64 === 0) throwIfCancelled(signal)
    const count = isNear(i, all.subarray(i + 1), found)
    for (let t = 0; t < count; t++) degrees[found[t]]++
    degrees[i] += count
    edges += 2 * count
    if (edges <= keep) later.push(found.slice(0, count))
    else later.length = 0
  }
  if (edges > keep) return { size: n, degrees, neighbours: (i) => measured(i) }

  const starts = new Int32Array(n + 1)
  for (let i = 0; i < n; i++) starts[i + 1] = starts[i] + degrees[i]
  const lists = new Int32Array(edges)
  const ends = starts.slice(0, n)
  // In this order every list fills up from below.
  for (let i = 0; i < n; i++) {
    lists[ends[i]++] = i
    for (const j of later[i]) lists[ends[j]++] = i
  }
  for (let i = 0; i < n; i++) {
    lists.set(later[i], ends[i])
  }
  return { size: n, degrees, neighbours: (i) => lists.subarray(starts[i], starts[i + 1]) }

  function measured(i: number): Int32Array {
    const before = isNear(i, all.subarray(0, i), found)
    found[before] = i
    const after = isNear(i, all.subarray(i + 1), found.subarray(before + 1))
    return found.slice(0, before + 1 + after)
  }
}
