import { symmetricEigenvalues } from '../core/eigenvalues'
import { columnGram, rowGram } from '../core/gram'
import { dot, logDeterminant, meanRow, squaredDistance, squaredNorms, unitRows } from '../core/linear'
import { takeRows, type Matrix } from '../core/matrix'
import { meanPairwiseDistance } from './dynamics'

/** How spread out a batch is, and how well it covers the pool; null where a measure is not defined (A§14). */
export interface DiversityMeasures {
  /** average Euclidean distance over pairs */
  readonly meanPairwiseDistance: number | null
  /** mean distance to the batch mean */
  readonly centroidDistance: number | null
  readonly minNearestNeighbour: number | null
  readonly meanNearestNeighbour: number | null
  /** ln det(I + γ X Xᵀ) */
  readonly logDet: number
  /** exp of the eigenvalue entropy of K / n, K the cosines of the rows: the effective number of distinct samples, 1 … n */
  readonly vendi: number | null
  /** mean over picks of the largest cosine to an earlier pick of the batch */
  readonly redundancy: number | null
  /** largest distance of a pool row to its nearest pick */
  readonly coverageRadius: number | null
  /** fraction of the pool within `delta` of a pick */
  readonly coverageAtDelta: number | null
  readonly delta: number | null
}

export interface DiversityOptions {
  /** rows to be covered; all rows of `features` when left out */
  readonly pool?: ArrayLike<number>
  /** default 1 */
  readonly gamma?: number
  /** default: the batch's mean nearest-neighbour distance */
  readonly delta?: number
}

/** All diversity measures of the batch `rows` of `features` (N × d), in pick order (A§14). */
export function diversityMeasures(features: Matrix, rows: ArrayLike<number>, options: DiversityOptions = {}): DiversityMeasures {
  const batch = takeRows(features, rows)
  const neighbours = nearestNeighbours(batch)
  const meanNearest = neighbours && mean(neighbours)
  const delta = options.delta ?? meanNearest
  const pool = options.pool ? takeRows(features, options.pool) : features
  const reach = batch.rows > 0 && pool.rows > 0 ? nearestDistances(pool, batch) : null
  return {
    meanPairwiseDistance: meanPairwiseDistance(batch),
    centroidDistance: batch.rows === 0 ? null : mean(nearestDistances(batch, { data: meanRow(batch), rows: 1, cols: batch.cols })),
    minNearestNeighbour: neighbours && neighbours.reduce((a, b) => Math.min(a, b)),
    meanNearestNeighbour: meanNearest,
    logDet: logDetOfGram(smallGram(batch, 1), options.gamma),
    vendi: vendi(batch),
    redundancy: redundancy(batch),
    coverageRadius: reach && reach.reduce((a, b) => Math.max(a, b)),
    coverageAtDelta: reach && delta !== null ? reach.filter((distance) => distance <= delta).length / reach.length : null,
    delta,
  }
}

const mean = (values: Float64Array): number => values.reduce((a, b) => a + b, 0) / values.length

/** Euclidean distance of every row of `points` to the nearest of `centers`. */
function nearestDistances(points: Matrix, centers: Matrix): Float64Array {
  const out = new Float64Array(points.rows).fill(Infinity)
  const d = points.cols
  for (let i = 0; i < points.rows; i++) {
    for (let j = 0; j < centers.rows; j++) out[i] = Math.min(out[i], squaredDistance(points.data, i * d, centers.data, j * d, d))
  }
  return out.map(Math.sqrt)
}

function nearestNeighbours({ data, rows, cols }: Matrix): Float64Array | null {
  if (rows < 2) return null
  const out = new Float64Array(rows).fill(Infinity)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(data, i * cols, data, j * cols, cols)
      out[i] = Math.min(out[i], distance)
      out[j] = Math.min(out[j], distance)
    }
  }
  return out.map(Math.sqrt)
}

/** scale · X Xᵀ (n × n) or scale · Xᵀ X (d × d), whichever is smaller: they share their non-zero eigenvalues. */
function smallGram(m: Matrix, scale: number): Matrix<Float64Array> {
  const gram = m.rows <= m.cols ? rowGram(m) : columnGram(m)
  return { ...gram, data: gram.data.map((value) => scale * value) }
}

/** ln det(I + γ G) of a Gram matrix G (n × n). */
export function logDetOfGram({ data, rows, cols }: Matrix<Float64Array>, gamma = 1): number {
  const shifted = data.map((value) => gamma * value)
  for (let i = 0; i < rows; i++) shifted[i * cols + i] += 1
  return logDeterminant({ data: shifted, rows, cols })
}

/** Vendi score (Friedman & Dieng 2023) of a matrix with the eigenvalues of K / n other than 0. A zero row resembles only itself. */
export function vendiOfGram(gram: Matrix<Float64Array>, n: number, zeroRows = 0): number {
  const eigenvalues = [...symmetricEigenvalues(gram), ...new Array<number>(zeroRows).fill(1 / n)]
  return Math.exp(eigenvalues.reduce((sum, value) => (value > 0 ? sum - value * Math.log(value) : sum), 0))
}

function vendi(m: Matrix): number | null {
  if (m.rows === 0) return null
  return vendiOfGram(smallGram(unitRows(m), 1 / m.rows), m.rows, squaredNorms(m).filter((norm) => norm === 0).length)
}

function redundancy(m: Matrix): number | null {
  if (m.rows < 2) return null
  const unit = unitRows(m)
  let sum = 0
  for (let i = 1; i < m.rows; i++) {
    let largest = -Infinity
    for (let j = 0; j < i; j++) largest = Math.max(largest, dot(unit.data, i * m.cols, unit.data, j * m.cols, m.cols))
    sum += largest
  }
  return sum / (m.rows - 1)
}
