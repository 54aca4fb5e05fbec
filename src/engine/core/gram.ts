import { dot } from './linear'
import { transposed, type FloatArray, type Matrix } from './matrix'

/** X Xᵀ of X (n × d), n × n in float64: blocks of four rows by two share their reads. */
export function rowGram(m: Matrix): Matrix<Float64Array> {
  const out = new Float64Array(m.rows * m.rows)
  addProducts(m, out)
  mirror(out, m.rows)
  return { data: out, rows: m.rows, cols: m.rows }
}

/** Rows that are turned at once: with 512 columns they fit a second-level cache. */
const blockRows = 128

/** Xᵀ X of X (n × d), d × d in float64, with no second copy of X. */
export function columnGram({ data, rows, cols }: Matrix): Matrix<Float64Array> {
  const out = new Float64Array(cols * cols)
  for (let start = 0; start < rows; start += blockRows) {
    const end = Math.min(rows, start + blockRows)
    addProducts(transposed({ data: data.subarray(start * cols, end * cols), rows: end - start, cols }), out)
  }
  mirror(out, cols)
  return { data: out, rows: cols, cols }
}

/** Adds the products of every row with itself and the rows before it to the lower triangle of `out`. */
function addProducts({ data, rows, cols }: Matrix, out: Float64Array): void {
  const whole = rows - (rows & 3)
  for (let i = 0; i < whole; i += 4) for (let j = 0; j < i + 4; j += 2) addBlock(data, i, j, cols, rows, out)
  for (let i = whole; i < rows; i++) for (let j = 0; j <= i; j++) out[i * rows + j] += dot(data, i * cols, data, j * cols, cols)
}

function addBlock(data: FloatArray, i: number, j: number, d: number, n: number, out: Float64Array): void {
  const [i0, i1, i2, i3] = [i * d, (i + 1) * d, (i + 2) * d, (i + 3) * d]
  const [j0, j1] = [j * d, (j + 1) * d]
  let [a0, a1, a2, a3, b0, b1, b2, b3] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let t = 0; t < d; t++) {
    const x = data[j0 + t]
    const y = data[j1 + t]
    a0 += data[i0 + t] * x
    a1 += data[i1 + t] * x
    a2 += data[i2 + t] * x
    a3 += data[i3 + t] * x
    b0 += data[i0 + t] * y
    b1 += data[i1 + t] * y
    b2 += data[i2 + t] * y
    b3 += data[i3 + t] * y
  }
  const at = i * n + j
  out[at] += a0
  out[at + n] += a1
  out[at + 2 * n] += a2
  out[at + 3 * n] += a3
  out[at + 1] += b0
  out[at + n + 1] += b1
  out[at + 2 * n + 1] += b2
  out[at + 3 * n + 1] += b3
}

/** Copies the lower triangle (n × n) above the diagonal. */
function mirror(out: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[j * n + i] = out[i * n + j]
}
