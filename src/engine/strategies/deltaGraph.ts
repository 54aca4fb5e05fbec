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
  const distances = openSquaredDistances(points, kernels)
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const out = new Float64Array(n)
  const degrees = new Int32Array(n).fill(1)
  const later: Int32Array[] = [] // of each point, its neighbours with higher numbers
  const found = new Int32Array(n)
  let edges = n
  for (let i = 0; i < n; i++) {
    if (i % 64 === 0) throwIfCancelled(signal)
    const others = all.subarray(i + 1)
    distances(i, others, others.length, out)
    let count = 0
    for (let t = 0; t < others.length; t++) {
      if (!(out[t] < limit)) continue
      degrees[others[t]]++
      found[count++] = others[t]
    }
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
    distances(i, all, n, out)
    out[i] = 0
    return all.filter((_, j) => out[j] < limit)
  }
}
