import { dot, meanRow, symmetricEigenvectors } from '../core/linear'
import { transposed, type Matrix } from '../core/matrix'
import type { Random } from '../core/random'

/** Up to this many columns, the covariance is small enough to be diagonalised exactly. */
const exactColumns = 128
/** Columns beyond the wanted ones, and passes over the data, of the randomised method. */
const oversampling = 10
const passes = 6

/**
 * The rows (n × d) in the coordinates of their k ≤ d leading principal axes (n × k, float32), from the covariance, or beyond 128
 * columns by randomised subspace iteration (Halko, Martinsson & Tropp 2011). Each axis points to where its largest entry is positive.
 */
export function principalComponents(m: Matrix, k: number, random: Random): Matrix<Float32Array> {
  const mean = meanRow(m)
  const count = Math.min(k, m.cols)
  const axes = m.cols <= exactColumns ? symmetricEigenvectors(covariance(m, mean)).vectors : leadingAxes(m, mean, count, random)
  for (let a = 0; a < count; a++) orient(axes.data.subarray(a * m.cols, (a + 1) * m.cols))
  const columns = transposed({ ...axes, data: axes.data.slice(0, count * m.cols), rows: count })
  const data = Float32Array.from(products(m, mean, columns).data)
  return { data, rows: m.rows, cols: count }
}

function orient(axis: Float64Array): void {
  let largest = 0
  for (let j = 1; j < axis.length; j++) if (Math.abs(axis[j]) > Math.abs(axis[largest])) largest = j
  if (axis[largest] < 0) for (let j = 0; j < axis.length; j++) axis[j] = -axis[j]
}

/** (X − mean)ᵀ(X − mean), d × d. */
function covariance(m: Matrix, mean: Float64Array): Matrix<Float64Array> {
  const d = m.cols
  const out = new Float64Array(d * d)
  const row = new Float64Array(d)
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < d; j++) row[j] = m.data[i * d + j] - mean[j]
    for (let a = 0; a < d; a++) {
      const value = row[a]
      for (let b = 0; b <= a; b++) out[a * d + b] += value * row[b]
    }
  }
  for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) out[b * d + a] = out[a * d + b]
  return { data: out, rows: d, cols: d }
}

/** k orthonormal rows that span the leading axes, sorted by variance. */
function leadingAxes(m: Matrix, mean: Float64Array, k: number, random: Random): Matrix<Float64Array> {
  const width = Math.min(m.cols, k + oversampling)
  let basis: Matrix<Float64Array> = {
    data: Float64Array.from({ length: width * m.cols }, () => random.normal()),
    rows: width,
    cols: m.cols,
  }
  orthonormalise(basis)
  for (let pass = 0; ; pass++) {
    const images = products(m, mean, transposed(basis))
    if (pass === passes) {
      const { vectors } = symmetricEigenvectors(covariance(images, new Float64Array(width)))
      return products(vectors, new Float64Array(width), basis)
    }
    basis = pulledBack(m, mean, images)
    orthonormalise(basis)
  }
}

/** (X − mean) · columns (n × d, d × k → n × k). */
function products(m: Matrix, mean: Float64Array, columns: Matrix<Float64Array>): Matrix<Float64Array> {
  const k = columns.cols
  const out = new Float64Array(m.rows * k)
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++) {
      const value = m.data[i * m.cols + j] - mean[j]
      if (value !== 0) for (let t = 0; t < k; t++) out[i * k + t] += value * columns.data[j * k + t]
    }
  }
  return { data: out, rows: m.rows, cols: k }
}

/** imagesᵀ · (X − mean) (n × k, n × d → k × d). */
function pulledBack(m: Matrix, mean: Float64Array, images: Matrix<Float64Array>): Matrix<Float64Array> {
  const k = images.cols
  const out = new Float64Array(m.cols * k)
  for (let i = 0; i < m.rows; i++) {
    for (let j = 0; j < m.cols; j++) {
      const value = m.data[i * m.cols + j] - mean[j]
      if (value !== 0) for (let t = 0; t < k; t++) out[j * k + t] += value * images.data[i * k + t]
    }
  }
  return transposed({ data: out, rows: m.cols, cols: k })
}

/** Gram–Schmidt on the rows, twice, in place; a row that depends on earlier ones becomes 0. */
function orthonormalise({ data, rows, cols }: Matrix<Float64Array>): void {
  for (let a = 0; a < rows; a++) {
    const own = a * cols
    const before = dot(data, own, data, own, cols)
    for (let round = 0; round < 2; round++) {
      for (let b = 0; b < a; b++) {
        const share = dot(data, own, data, b * cols, cols)
        for (let j = 0; j < cols; j++) data[own + j] -= share * data[b * cols + j]
      }
    }
    const left = dot(data, own, data, own, cols)
    const scale = left > before * 1e-24 ? 1 / Math.sqrt(left) : 0
    for (let j = 0; j < cols; j++) data[own + j] *= scale
  }
}
