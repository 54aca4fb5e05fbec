import type { FloatArray } from '../core/matrix'
import type { Pool, Rows, Scaling } from './dataset'

/** Values per sample of a pool. */
export const sampleSize = (pool: Pool): number => pool.shape.reduce((a, b) => a * b, 1)

/** Leaves raw values as they are. */
export const identityScaling: Scaling = { shift: Float64Array.of(0), scale: Float64Array.of(1) }

/**
 * Writes rows `from … from + count − 1` of `rows` to the head of `out` (count × d), scaled: (raw − shift) · scale, NaN as `fill`.
 * Computes in float64 and allocates nothing.
 */
export function gatherRows(rows: Rows, from: number, count: number, out: FloatArray): void {
  const { pool, scaling, index } = rows
  const { data } = pool
  const { shift, scale, fill } = scaling
  const d = sampleSize(pool)
  if (from < 0 || from + count > index.length) throw new RangeError(`rows ${from} to ${from + count} of ${index.length}`)
  if (out.length < count * d) throw new RangeError(`${count} rows of ${d} values do not fit ${out.length}`)
  // One loop per storage type, so that each stays monomorphic and vectorisable.
  if (shift.length === 1 && scale.length === 1 && fill === undefined) {
    if (data instanceof Uint8Array) gatherUniformBytes(data, d, index, from, count, shift[0], scale[0], out)
    else if (data instanceof Float32Array) gatherUniformF32(data, d, index, from, count, shift[0], scale[0], out)
    else gatherUniformF64(data, d, index, from, count, shift[0], scale[0], out)
    return
  }
  if ((shift.length !== 1 && shift.length !== d) || (scale.length !== 1 && scale.length !== d))
    throw new RangeError(`scaling of ${shift.length} and ${scale.length} values for samples of ${d}`)
  const shiftStep = shift.length === 1 ? 0 : 1
  const scaleStep = scale.length === 1 ? 0 : 1
  for (let i = 0, o = 0; i < count; i++) {
    const start = index[from + i] * d
    for (let j = 0; j < d; j++) {
      let value = data[start + j]
      if (fill !== undefined && value !== value) value = fill[j]
      out[o++] = (value - shift[j * shiftStep]) * scale[j * scaleStep]
    }
  }
}

function gatherUniformBytes(
  data: Uint8Array,
  d: number,
  index: Int32Array,
  from: number,
  count: number,
  shift: number,
  scale: number,
  out: FloatArray,
): void {
  for (let i = 0, o = 0; i < count; i++) {
    const start = index[from + i] * d
    for (let j = 0; j < d; j++) out[o++] = (data[start + j] - shift) * scale
  }
}

function gatherUniformF32(
  data: Float32Array,
  d: number,
  index: Int32Array,
  from: number,
  count: number,
  shift: number,
  scale: number,
  out: FloatArray,
): void {
  for (let i = 0, o = 0; i < count; i++) {
    const start = index[from + i] * d
    for (let j = 0; j < d; j++) out[o++] = (data[start + j] - shift) * scale
  }
}

function gatherUniformF64(
  data: Float64Array,
  d: number,
  index: Int32Array,
  from: number,
  count: number,
  shift: number,
  scale: number,
  out: FloatArray,
): void {
  for (let i = 0, o = 0; i < count; i++) {
    const start = index[from + i] * d
    for (let j = 0; j < d; j++) out[o++] = (data[start + j] - shift) * scale
  }
}
