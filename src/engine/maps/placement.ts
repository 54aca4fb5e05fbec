import type { SelectionKernels } from '../core/distances'
import { takeRows, type Matrix } from '../core/matrix'
import { nearestAmong } from './neighbours'

const placedBy = 5
const blockRows = 1000

/**
 * Places (n × 2) of all rows (n × d): those of `rows` are given, every other one comes to the mean of the places of its five nearest
 * given ones, the nearer weighing more. Yields between blocks of rows.
 */
export function* placeByNearest(
  all: Matrix,
  rows: Int32Array,
  positions: ArrayLike<number>,
  kernels: SelectionKernels,
): Generator<null, Float32Array> {
  const laidOut = takeRows(all, rows)
  const out = new Float32Array(2 * all.rows)
  const isLaidOut = new Uint8Array(all.rows)
  rows.forEach((row, i) => {
    isLaidOut[row] = 1
    out[2 * row] = positions[2 * i]
    out[2 * row + 1] = positions[2 * i + 1]
  })
  const rest = Int32Array.from({ length: all.rows }, (_, row) => row).filter((row) => isLaidOut[row] === 0)
  for (let from = 0; from < rest.length; from += blockRows) {
    const own = rest.subarray(from, from + blockRows)
    const near = nearestAmong(laidOut, takeRows(all, own), placedBy, kernels)
    own.forEach((row, i) => {
      let total = 0
      let x = 0
      let y = 0
      for (let t = i * near.k; t < (i + 1) * near.k; t++) {
        const weight = 1 / (near.distances[t] ** 2 + 1e-12)
        total += weight
        x += weight * positions[2 * near.rows[t]]
        y += weight * positions[2 * near.rows[t] + 1]
      }
      out[2 * row] = x / total
      out[2 * row + 1] = y / total
    })
    yield null
  }
  return out
}
