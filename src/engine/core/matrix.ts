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
