import type { SelectionKernels } from '../core/distances'
import { squaredNorms } from '../core/linear'
import { stacked, type Matrix } from '../core/matrix'

/** The k nearest of some rows for each of n rows, nearest first; of equal distances the lower row. */
export interface Neighbours {
  readonly k: number
  /** n × k */
  readonly rows: Int32Array
  /** n × k Euclidean distances */
  readonly distances: Float64Array
}

/** Rows between two pauses of the search. */
const stride = 256

/**
 * The exact nearest other rows of every row by products of the rows, each pair once (n²d/2 multiplications). Yields the share done, so
 * that a host can breathe or stop.
 */
export function* nearestNeighbours(m: Matrix, wanted: number, kernels: SelectionKernels): Generator<number, Neighbours> {
  const n = m.rows
  const list = createLists(n, Math.min(wanted, n - 1))
  const norms = squaredNorms(m)
  const products = kernels.open(m)
  const earlier = Int32Array.from({ length: n }, (_, i) => i)
  const out = new Float64Array(n)
  for (let i = 1; i < n; i++) {
    products(i, earlier, i, out)
    for (let j = 0; j < i; j++) {
      const squared = Math.max(0, norms[i] + norms[j] - 2 * out[j])
      list.offer(i, j, squared)
      list.offer(j, i, squared)
    }
    if (i % stride === 0) yield (i / n) ** 2
  }
  return list.neighbours()
}

/** The k nearest rows of `base` for every row of `queries`. */
export function nearestAmong(base: Matrix, queries: Matrix, wanted: number, kernels: SelectionKernels): Neighbours {
  const list = createLists(queries.rows, Math.min(wanted, base.rows))
  const joint = stacked(base, queries)
  const norms = squaredNorms(joint)
  const products = kernels.open(joint)
  const all = Int32Array.from({ length: base.rows }, (_, i) => i)
  const out = new Float64Array(base.rows)
  for (let q = 0; q < queries.rows; q++) {
    products(base.rows + q, all, base.rows, out)
    for (let j = 0; j < base.rows; j++) list.offer(q, j, Math.max(0, norms[base.rows + q] + norms[j] - 2 * out[j]))
  }
  return list.neighbours()
}

/** n lists of the k smallest offers, sorted; offers of a list come in ascending order of their rows. */
function createLists(n: number, k: number) {
  const rows = new Int32Array(n * k)
  const squared = new Float64Array(n * k).fill(Infinity)
  return {
    offer(i: number, row: number, distance: number): void {
      const start = i * k
      let at = start + k - 1
      if (!(distance < squared[at])) return
      for (; at > start && squared[at - 1] > distance; at--) {
        squared[at] = squared[at - 1]
        rows[at] = rows[at - 1]
      }
      squared[at] = distance
      rows[at] = row
    },
    neighbours: (): Neighbours => ({ k, rows, distances: squared.map(Math.sqrt) }),
  }
}
