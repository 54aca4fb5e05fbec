import { plainKernels, selectionSpace, type SelectionKernels } from './distances'
import { type CancelSignal, throwIfCancelled } from './errors'
import { kMeansPlusPlus } from './kMeansPlusPlus'
import { squaredDistance, squaredNorms } from './linear'
import { takeRows, type FloatArray, type Matrix } from './matrix'
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
 * Distance bounds (Hamerly 2010) spare the rows that cannot have changed their cluster.
 */
export function kMeans(m: Matrix, k: number, { random, kernels, signal, rows }: KMeansOptions): Clustering {
  const clusters = Math.min(k, m.rows)
  const starts = takeRows(m, kMeansPlusPlus(selectionSpace(m, { kernels, rows }), clusters, 'uniform', random, signal))
  const centroids: Matrix<Float64Array> = { ...starts, data: Float64Array.from(starts.data) }
  const assignment = new Int32Array(m.rows).fill(-1)
  const bounds = createBounds(m, centroids, assignment)
  let iterations = 0
  for (let changed = m.rows > 0; changed && iterations < maxIterations; iterations++) {
    throwIfCancelled(signal)
    const previous = assignment.slice()
    bounds.assign()
    for (const row of fillEmpty(m, centroids, assignment)) bounds.forget(row)
    changed = assignment.some((cluster, i) => cluster !== previous[i])
    if (changed) bounds.moved(average(m, assignment, centroids))
  }
  return { assignment, centroids, iterations }
}

/** Rows that a mini-batch step looks at. */
const batchRows = 5000
const maxBatches = 20
/** Batches without a better smoothed spread, after which the search ends. */
const patience = 5

/**
 * Mini-batch k-means (Sculley 2010; A§10.1): batches of 5,000 rows drawn with replacement move the centres that are nearest, each by
 * a step of 1 over what it has seen; then every row goes to its nearest centre. For many clusters, where Lloyd's steps are dear.
 */
export function miniBatchKMeans(m: Matrix, k: number, { random, kernels, signal, rows }: KMeansOptions): Clustering {
  const clusters = Math.min(k, m.rows)
  const sample = m.rows > 3 * batchRows ? random.sample(m.rows, 3 * batchRows).sort() : Int32Array.from({ length: m.rows }, (_, i) => i)
  const space = selectionSpace(sample.length === m.rows ? m : takeRows(m, sample), { kernels, rows: rows && sample.map((i) => rows[i]) })
  const starts = takeRows(
    m,
    kMeansPlusPlus(space, clusters, 'uniform', random, signal).map((i) => sample[i]),
  )
  const centroids: Matrix<Float64Array> = { ...starts, data: Float64Array.from(starts.data) }
  const seen = new Float64Array(clusters)
  const smoothing = Math.min(1, (2 * batchRows) / (m.rows + 1))
  const size = Math.min(batchRows, m.rows)
  const batch = new Int32Array(size)
  const nearest = new Int32Array(size)
  let smoothed = NaN
  let best = Infinity
  let worse = 0
  let iterations = 0
  for (; iterations < maxBatches && worse < patience; iterations++) {
    throwIfCancelled(signal)
    for (let t = 0; t < size; t++) batch[t] = random.int(m.rows)
    const spread = assignNearest(m, batch, centroids, nearest, kernels) / size
    for (let t = 0; t < size; t++) {
      const step = 1 / ++seen[nearest[t]]
      const [from, to] = [batch[t] * m.cols, nearest[t] * m.cols]
      for (let j = 0; j < m.cols; j++) centroids.data[to + j] += step * (m.data[from + j] - centroids.data[to + j])
    }
    smoothed = iterations === 0 ? spread : smoothed + smoothing * (spread - smoothed)
    worse = smoothed < best ? 0 : worse + 1
    best = Math.min(best, smoothed)
  }
  const assignment = new Int32Array(m.rows)
  const all = Int32Array.from({ length: m.rows }, (_, i) => i)
  for (let from = 0; from < m.rows; from += batchRows) {
    const to = from + batchRows
    assignNearest(m, all.subarray(from, to), centroids, assignment.subarray(from, to), kernels)
  }
  fillEmpty(m, centroids, assignment)
  return { assignment, centroids, iterations }
}

/** Writes the nearest centre of every row to `nearest`, the first of equals; answers the sum of their squared distances. */
function assignNearest(
  m: Matrix,
  rows: Int32Array,
  centroids: Matrix,
  nearest: Int32Array,
  kernels: SelectionKernels = plainKernels,
): number {
  const count = rows.length
  const data = new (m.data.constructor as new (n: number) => FloatArray)((count + centroids.rows) * m.cols)
  data.set(takeRows(m, rows).data)
  data.set(centroids.data, count * m.cols)
  const joint = { data, rows: count + centroids.rows, cols: m.cols }
  const norms = squaredNorms(joint)
  const products = kernels.open(joint)
  const list = Int32Array.from({ length: count }, (_, t) => t)
  const out = new Float64Array(count)
  const least = new Float64Array(count).fill(Infinity)
  for (let c = 0; c < centroids.rows; c++) {
    products(count + c, list, count, out)
    for (let t = 0; t < count; t++) {
      const distance = norms[count + c] - 2 * out[t]
      if (distance >= least[t]) continue
      least[t] = distance
      nearest[t] = c
    }
  }
  return least.reduce((sum, distance, t) => sum + Math.max(0, distance + norms[t]), 0)
}

/** For each row an upper bound of the distance to its centroid and a lower bound of the distance to every other. */
function createBounds(m: Matrix, centroids: Matrix<Float64Array>, assignment: Int32Array) {
  const upper = new Float64Array(m.rows).fill(Infinity)
  const lower = new Float64Array(m.rows)
  const distance = (i: number, c: number): number => squaredDistance(m.data, i * m.cols, centroids.data, c * m.cols, m.cols)

  return {
    assign() {
      for (let i = 0; i < m.rows; i++) {
        if (upper[i] < lower[i]) continue
        if (upper[i] < Infinity) upper[i] = Math.sqrt(distance(i, assignment[i]))
        if (upper[i] < lower[i]) continue
        let best = 0
        let least = Infinity
        let second = Infinity
        for (let c = 0; c < centroids.rows; c++) {
          const squared = distance(i, c)
          if (squared < least) [best, least, second] = [c, squared, least]
          else if (squared < second) second = squared
        }
        assignment[i] = best
        upper[i] = Math.sqrt(least)
        lower[i] = Math.sqrt(second)
      }
    },
    /** The row was moved to a cluster that is not its nearest: measure it again. */
    forget(i: number) {
      upper[i] = Infinity
    },
    /** Centroid c moved by shifts[c]. */
    moved(shifts: Float64Array) {
      let farthest = 0
      for (let c = 1; c < shifts.length; c++) if (shifts[c] > shifts[farthest]) farthest = c
      const others = shifts.reduce((most, shift, c) => (c === farthest ? most : Math.max(most, shift)), 0)
      for (let i = 0; i < m.rows; i++) {
        upper[i] += shifts[assignment[i]]
        lower[i] -= assignment[i] === farthest ? others : shifts[farthest]
      }
    },
  }
}

/** Gives every empty cluster a row; returns the rows that were moved. */
function fillEmpty(m: Matrix, centroids: Matrix<Float64Array>, assignment: Int32Array): number[] {
  const sizes = new Int32Array(centroids.rows)
  for (const cluster of assignment) sizes[cluster]++
  if (!sizes.includes(0)) return []
  const moved: number[] = []
  const distances = Float64Array.from(assignment, (c, i) => squaredDistance(m.data, i * m.cols, centroids.data, c * m.cols, m.cols))
  for (let empty = 0; empty < sizes.length; empty++) {
    if (sizes[empty] > 0) continue
    let farthest = -1
    for (let i = 0; i < assignment.length; i++) {
      if (sizes[assignment[i]] > 1 && (farthest < 0 || distances[i] > distances[farthest])) farthest = i
    }
    sizes[assignment[farthest]]--
    sizes[empty] = 1
    assignment[farthest] = empty
    distances[farthest] = 0
    moved.push(farthest)
  }
  return moved
}

/** Moves every centroid to the mean of its members; returns how far each went. */
function average(m: Matrix, assignment: Int32Array, centroids: Matrix<Float64Array>): Float64Array {
  const { data, cols, rows } = centroids
  const before = data.slice()
  const sizes = new Int32Array(rows)
  data.fill(0)
  for (let i = 0; i < m.rows; i++) {
    const start = assignment[i] * cols
    sizes[assignment[i]]++
    for (let j = 0; j < cols; j++) data[start + j] += m.data[i * cols + j]
  }
  for (let c = 0; c < rows; c++) for (let j = 0; j < cols; j++) data[c * cols + j] /= sizes[c]
  return Float64Array.from(sizes, (_, c) => Math.sqrt(squaredDistance(data, c * cols, before, c * cols, cols)))
}

/** The member nearest the centroid of every cluster, in cluster order; of equals the lower row. */
export function perClusterMedoid(m: Matrix, { assignment, centroids }: Clustering): Int32Array {
  const medoids = new Int32Array(centroids.rows).fill(-1)
  const best = new Float64Array(centroids.rows).fill(Infinity)
  for (let i = 0; i < m.rows; i++) {
    const cluster = assignment[i]
    const distance = squaredDistance(m.data, i * m.cols, centroids.data, cluster * m.cols, m.cols)
    if (distance < best[cluster]) {
      medoids[cluster] = i
      best[cluster] = distance
    }
  }
  return medoids
}
