import { confidenceBin } from '../metrics/ece'
import type { ResultSet } from '../study/results'
import { groupRuns, type Factors } from './resultSet'

export interface ReliabilityBin {
  readonly from: number
  readonly to: number
  readonly count: number
  /** null in an empty bin */
  readonly confidence: number | null
  readonly accuracy: number | null
}

export interface Reliability {
  readonly bins: readonly ReliabilityBin[]
  readonly count: number
  /** share-weighted mean of |accuracy − confidence| over bins; null without samples */
  readonly ece: number | null
}

const bins = 10

/** Reliability diagram and expected calibration error of n predictions in 10 equal-width bins of confidence (Guo et al. 2017; A§16). */
export function reliability(confidences: readonly number[], correct: readonly boolean[]): Reliability {
  const counts = new Float64Array(bins)
  const sums = new Float64Array(bins)
  const hits = new Float64Array(bins)
  confidences.forEach((confidence, i) => {
    const bin = confidenceBin(confidence)
    counts[bin]++
    sums[bin] += confidence
    if (correct[i]) hits[bin]++
  })
  const n = confidences.length
  const gap = counts.reduce((sum, count, i) => (count === 0 ? sum : sum + Math.abs(hits[i] - sums[i])), 0)
  return {
    bins: Array.from(counts, (count, i) => ({
      from: i / bins,
      to: (i + 1) / bins,
      count,
      confidence: count > 0 ? sums[i] / count : null,
      accuracy: count > 0 ? hits[i] / count : null,
    })),
    count: n,
    ece: n > 0 ? gap / n : null,
  }
}

export interface QueriedReliability extends Reliability {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
}

/**
 * Reliability on the samples each strategy queried, over all rounds and seeds. They are what the strategy looked for and no sample of the
 * data: it says how well the model knew what it did not know. Calibration on test rows is the metric `ece`, round by round; its bins are not
 * recorded.
 */
export function queriedReliability(results: ResultSet): QueriedReliability[] {
  return groupRuns(results).flatMap(({ dataset, strategy, factors, runs }) => {
    const known = runs
      .flatMap(({ records }) => records.flatMap(({ selection }) => selection))
      .filter(({ confidence, predicted }) => confidence !== null && predicted !== null)
    if (known.length === 0) return []
    const measured = reliability(
      known.map(({ confidence }) => confidence!),
      known.map(({ predicted, label }) => predicted === label),
    )
    return [{ dataset, strategy, factors, ...measured }]
  })
}
