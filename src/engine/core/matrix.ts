export type FloatArray = Float32Array | Float64Array

/** Row-major matrix. Studies compute in float32; `score`, `select`, `measure` and reference tests in float64. */
export interface Matrix<A extends FloatArray = FloatArray> {
  readonly data: A
  readonly rows: number
  readonly cols: number
}

export function matrix<A extends FloatArray>(data: A, rows: number, cols: number): Matrix<A> {
  if (data.length !== rows * cols) throw new RangeError(`matrix ${rows}×${cols} needs ${rows * cols} values, got ${data.length}`)
  return { data, rows, cols }
}

/** View of one row; shares memory with the matrix. */
export function rowOf<A extends FloatArray>(m: Matrix<A>, row: number): A {
  return m.data.subarray(row * m.cols, (row + 1) * m.cols) as A
}

/** Copy of the named rows, in their order; same number type. */
export function takeRows<A extends FloatArray>(m: Matrix<A>, rows: ArrayLike<number>): Matrix<A> {
  const data = new (m.data.constructor as new (n: number) => A)(rows.length * m.cols)
  for (let i = 0; i < rows.length; i++) data.set(rowOf(m, rows[i]), i * m.cols)
  return { data, rows: rows.length, cols: m.cols }
}

/** Copy with rows and columns exchanged, in float64. */
export function transposed({ data, rows, cols }: Matrix): Matrix<Float64Array> {
  const out = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[j * rows + i] = data[i * cols + j]
  return { data: out, rows: cols, cols: rows }
}

/** The rows of a, then those of b; number type of a. */
export function stacked(a: Matrix, b: Matrix): Matrix {
  const data = new (a.data.constructor as new (size: number) => FloatArray)(a.data.length + b.data.length)
  data.set(a.data)
  data.set(b.data, a.data.length)
  return { data, rows: a.rows + b.rows, cols: a.cols }
}
