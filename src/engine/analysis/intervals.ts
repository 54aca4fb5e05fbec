import tQuantile from '@stdlib/stats-base-dists-t-quantile'
import { randomFrom } from '../core/random'
import type { StatsSpec } from '../study/spec'

export interface Interval {
  readonly mean: number
  /** null where one value says nothing about the spread */
  readonly lo: number | null
  readonly hi: number | null
}

/** Mean of n values, NaN without any. */
export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** Sample standard deviation (n − 1); NaN below two values, exactly 0 where they differ by rounding alone. */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values)
  let sum = 0
  let largest = 0
  for (const value of values) {
    sum += (value - centre) ** 2
    largest = Math.max(largest, Math.abs(value))
  }
  const spread = Math.sqrt(sum / (values.length - 1))
  return spread <= 1e-12 * largest ? 0 : spread
}

/** Middle value; NaN without any, and where one is NaN. */
export function median(values: readonly number[]): number {
  if (values.some(Number.isNaN)) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}

/**
 * Student interval of the mean: mean ± t((1 + level) / 2, n − 1) · s · √(1/n + testShare) (A§16). `testShare` = test rows ÷ rows to train on
 * where every value comes from another split of the same data (Nadeau & Bengio 2003), else 0.
 */
export function tInterval(values: readonly number[], level = 0.95, testShare = 0): Interval {
  const centre = mean(values)
  const n = values.length
  if (n < 2) return { mean: centre, lo: null, hi: null }
  const half = tQuantile((1 + level) / 2, n - 1) * standardDeviation(values) * Math.sqrt(1 / n + testShare)
  return { mean: centre, lo: centre - half, hi: centre + half }
}

const resamples = 10_000

/**
 * Percentile bootstrap of the mean, 10,000 resamples (Efron & Tibshirani 1993, §13). The same resamples serve all values of
 * one length, so a band moves as a whole; the stream depends on n alone.
 */
export function bootstrapIntervals(level = 0.95): (values: readonly number[]) => Interval {
  const draws = new Map<number, Int32Array>()
  const drawsOf = (n: number): Int32Array => {
    let table = draws.get(n)
    if (!table) {
      const random = randomFrom('bootstrap').fork(n)
      table = Int32Array.from({ length: resamples * n }, () => random.int(n))
      draws.set(n, table)
    }
    return table
  }
  return (values) => {
    const centre = mean(values)
    const n = values.length
    if (n < 2) return { mean: centre, lo: null, hi: null }
    const table = drawsOf(n)
    const means = new Float64Array(resamples)
    for (let b = 0; b < resamples; b++) {
      let sum = 0
      for (let i = b * n; i < (b + 1) * n; i++) sum += values[table[i]]
      means[b] = sum / n
    }
    means.sort()
    const tail = (1 - level) / 2
    return { mean: centre, lo: quantileOfSorted(means, tail), hi: quantileOfSorted(means, 1 - tail) }
  }
}

/** Quantile by linear interpolation between order statistics (Hyndman & Fan 1996, type 7). */
export function quantileOfSorted(sorted: Float64Array, q: number): number {
  const place = q * (sorted.length - 1)
  const below = Math.floor(place)
  const above = Math.min(below + 1, sorted.length - 1)
  return sorted[below] + (place - below) * (sorted[above] - sorted[below])
}

/** The 95 % interval that a study asks for; one instance per analysis, since it keeps its resamples. */
export const intervalsOf = (band: StatsSpec['band']): ((values: readonly number[], testShare?: number) => Interval) =>
  band === 'bootstrap' ? bootstrapIntervals() : (values, testShare) => tInterval(values, 0.95, testShare)
