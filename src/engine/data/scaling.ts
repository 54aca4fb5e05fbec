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
 * | auto | images: raw / largest possible value, without one a single mean and deviation over all pixels; texts: each column times its inverse document frequency 1 + ln((1 + n) / (1 + rows where it is not 0)); everything else: standardize |
 *
 * Missing values (NaN) of tables count in no statistic and become the mean of their column.
 */
export function fitScaling(pool: Pool, rows: Int32Array, mode: DataSpec['scaling'], kind: DatasetKind, valueRange: number | null): Scaling {
  const scaling = fit(pool, rows, mode, kind, valueRange)
  const mayMiss = kind === 'tabular' && !(pool.data instanceof Uint8Array) && rows.length > 0
  return mayMiss ? { ...scaling, fill: standardized(pool, rows, false).shift } : scaling
}

function fit(pool: Pool, rows: Int32Array, mode: DataSpec['scaling'], kind: DatasetKind, valueRange: number | null): Scaling {
  if (mode === 'none') return identityScaling
  const isBounded = valueRange !== null && valueRange > 0
  if (mode === 'unit') return isBounded ? dividedBy(valueRange) : minMax(pool, rows)
  if (mode === 'auto' && kind === 'image') return isBounded ? dividedBy(valueRange) : standardized(pool, rows, true)
  if (mode === 'auto' && kind === 'text') return rarity(pool, rows)
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
  for (let j = 0; j < d; j++) if (low[j] > high[j]) low[j] = high[j] = 0 // nothing but missing values
  return { shift: low, scale: high.map((value, j) => inverseOrOne(value - low[j])) }
}

/** Means first, as differences from the first row, so that constant columns have a deviation of exactly 0. */
function standardized(pool: Pool, rows: Int32Array, shared: boolean): Scaling {
  const d = sampleSize(pool)
  const columns = shared ? 1 : d
  if (rows.length === 0 || d === 0) return identityScaling
  const step = shared ? 0 : 1
  const origin = Float64Array.from({ length: columns }, (_, j) => firstPresent(pool, rows, j))
  const mean = new Float64Array(columns)
  const present = new Float64Array(columns)
  for (const row of rows)
    for (let j = 0; j < d; j++) {
      const value = pool.data[row * d + j]
      if (value !== value) continue
      mean[j * step] += value - origin[j * step]
      present[j * step]++
    }
  for (let j = 0; j < columns; j++) mean[j] = origin[j] + (present[j] > 0 ? mean[j] / present[j] : 0)
  const variance = new Float64Array(columns)
  for (const row of rows)
    for (let j = 0; j < d; j++) {
      const difference = pool.data[row * d + j] - mean[j * step]
      if (difference === difference) variance[j * step] += difference * difference
    }
  return { shift: mean, scale: variance.map((sum, j) => inverseOrOne(Math.sqrt(sum / present[j]))) }
}

function firstPresent(pool: Pool, rows: Int32Array, column: number): number {
  const d = sampleSize(pool)
  const row = rows.find((candidate) => !Number.isNaN(pool.data[candidate * d + column]))
  return row === undefined ? 0 : pool.data[row * d + column]
}

/** Inverse document frequencies of the columns, smoothed as if one more row had every word. */
function rarity(pool: Pool, rows: Int32Array): Scaling {
  const d = sampleSize(pool)
  const rowsWith = new Float64Array(d)
  for (const row of rows) for (let j = 0; j < d; j++) if (pool.data[row * d + j] !== 0) rowsWith[j]++
  return { shift: Float64Array.of(0), scale: rowsWith.map((count) => 1 + Math.log((1 + rows.length) / (1 + count))) }
}

const inverseOrOne = (value: number): number => (value > 0 ? 1 / value : 1)
