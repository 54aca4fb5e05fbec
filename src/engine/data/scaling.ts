import type { DataSpec } from '../study/spec'
import type { DatasetKind, Pool, Scaling } from './dataset'
import { identityScaling, sampleSize } from './gather'

/**
 * Fits the scaling of a study to the given rows (the training array's pool, never test rows).
 *
 * | mode | result |
 * | --- | --- |
 * | none | raw values |
 * | unit | raw / largest possible value; without one, each column's [min, max] of the rows to [0, 1] |
 * | standardize | each column to mean 0 and standard deviation 1 (divisor n), in float64; a constant column is only centred |
 * | auto | images: raw / largest possible value, without one a single mean and deviation over all pixels; everything else: standardize |
 */
export function fitScaling(pool: Pool, rows: Int32Array, mode: DataSpec['scaling'], kind: DatasetKind, valueRange: number | null): Scaling {
  if (mode === 'none') return identityScaling
  const isBounded = valueRange !== null && valueRange > 0
  if (mode === 'unit') return isBounded ? dividedBy(valueRange) : minMax(pool, rows)
  if (mode === 'auto' && kind === 'image') return isBounded ? dividedBy(valueRange) : standardized(pool, rows, true)
  return standardized(pool, rows, false)
}

const dividedBy = (range: number): Scaling => ({ shift: Float64Array.of(0), scale: Float64Array.of(1 / range) })

function minMax(pool: Pool, rows: Int32Array): Scaling {
  const d = sampleSize(pool)
  const low = new Float64Array(d).fill(Infinity)
  const high = new Float64Array(d).fill(-Infinity)
  for (const row of rows)
    for (let j = 0; j < d; j++) {
      const value = pool.data[row * d + j]
      if (value < low[j]) low[j] = value
      if (value > high[j]) high[j] = value
    }
  if (rows.length === 0) return identityScaling
  return { shift: low, scale: high.map((value, j) => inverseOrOne(value - low[j])) }
}

/** Means first, as differences from the first row, so that constant columns have a deviation of exactly 0. */
function standardized(pool: Pool, rows: Int32Array, shared: boolean): Scaling {
  const d = sampleSize(pool)
  const columns = shared ? 1 : d
  const n = shared ? rows.length * d : rows.length
  if (n === 0) return identityScaling
  const step = shared ? 0 : 1
  const origin = Float64Array.from({ length: columns }, (_, j) => pool.data[rows[0] * d + j])
  const mean = new Float64Array(columns)
  for (const row of rows) for (let j = 0; j < d; j++) mean[j * step] += pool.data[row * d + j] - origin[j * step]
  for (let j = 0; j < columns; j++) mean[j] = origin[j] + mean[j] / n
  const variance = new Float64Array(columns)
  for (const row of rows)
    for (let j = 0; j < d; j++) {
      const difference = pool.data[row * d + j] - mean[j * step]
      variance[j * step] += difference * difference
    }
  return { shift: mean, scale: variance.map((sum) => inverseOrOne(Math.sqrt(sum / n))) }
}

const inverseOrOne = (value: number): number => (value > 0 ? 1 / value : 1)
