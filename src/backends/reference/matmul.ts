import type { FloatArray } from '@engine/core/matrix'

export interface Product {
  readonly rows: number
  readonly cols: number
  readonly inner: number
  readonly transA: boolean
  readonly transB: boolean
}

export type Multiply = (a: FloatArray, aOffset: number, b: FloatArray, bOffset: number, out: FloatArray, outOffset: number) => void

/**
 * Plans out = op(a)·op(b), or out += when `accumulate`. Both operands are brought into the form where every result is a dot product
 * of two contiguous rows, then 2 × 4 results are made at once; sums are float64 whatever the arrays are.
 */
export function planMultiply({ rows, cols, inner, transA, transB }: Product, accumulate = false): Multiply {
  const packedA = transA ? new Float64Array(rows * inner) : null
  const packedB = transB ? null : new Float64Array(cols * inner)
  return (a, aOffset, b, bOffset, out, outOffset) => {
    if (packedA) transposeInto(a, aOffset, inner, rows, packedA)
    if (packedB) transposeInto(b, bOffset, inner, cols, packedB)
    dotRows(packedA ?? a, packedA ? 0 : aOffset, packedB ?? b, packedB ? 0 : bOffset, out, outOffset, rows, cols, inner, accumulate)
  }
}

function transposeInto(from: FloatArray, offset: number, rows: number, cols: number, to: Float64Array): void {
  for (let i = 0; i < rows; i++) for (let j = 0, at = offset + i * cols; j < cols; j++) to[j * rows + i] = from[at + j]
}

function dotRows(
  a: FloatArray,
  aOffset: number,
  b: FloatArray,
  bOffset: number,
  out: FloatArray,
  outOffset: number,
  rows: number,
  cols: number,
  inner: number,
  accumulate: boolean,
): void {
  if (!accumulate) out.fill(0, outOffset, outOffset + rows * cols)
  const evenRows = rows - (rows % 2)
  const evenCols = cols - (cols % 4)
  for (let i = 0; i < evenRows; i += 2) {
    const a0 = aOffset + i * inner
    const a1 = a0 + inner
    const o0 = outOffset + i * cols
    const o1 = o0 + cols
    for (let j = 0; j < evenCols; j += 4) {
      const b0 = bOffset + j * inner
      const b1 = b0 + inner
      const b2 = b1 + inner
      const b3 = b2 + inner
      let s00 = 0
      let s01 = 0
      let s02 = 0
      let s03 = 0
      let s10 = 0
      let s11 = 0
      let s12 = 0
      let s13 = 0
      for (let k = 0; k < inner; k++) {
        const x0 = a[a0 + k]
        const x1 = a[a1 + k]
        const y0 = b[b0 + k]
        const y1 = b[b1 + k]
        const y2 = b[b2 + k]
        const y3 = b[b3 + k]
        s00 += x0 * y0
        s01 += x0 * y1
        s02 += x0 * y2
        s03 += x0 * y3
        s10 += x1 * y0
        s11 += x1 * y1
        s12 += x1 * y2
        s13 += x1 * y3
      }
      out[o0 + j] += s00
      out[o0 + j + 1] += s01
      out[o0 + j + 2] += s02
      out[o0 + j + 3] += s03
      out[o1 + j] += s10
      out[o1 + j + 1] += s11
      out[o1 + j + 2] += s12
      out[o1 + j + 3] += s13
    }
  }
  // the last odd row in full, and the last columns of every row
  for (let i = 0; i < rows; i++) {
    for (let j = i < evenRows ? evenCols : 0; j < cols; j++) {
      const ai = aOffset + i * inner
      const bj = bOffset + j * inner
      let sum = 0
      for (let k = 0; k < inner; k++) sum += a[ai + k] * b[bj + k]
      out[outOffset + i * cols + j] += sum
    }
  }
}
