import { selectionSpace, type SelectionKernels } from './distances'
import { type CancelSignal, throwIfCancelled } from './errors'
import { kMeansPlusPlus } from './kMeansPlusPlus'
import { dot, squaredDistance, squaredNorms } from './linear'
import type { Matrix } from './matrix'
import type { Random } from './random'

export interface Clustering {
  /** n: cluster of each row */
  readonly assignment: Int32Array
  /** k × d */
  readonly centroids: Matrix<Float64Array>
  readonly iterations: number
}

export interface KMeansOptions {
  readonly random: Random
  readonly kernels?: SelectionKernels
  readonly signal?: CancelSignal
  /** names of the rows in errors */
  readonly rows?: ArrayLike<number>
}

const maxIterations = 100

/**
 * Lloyd's algorithm from a k-means++ start (A§2.4), at most 100 iterations, k ≤ n clusters of which none is empty:
 * an empty one takes the row farthest from its centroid. Ties go to the lower cluster and the lower row.
 */
export function kMeans(m: Matrix, k: number, { random, kernels, signal, rows }: KMeansOptions): Clustering {
  const clusters = Math.min(k, m.rows)
  const starts = kMeansPlusPlus(selectionSpace(m, { kernels, rows }), clusters, 'uniform', random, signal)
  const centroids: Matrix<Float64Array> = { data: new Float64Array(clusters * m.cols), rows: clusters, cols: m.cols }
  starts.forEach((row, c) => centroids.data.set(m.data.subarray(row * m.cols, (row + 1) * m.cols), c * m.cols))
  const assignment = new Int32Array(m.rows).fill(-1)
  const norms = squaredNorms(m)
  let iterations = 0
  for (let changed = true; changed && clusters > 0 && iterations < maxIterations; iterations++) {
    throwIfCancelled(signal)
    const previous = assignment.slice()
    const distances = assign(m, norms, centroids, assignment)
    fillEmpty(assignment, distances, clusters)
    changed = assignment.some((cluster, i) => cluster !== previous[i])
    if (changed) average(m, assignment, centroids)
  }
  return { assignment, centroids, iterations }
}

function assign(m: Matrix, norms: Float64Array, centroids: Matrix<Float64Array>, assignment: Int32Array): Float64Array {
  const halves = squaredNorms(centroids).map((norm) => norm / 2)
  const distances = new Float64Array(m.rows)
  for (let i = 0; i < m.rows; i++) {
    let best = 0
    let score = -Infinity
    for (let c = 0; c < centroids.rows; c++) {
      const s = dot(m.data, i * m.cols, centroids.data, c * m.cols, m.cols) - halves[c]
      if (s > score) [best, score] = [c, s]
    }
    assignment[i] = best
    distances[i] = norms[i] - 2 * score
  }
  return distances
}

function fillEmpty(assignment: Int32Array, distances: Float64Array, clusters: number): void {
  const sizes = new Int32Array(clusters)
  for (const cluster of assignment) sizes[cluster]++
  for (let empty = 0; empty < clusters; empty++) {
    if (sizes[empty] > 0) continue
    let farthest = -1
    for (let i = 0; i < assignment.length; i++) {
      if (sizes[assignment[i]] > 1 && (farthest < 0 || distances[i] > distances[farthest])) farthest = i
    }
    sizes[assignment[farthest]]--
    sizes[empty] = 1
    assignment[farthest] = empty
    distances[farthest] = 0
  }
}

function average(m: Matrix, assignment: Int32Array, centroids: Matrix<Float64Array>): void {
  const { data, cols, rows } = centroids
  const sizes = new Int32Array(rows)
  data.fill(0)
  for (let i = 0; i < m.rows; i++) {
    const start = assignment[i] * cols
    sizes[assignment[i]]++
    for (let j = 0; j < cols; j++) data[start + j] += m.data[i * cols + j]
  }
  for (let c = 0; c < rows; c++) for (let j = 0; j < cols; j++) data[c * cols + j] /= sizes[c]
}

/** The member nearest the centroid of every cluster, in cluster order; of equals the lower row. */
export function perClusterMedoid(m: Matrix, { assignment, centroids }: Clustering): Int32Array {
  const medoids = new Int32Array(centroids.rows).fill(-1)
  const best = new Float64Array(centroids.rows).fill(Infinity)
  for (let i = 0; i < m.rows; i++) {
    const cluster = assignment[i]
    const distance = squaredDistance(m.data, i * m.cols, centroids.data, cluster * m.cols, m.cols)
    if (medoids[cluster] < 0 || distance < best[cluster]) {
      medoids[cluster] = i
      best[cluster] = distance
    }
  }
  return medoids
}
