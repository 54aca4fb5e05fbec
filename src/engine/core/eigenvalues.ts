import { dot } from './linear'
import type { Matrix } from './matrix'

/**
 * Eigenvalues of a symmetric matrix (n × n), ascending: Householder reflections to three diagonals, then the QL method with implicit
 * shifts. About 4n³/3 operations; without vectors several times as fast as rotations.
 */
export const symmetricEigenvalues = (m: Matrix<Float64Array>): Float64Array =>
  diagonalised(m, { data: new Float64Array(0), rows: m.rows, cols: 0 }).sort()

/**
 * Eigenvalues of a symmetric matrix (n × n) in no particular order, and C column vectors (n × C) in the coordinates of its eigenvectors:
 * row i of `coordinates` belongs to values[i], its sign is open. The eigenvectors themselves are never formed.
 */
export function eigenCoordinates(
  m: Matrix<Float64Array>,
  vectors: Matrix<Float64Array>,
): { readonly values: Float64Array; readonly coordinates: Matrix<Float64Array> } {
  const coordinates = { ...vectors, data: vectors.data.slice() }
  return { values: diagonalised(m, coordinates), coordinates }
}

/** Eigenvalues of `m`; turns `vectors` along in place. */
function diagonalised(m: Matrix<Float64Array>, vectors: Matrix<Float64Array>): Float64Array {
  const { diagonal, beside } = tridiagonal(m.data.slice(), m.rows, vectors)
  let norm = 0
  for (let i = 0; i < diagonal.length; i++) norm = Math.max(norm, Math.abs(diagonal[i]), Math.abs(beside[i]))
  for (let first = 0; first < diagonal.length; first++) isolate(diagonal, beside, first, norm * 2 ** -52, vectors)
  return diagonal
}

/** Diagonal and the entries beside it (the last one 0) of an orthogonally similar matrix; `a` is used up. */
function tridiagonal(a: Float64Array, n: number, vectors: Matrix<Float64Array>): { diagonal: Float64Array; beside: Float64Array } {
  const beside = new Float64Array(n)
  const mirror = new Float64Array(n)
  const change = new Float64Array(n)
  for (let k = 0; k + 1 < n; k++) {
    // Reflect row k right of its diagonal onto its first entry.
    const width = n - k - 1
    const start = k * n + k + 1
    const length = Math.sqrt(dot(a, start, a, start, width))
    beside[k] = a[start] > 0 ? -length : length
    if (width === 1) beside[k] = a[start]
    if (length === 0 || width === 1) continue
    for (let j = 0; j < width; j++) mirror[j] = a[start + j]
    mirror[0] -= beside[k]
    const size = Math.sqrt(dot(mirror, 0, mirror, 0, width))
    for (let j = 0; j < width; j++) mirror[j] /= size
    reflect(vectors, k + 1, mirror, width)
    for (let i = 0; i < width; i++) change[i] = 2 * dot(a, (k + 1 + i) * n + k + 1, mirror, 0, width)
    const along = dot(change, 0, mirror, 0, width)
    for (let i = 0; i < width; i++) change[i] -= along * mirror[i]
    for (let i = 0; i < width; i++) {
      const row = (k + 1 + i) * n + k + 1
      const [own, turned] = [mirror[i], change[i]]
      for (let j = 0; j <= i; j++) a[row + j] -= own * change[j] + turned * mirror[j]
    }
    for (let i = 1; i < width; i++) for (let j = 0; j < i; j++) a[(k + 1 + j) * n + k + 1 + i] = a[(k + 1 + i) * n + k + 1 + j]
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), beside }
}

/** Reflects rows from `start` on along the unit vector in the first `width` places of `mirror`. */
function reflect({ data, cols }: Matrix<Float64Array>, start: number, mirror: Float64Array, width: number): void {
  for (let c = 0; c < cols; c++) {
    let along = 0
    for (let i = 0; i < width; i++) along += mirror[i] * data[(start + i) * cols + c]
    for (let i = 0; i < width; i++) data[(start + i) * cols + c] -= 2 * along * mirror[i]
  }
}

/** Rotates rows i and i + 1. */
function rotate({ data, cols }: Matrix<Float64Array>, i: number, sine: number, cosine: number): void {
  for (let t = i * cols; t < (i + 1) * cols; t++) {
    const [upper, lower] = [data[t], data[t + cols]]
    data[t + cols] = sine * upper + cosine * lower
    data[t] = cosine * upper - sine * lower
  }
}

/** Rotates until the entry beside diagonal[first] is no larger than `tolerance`. */
function isolate(diagonal: Float64Array, beside: Float64Array, first: number, tolerance: number, vectors: Matrix<Float64Array>): void {
  for (let sweep = 0; sweep < 60; sweep++) {
    let last = first
    while (last + 1 < diagonal.length && Math.abs(beside[last]) > tolerance) last++
    if (last === first) return
    const slope = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first])
    const root = Math.sqrt(slope * slope + 1)
    let shifted = diagonal[last] - diagonal[first] + beside[first] / (slope + (slope < 0 ? -root : root))
    let [sine, cosine, carried] = [1, 1, 0]
    let i = last - 1
    for (; i >= first; i--) {
      const far = sine * beside[i]
      const near = cosine * beside[i]
      const length = Math.sqrt(far * far + shifted * shifted)
      beside[i + 1] = length
      if (length === 0) {
        diagonal[i + 1] -= carried
        break
      }
      sine = far / length
      cosine = shifted / length
      const value = diagonal[i + 1] - carried
      const turned = (diagonal[i] - value) * sine + 2 * cosine * near
      carried = sine * turned
      diagonal[i + 1] = value + carried
      shifted = cosine * turned - near
      rotate(vectors, i, sine, cosine)
    }
    if (i < first) {
      diagonal[first] -= carried
      beside[first] = shifted
    }
    beside[last] = 0
  }
}
