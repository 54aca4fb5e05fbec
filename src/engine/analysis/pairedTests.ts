import tCdf from '@stdlib/stats-base-dists-t-cdf'
import { randomFrom } from '../core/random'
import type { StatsSpec } from '../study/spec'
import { mean, standardDeviation } from './intervals'

/** Below this many pairs no test can come near 0.05 (5 pairs: 1/16), so the app shows no p-value; CSVs hold it anyway. */
export const minimumPairsForP = 6

const exactLimit = 20
const flips = 99_999

/**
 * Two-sided paired sign-flip test of mean 0 (Fisher 1935, §21). Up to 20 non-zero differences all 2ⁿ sign patterns are counted;
 * above, 99,999 seeded random ones plus the observed (Phipson & Smyth 2010). Null below two pairs.
 */
export function signFlip(differences: readonly number[]): number | null {
  if (differences.length < 2) return null
  const sizes = differences.filter((d) => d !== 0).map(Math.abs) // a zero flips into itself
  const n = sizes.length
  if (n === 0) return 1
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0)) - 1e-9 * total // equal sums stay equal in floating point
  if (n > exactLimit) {
    const random = randomFrom('sign-flip').fork(n)
    let extreme = 1
    for (let b = 0; b < flips; b++) {
      let sum = 0
      for (const size of sizes) sum += random.next() < 0.5 ? size : -size
      if (Math.abs(sum) >= observed) extreme++
    }
    return extreme / (flips + 1)
  }
  // Gray code: neighbouring patterns differ in one sign. The last sign stays, since a pattern and its mirror count alike.
  const negative = new Uint8Array(n)
  const patterns = 2 ** (n - 1)
  let sum = total
  let extreme = sum >= observed ? 1 : 0
  for (let pattern = 1; pattern < patterns; pattern++) {
    const flipped = 31 - Math.clz32(pattern & -pattern)
    sum += negative[flipped] ? 2 * sizes[flipped] : -2 * sizes[flipped]
    negative[flipped] ^= 1
    if (sum >= observed || -sum >= observed) extreme++
  }
  return extreme / patterns
}

/** Two-sided paired t-test; null below two pairs. Equal non-zero differences give 0, all-zero ones 1. */
export function pairedT(differences: readonly number[]): number | null {
  const n = differences.length
  if (n < 2) return null
  const spread = standardDeviation(differences)
  const centre = mean(differences)
  if (spread === 0) return centre === 0 ? 1 : 0
  return 2 * tCdf(-Math.abs(centre / (spread / Math.sqrt(n))), n - 1)
}

/** Two-sided exact Wilcoxon signed-rank test (1945); zeros are dropped, ties share their mean rank. Null below two pairs. */
export function wilcoxon(differences: readonly number[]): number | null {
  if (differences.length < 2) return null
  const kept = differences.filter((d) => d !== 0).sort((a, b) => Math.abs(a) - Math.abs(b))
  const n = kept.length
  if (n === 0) return 1
  const doubledRanks = new Int32Array(n) // whole numbers, also for the mean rank of a tie
  for (let start = 0; start < n;) {
    let end = start + 1
    while (end < n && Math.abs(kept[end]) - Math.abs(kept[start]) <= 1e-12 * Math.abs(kept[n - 1])) end++
    doubledRanks.fill(start + 1 + end, start, end)
    start = end
  }
  const total = doubledRanks.reduce((sum, rank) => sum + rank, 0)
  const chance = new Float64Array(total + 1)
  chance[0] = 1
  let reach = 0
  for (const rank of doubledRanks) {
    reach += rank
    for (let sum = reach; sum >= 0; sum--) chance[sum] = (chance[sum] + (sum >= rank ? chance[sum - rank] : 0)) / 2
  }
  const positive = kept.reduce((sum, d, i) => sum + (d > 0 ? doubledRanks[i] : 0), 0)
  const smaller = Math.min(positive, total - positive)
  let tail = 0
  for (let sum = 0; sum <= smaller; sum++) tail += chance[sum]
  return Math.min(1, 2 * tail)
}

export const pairedTest = (test: StatsSpec['test'], differences: readonly number[]): number | null =>
  test === 'paired-t' ? pairedT(differences) : test === 'wilcoxon' ? wilcoxon(differences) : signFlip(differences)

/** Step-down adjusted p-values (Holm 1979), in the given order; null stays null and counts in no family. */
export function holm(values: readonly (number | null)[]): (number | null)[] {
  const order = values.flatMap((p, index) => (p === null ? [] : [{ p, index }])).sort((a, b) => a.p - b.p)
  const adjusted: (number | null)[] = values.map(() => null)
  let running = 0
  order.forEach(({ p, index }, rank) => {
    running = Math.max(running, Math.min(1, p * (order.length - rank)))
    adjusted[index] = running
  })
  return adjusted
}

/** d_z = mean ÷ standard deviation of the paired differences (Cohen 1988, §2.3.5); null without spread, 0 when nothing differs. */
export function effectSize(differences: readonly number[]): number | null {
  if (differences.length > 0 && differences.every((d) => d === 0)) return 0
  const spread = standardDeviation(differences)
  return spread > 0 ? mean(differences) / spread : null
}

export interface Wins {
  readonly wins: number
  readonly ties: number
  readonly losses: number
}

/** Pairs in which the first side is better, equal, worse. */
export function countWins(differences: readonly number[], higherIsBetter: boolean): Wins {
  const above = differences.filter((d) => d > 0).length
  const below = differences.filter((d) => d < 0).length
  const [wins, losses] = higherIsBetter ? [above, below] : [below, above]
  return { wins, ties: differences.length - above - below, losses }
}
