import normalCdf from '@stdlib/stats-base-dists-normal-cdf'
import tQuantile from '@stdlib/stats-base-dists-t-quantile'
import type { PairwiseRow } from './pairwise'

/**
 * Power of the two-sided paired t-test at effect size d_z with n pairs (Cohen 1988, §2): the noncentral t tail, integrated over the
 * sample deviation by the trapezoid rule in its logarithm. Null below two pairs.
 */
export function pairedPower(effect: number, n: number, alpha = 0.05): number | null {
  if (n < 2) return null
  const freedom = n - 1
  const shift = Math.abs(effect) * Math.sqrt(n)
  const critical = tQuantile(1 - alpha / 2, freedom)
  const from = -36 / freedom - 8 / Math.sqrt(freedom)
  const to = Math.min(2.2, 7 / Math.sqrt(freedom))
  const points = 2000
  let weights = 0
  let power = 0
  for (let i = 0; i <= points; i++) {
    const u = from + ((to - from) * i) / points
    const deviation = Math.exp(u)
    // log density of ln(s / σ) up to a constant, which the sum of weights makes good
    const weight = Math.exp(freedom * (u - (deviation * deviation - 1) / 2))
    weights += weight
    power += weight * (normalCdf(shift - critical * deviation, 0, 1) + normalCdf(-shift - critical * deviation, 0, 1))
  }
  return power / weights
}

const mostSeeds = 100_000

/**
 * Least number of pairs at which the paired t-test resolves effect size d_z with the given power, and at which exact sign flips can
 * reach alpha at all (2^(1 − n) ≤ alpha); null when no number up to 100,000 does.
 */
export function seedsNeeded(effect: number, { power = 0.8, alpha = 0.05 } = {}): number | null {
  const isEnough = (n: number): boolean => 2 ** (1 - n) <= alpha && pairedPower(effect, n, alpha)! >= power
  if (effect === 0 || !isEnough(mostSeeds)) return null
  let [below, enough] = [1, 2]
  while (!isEnough(enough)) [below, enough] = [enough, 2 * enough]
  while (enough - below > 1) {
    const middle = (below + enough) >> 1
    if (isEnough(middle)) enough = middle
    else below = middle
  }
  return enough
}

export interface SeedPlan {
  readonly pair: PairwiseRow
  /** the level that Holm's first step asks of this pair: alpha ÷ family size */
  readonly alpha: number
  /** power of the seeds there are, were the observed effect the true one */
  readonly power: number | null
  /** null where the effect is 0 or not known, or no number of seeds suffices */
  readonly needed: number | null
  /** seeds to add; 0 when there are enough */
  readonly more: number | null
}

/** How many more seeds would resolve each pair at the given power, were its observed effect size the true one. */
export function planSeeds(pairs: readonly PairwiseRow[], { power = 0.8, alpha = 0.05 } = {}): SeedPlan[] {
  return pairs.map((pair) => {
    const level = alpha / Math.max(1, pair.familySize)
    const { effectSize, seeds } = pair
    if (effectSize === null) return { pair, alpha: level, power: null, needed: null, more: null }
    const needed = seedsNeeded(effectSize, { power, alpha: level })
    const more = needed === null ? null : Math.max(0, needed - seeds)
    return { pair, alpha: level, power: pairedPower(effectSize, seeds, level), needed, more }
  })
}
