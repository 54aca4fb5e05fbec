import normalCdf from '@stdlib/stats-base-dists-normal-cdf'
import tCdf from '@stdlib/stats-base-dists-t-cdf'
import { randomFrom } from '../core/random'
import type { StatsSpec } from '../study/spec'
import { mean, standardDeviation } from './intervals'

/** Below this many pairs no test can come near 0.05 (5 pairs: 1/16), so the app shows no p-value; CSVs hold it anyway. */
export const minimumPairsForP = 6

/** Non-zero differences up to which the sign-flip test counts every pattern; above, it draws. */
export const exactSignFlips = 24
const flips = 99_999

/**
 * Two-sided paired sign-flip test of mean 0 (Fisher 1935, §21). Up to 24 non-zero differences all 2ⁿ sign patterns are counted;
 * above, 99,999 seeded random ones plus the observed (Phipson & Smyth 2010). Null below two pairs.
 */
export function signFlip(differences: readonly number[]): number | null {
  if (differences.length < 2) return null
  const sizes = differences.filter((d) => d !== 0).map(Math.abs) // a zero flips into itself
  const n = sizes.length
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0)) - 1e-9 * total // equal sums stay equal in floating point
  if (observed <= 0) return 1
  return n <= exactSignFlips ? (2 * countAtLeast(sizes, observed)) / 2 ** n : drawnSignFlip(sizes, observed)
}

/** Sign patterns whose sum is at least `bound`: the sums of either half of the sizes, sorted and met from both ends. */
function countAtLeast(sizes: readonly number[], bound: number): number {
  const half = sizes.length >> 1
  const first = signedSums(sizes.slice(0, half))
  const second = signedSums(sizes.slice(half))
  let count = 0
  let from = second.length
  for (const sum of first) {
    while (from > 0 && sum + second[from - 1] >= bound) from--
    count += second.length - from
  }
  return count
}

/** All sums of ±size, ascending: each size merges the sums less it with the sums plus it. */
function signedSums(sizes: readonly number[]): Float64Array {
  let sums = Float64Array.of(0)
  for (const size of sizes) {
    const next = new Float64Array(2 * sums.length)
    let plus = 0
    for (let minus = 0; minus < sums.length; minus++) {
      const low = sums[minus] - size
      while (sums[plus] + size < low) next[minus + plus] = sums[plus++] + size
      next[minus + plus] = low
    }
    for (; plus < sums.length; plus++) next[sums.length + plus] = sums[plus] + size
    sums = next
  }
  return sums
}

function drawnSignFlip(sizes: readonly number[], observed: number): number {
  const random = randomFrom('sign-flip').fork(sizes.length)
  let extreme = 1
  for (let b = 0; b < flips; b++) {
    let sum = 0
    for (const size of sizes) sum += random.next() < 0.5 ? size : -size
    if (Math.abs(sum) >= observed) extreme++
  }
  return extreme / (flips + 1)
}

/**
 * t = mean ÷ (s · √(1/n + testShare)) of n paired differences; infinite where they are equal but not zero, 0 where all are zero. `testShare`
 * as in `tInterval` (Nadeau & Bengio 2003).
 */
export function pairedTStatistic(differences: readonly number[], testShare = 0): number {
  const centre = mean(differences)
  return centre === 0 ? 0 : centre / (standardDeviation(differences) * Math.sqrt(1 / differences.length + testShare))
}

/** Two-sided paired t-test (Student 1908); null below two pairs. Equal non-zero differences give 0, all-zero ones 1. */
export function pairedT(differences: readonly number[], testShare = 0): number | null {
  if (differences.length < 2) return null
  const t = pairedTStatistic(differences, testShare)
  return Number.isFinite(t) ? 2 * tCdf(-Math.abs(t), differences.length - 1) : 0
}

/**
 * Two-sided Wilcoxon signed-rank test (1945); zeros are dropped, ties share their mean rank. As in SciPy the distribution is exact up
 * to 50 pairs, up to 13 where there are zeros or ties, and normal with the tie correction (Pratt & Gibbons 1981, §3.7) beyond. Null
 * below two pairs.
 */
export function wilcoxon(differences: readonly number[]): number | null {
  const pairs = differences.length
  if (pairs < 2) return null
  const kept = differences.filter((d) => d !== 0).sort((a, b) => Math.abs(a) - Math.abs(b))
  const n = kept.length
  if (n === 0) return 1
  const doubledRanks = new Int32Array(n) // whole numbers, also for the mean rank of a tie
  let tied = 0
  for (let start = 0; start < n;) {
    let end = start + 1
    while (end < n && Math.abs(kept[end]) - Math.abs(kept[start]) <= 1e-12 * Math.abs(kept[n - 1])) end++
    doubledRanks.fill(start + 1 + end, start, end)
    tied += (end - start) ** 3 - (end - start)
    start = end
  }
  const positive = kept.reduce((sum, d, i) => sum + (d > 0 ? doubledRanks[i] : 0), 0)
  const smaller = Math.min(positive, n * (n + 1) - positive)
  if (pairs <= (n < pairs || tied > 0 ? 13 : 50)) return exactRankTail(doubledRanks, smaller)
  const centre = (n * (n + 1)) / 4
  const spread = Math.sqrt((n * (n + 1) * (2 * n + 1) - tied / 2) / 24)
  return 2 * normalCdf((smaller / 2 - centre) / spread, 0, 1)
}

/** Twice the chance of a rank sum of at most `smaller` (both doubled) when every sign is as likely as the other. */
function exactRankTail(doubledRanks: Int32Array, smaller: number): number {
  const total = doubledRanks.reduce((sum, rank) => sum + rank, 0)
  const chance = new Float64Array(total + 1)
  chance[0] = 1
  let reach = 0
  for (const rank of doubledRanks) {
    reach += rank
    for (let sum = reach; sum >= 0; sum--) chance[sum] = (chance[sum] + (sum >= rank ? chance[sum - rank] : 0)) / 2
  }
  let tail = 0
  for (let sum = 0; sum <= smaller; sum++) tail += chance[sum]
  return Math.min(1, 2 * tail)
}

/** The study's test; only the t-test knows of splits that vary. */
export const pairedTest = (test: StatsSpec['test'], differences: readonly number[], testShare = 0): number | null =>
  test === 'paired-t' ? pairedT(differences, testShare) : test === 'wilcoxon' ? wilcoxon(differences) : signFlip(differences)

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

/** What the interval of a difference says about a region of practical equivalence: all of it inside, or all of it beyond one end. */
export type RopeVerdict = 'better' | 'worse' | 'equivalent' | 'undecided'

/**
 * Verdict of the 95 % interval [lo, hi] of a − b against ±rope (Kruschke 2018, with the confidence interval in place of the posterior's);
 * null without an interval. Better and worse are said of a, whichever way the metric counts.
 */
export function ropeVerdict(lo: number | null, hi: number | null, rope: number, higherIsBetter = true): RopeVerdict | null {
  if (lo === null || hi === null) return null
  if (lo >= -rope && hi <= rope) return 'equivalent'
  if (lo > rope) return higherIsBetter ? 'better' : 'worse'
  if (hi < -rope) return higherIsBetter ? 'worse' : 'better'
  return 'undecided'
}
