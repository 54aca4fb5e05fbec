import { badInput } from './errors'
import type { FloatArray, Matrix } from './matrix'

/** Inner product of n values of a (from i) and b (from j), summed in four float64 accumulators. */
export function dot(a: FloatArray, i: number, b: FloatArray, j: number, n: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const whole = n - (n & 3)
  for (let t = 0; t < whole; t += 4) {
    s0 += a[i + t] * b[j + t]
    s1 += a[i + t + 1] * b[j + t + 1]
    s2 += a[i + t + 2] * b[j + t + 2]
    s3 += a[i + t + 3] * b[j + t + 3]
  }
  if (whole < n) s0 = addProducts(s0, a, i + whole, b, j + whole, n - whole)
  return s0 + s1 + (s2 + s3)
}

// The up to three last products. On their own: a second loop in the same function halves the speed of the first (V8 11).
function addProducts(sum: number, a: FloatArray, i: number, b: FloatArray, j: number, n: number): number {
  for (let t = 0; t < n; t++) sum += a[i + t] * b[j + t]
  return sum
}

/** a bᵀ of a (n × d) and b (C × d), in float64 (n × C): four rows of b share each read of a. */
export function rowProducts({ data: a, rows, cols: d }: Matrix, b: FloatArray): Matrix<Float64Array> {
  const cols = b.length / d
  const out = new Float64Array(rows * cols)
  const whole = cols - (cols & 3)
  for (let i = 0; i < rows; i++) {
    for (let c = 0; c < whole; c += 4) fourProducts(a, i * d, b, c * d, d, out, i * cols + c)
    for (let c = whole; c < cols; c++) out[i * cols + c] = dot(a, i * d, b, c * d, d)
  }
  return { data: out, rows, cols }
}

function fourProducts(a: FloatArray, i: number, b: FloatArray, j: number, d: number, out: Float64Array, to: number): void {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const j1 = j + d
  const j2 = j1 + d
  const j3 = j2 + d
  for (let t = 0; t < d; t++) {
    const value = a[i + t]
    s0 += value * b[j + t]
    s1 += value * b[j1 + t]
    s2 += value * b[j2 + t]
    s3 += value * b[j3 + t]
  }
  out[to] = s0
  out[to + 1] = s1
  out[to + 2] = s2
  out[to + 3] = s3
}

/** Squared Euclidean distance of n values of a (from i) and b (from j), from their differences. */
export function squaredDistance(a: FloatArray, i: number, b: FloatArray, j: number, n: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const whole = n - (n & 3)
  for (let t = 0; t < whole; t += 4) {
    const d0 = a[i + t] - b[j + t]
    const d1 = a[i + t + 1] - b[j + t + 1]
    const d2 = a[i + t + 2] - b[j + t + 2]
    const d3 = a[i + t + 3] - b[j + t + 3]
    s0 += d0 * d0
    s1 += d1 * d1
    s2 += d2 * d2
    s3 += d3 * d3
  }
  if (whole < n) s0 = addSquaredDifferences(s0, a, i + whole, b, j + whole, n - whole)
  return s0 + s1 + (s2 + s3)
}

function addSquaredDifferences(sum: number, a: FloatArray, i: number, b: FloatArray, j: number, n: number): number {
  for (let t = 0; t < n; t++) sum += (a[i + t] - b[j + t]) ** 2
  return sum
}

/** Squared Euclidean norm of every row (n). */
export function squaredNorms({ data, rows, cols }: Matrix): Float64Array {
  const norms = new Float64Array(rows)
  const whole = cols - (cols & 3)
  for (let i = 0; i < rows; i++) {
    const start = i * cols
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    for (let t = start; t < start + whole; t += 4) {
      s0 += data[t] * data[t]
      s1 += data[t + 1] * data[t + 1]
      s2 += data[t + 2] * data[t + 2]
      s3 += data[t + 3] * data[t + 3]
    }
    if (whole < cols) s0 = addProducts(s0, data, start + whole, data, start + whole, cols - whole)
    norms[i] = s0 + s1 + (s2 + s3)
  }
  return norms
}

/** Rows divided by their length, in the same number type; a zero row stays zero. */
export function unitRows<A extends FloatArray>(m: Matrix<A>): Matrix<A> {
  const lengths = squaredNorms(m).map(Math.sqrt)
  const data = m.data.slice() as A
  for (let i = 0; i < m.rows; i++) if (lengths[i] > 0) for (let t = i * m.cols; t < (i + 1) * m.cols; t++) data[t] /= lengths[i]
  return { data, rows: m.rows, cols: m.cols }
}

/** Mean of the rows (d), in float64. */
export function meanRow(m: Matrix): Float64Array {
  const mean = new Float64Array(m.cols)
  for (let i = 0; i < m.rows; i++) for (let j = 0; j < m.cols; j++) mean[j] += m.data[i * m.cols + j]
  for (let j = 0; j < m.cols; j++) mean[j] /= m.rows
  return mean
}

/** Refuses the first value that is not finite, by the row it belongs to (`rows[i]`, or i). */
export function requireFinite(values: ArrayLike<number>, what: string, rows?: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue
    const row = rows ? rows[i] : i
    throw badInput(`${what} of row ${row} is not finite`, { path: `row ${row}`, found: String(values[i]), expected: 'a finite number' })
  }
}

/** Log-softmax of every row with max subtraction, in float64 (n × C). */
export function logSoftmax(logits: Matrix): Matrix<Float64Array> {
  const { rows, cols, data } = logits
  const out = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    const start = i * cols
    let max = -Infinity
    for (let c = 0; c < cols; c++) if (data[start + c] > max) max = data[start + c]
    let sum = 0
    for (let c = 0; c < cols; c++) sum += Math.exp(data[start + c] - max)
    const shift = Math.log(sum)
    for (let c = 0; c < cols; c++) out[start + c] = data[start + c] - max - shift
  }
  return { data: out, rows, cols }
}

/** exp of every value, in float64. */
export function exponentials(m: Matrix): Matrix<Float64Array> {
  const data = new Float64Array(m.data.length)
  for (let i = 0; i < data.length; i++) data[i] = Math.exp(m.data[i])
  return { data, rows: m.rows, cols: m.cols }
}

/** Position of the largest value; the first of equals. */
export function argMax(values: ArrayLike<number>, from = 0, count = values.length - from): number {
  let best = 0
  for (let i = 1; i < count; i++) if (values[from + i] > values[from + best]) best = i
  return best
}

/**
 * Cholesky factor L (lower triangle, row-major) of a symmetric positive definite matrix (n × n); null when a pivot is not above
 * `tolerance` times its diagonal entry.
 */
export function choleskyFactor(m: Matrix<Float64Array>, tolerance = 0): Float64Array | null {
  const n = m.rows
  const a = m.data.slice()
  for (let j = 0; j < n; j++) {
    const pivot = a[j * n + j] - dot(a, j * n, a, j * n, j)
    if (!(pivot > tolerance * m.data[j * n + j])) return null
    const root = Math.sqrt(pivot)
    a[j * n + j] = root
    for (let i = j + 1; i < n; i++) a[i * n + j] = (a[i * n + j] - dot(a, i * n, a, j * n, j)) / root
  }
  return a
}

/** ln det of a symmetric positive definite matrix (n × n); refuses others. */
export function logDeterminant(m: Matrix<Float64Array>): number {
  const factor = choleskyFactor(m)
  if (factor === null) throw badInput('the matrix is not positive definite')
  let sum = 0
  for (let j = 0; j < m.rows; j++) sum += 2 * Math.log(factor[j * m.rows + j])
  return sum
}

/** Eigenvalues, descending, and unit eigenvectors, one per row (n × n), of a symmetric matrix, by cyclic Jacobi rotations. */
export function symmetricEigenvectors(m: Matrix<Float64Array>): { readonly values: Float64Array; readonly vectors: Matrix<Float64Array> } {
  const n = m.rows
  const columns = new Float64Array(n * n)
  for (let i = 0; i < n; i++) columns[i * n + i] = 1
  const unordered = jacobi(m.data.slice(), n, columns)
  const order = Array.from(unordered.keys()).sort((i, j) => unordered[j] - unordered[i] || i - j)
  const vectors = new Float64Array(n * n)
  order.forEach((column, row) => {
    for (let i = 0; i < n; i++) vectors[row * n + i] = columns[i * n + column]
  })
  return { values: Float64Array.from(order, (i) => unordered[i]), vectors: { data: vectors, rows: n, cols: n } }
}

/** Diagonalises `a` in place; multiplies the rotations into `columns`. */
function jacobi(a: Float64Array, n: number, columns: Float64Array): Float64Array {
  const total = dot(a, 0, a, 0, n * n)
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2
    if (off <= total * 1e-30) break
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, n, p, q, columns)
  }
  return Float64Array.from({ length: n }, (_, i) => a[i * n + i])
}

function rotate(a: Float64Array, n: number, p: number, q: number, columns: Float64Array): void {
  const apq = a[p * n + q]
  if (apq === 0) return
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  a[p * n + p] -= t * apq
  a[q * n + q] += t * apq
  a[p * n + q] = a[q * n + p] = 0
  for (let i = 0; i < n; i++) {
    const left = columns[i * n + p]
    const right = columns[i * n + q]
    columns[i * n + p] = c * left - s * right
    columns[i * n + q] = s * left + c * right
    if (i === p || i === q) continue
    const aip = a[i * n + p]
    const aiq = a[i * n + q]
    a[i * n + p] = a[p * n + i] = c * aip - s * aiq
    a[i * n + q] = a[q * n + i] = s * aip + c * aiq
  }
}
