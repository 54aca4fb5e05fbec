import chiSquareCdf from '@stdlib/stats-base-dists-chisquare-cdf'
import studentizedRangeCdf from '@stdlib/stats-base-dists-studentized-range-cdf'

/** Fewer settings than this carry no rank test (A§16). */
export const fewestSettings = 6

/** Ranks of values from 1 for the best; ties share their mean rank. */
export function ranksOf(values: readonly number[], higherIsBetter = true): number[] {
  const order = values.map((_, i) => i).sort((i, j) => (higherIsBetter ? values[j] - values[i] : values[i] - values[j]))
  const ranks = new Array<number>(values.length)
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end]] === values[order[start]]) end++
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

/** Mean rank of each of k methods over n settings (n × k values). */
export function averageRanks(table: readonly (readonly number[])[], higherIsBetter = true): number[] {
  const ranks = table.map((row) => ranksOf(row, higherIsBetter))
  return table[0].map((_, j) => ranks.reduce((sum, row) => sum + row[j], 0) / table.length)
}

/** Friedman's test (1937) of k ≥ 3 methods over n settings (n × k values), with the correction for ties; p from χ²(k − 1). */
export function friedman(table: readonly (readonly number[])[]): { readonly statistic: number; readonly p: number } {
  const n = table.length
  const k = table[0].length
  const means = averageRanks(table)
  const ties = table.reduce((sum, row) => sum + tieSum(row), 0)
  const correction = 1 - ties / (k * (k * k - 1) * n)
  if (correction === 0) return { statistic: 0, p: 1 }
  const spread = means.reduce((sum, rank) => sum + (n * rank) ** 2, 0)
  const statistic = ((12 / (k * n * (k + 1))) * spread - 3 * n * (k + 1)) / correction
  return { statistic, p: 1 - chiSquareCdf(statistic, k - 1) }
}

/** Σ t³ − t over groups of t equal values. */
function tieSum(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts.values()].reduce((sum, t) => sum + t ** 3 - t, 0)
}

const rankError = (k: number, n: number): number => Math.sqrt((k * (k + 1)) / (6 * n))

/** Nemenyi's p (1963) for a difference of two mean ranks among k methods over n settings: studentised range, infinite freedom. */
export const nemenyi = (difference: number, k: number, n: number): number =>
  1 - studentizedRangeCdf((Math.SQRT2 * Math.abs(difference)) / rankError(k, n), k, Infinity)

/** Difference of mean ranks that Nemenyi's test calls significant (Demšar 2006, §3.2.2): q(alpha, k) / √2 · √(k(k + 1) / 6n). */
export function criticalDifference(k: number, n: number, alpha = 0.05): number {
  let [low, high] = [0, 20] // q of 1,000 methods at alpha 1e-6 is below 10
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (1 - studentizedRangeCdf(middle, k, Infinity) > alpha) low = middle
    else high = middle
  }
  return (high / Math.SQRT2) * rankError(k, n)
}
