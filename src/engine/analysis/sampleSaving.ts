import { randomFrom } from '../core/random'
import type { MeanCurve } from './finished'
import { quantileOfSorted } from './intervals'
import type { RunCurve } from './resultSet'

export interface SampleSaving {
  /** (N_r − n) / n: 0.6 means that the baseline needs 60 % more labels */
  readonly ratio: number
  /** (N_r − n) / N_r: the share of the baseline's labels that is saved */
  readonly bounded: number
  /** the baseline never reaches the value: both are lower bounds */
  readonly censored: boolean
}

/**
 * Sample-saving ratio at budget `labels` with mean value `value`, against a baseline's mean curve made non-decreasing by its running
 * maximum and interpolated linearly (A§12.6). Null below the curve's range; above it the lower bound (n_K − n) / n, censored.
 */
export function sampleSaving(baseline: MeanCurve, labels: number, value: number, higherIsBetter = true): SampleSaving | null {
  const needed = labelsNeeded(risingCurve(baseline, higherIsBetter), higherIsBetter ? value : -value)
  if (labels <= 0 || needed === null) return null
  const { labels: from, censored } = needed
  return { ratio: (from - labels) / labels, bounded: from === 0 ? 0 : (from - labels) / from, censored }
}

interface RisingCurve {
  readonly labels: readonly number[]
  readonly best: readonly number[]
}

function risingCurve({ labels, values }: MeanCurve, higherIsBetter: boolean): RisingCurve {
  const budgets: number[] = []
  const best: number[] = []
  values.forEach((raw, index) => {
    if (raw === null) return
    budgets.push(labels[index])
    best.push(Math.max(higherIsBetter ? raw : -raw, best.at(-1) ?? -Infinity))
  })
  return { labels: budgets, best }
}

/** Budget at which a rising curve reaches `wanted`: its last one, censored, when it never does; null below its range. */
function labelsNeeded({ labels, best }: RisingCurve, wanted: number): { readonly labels: number; readonly censored: boolean } | null {
  if (best.length === 0 || wanted < best[0]) return null
  const reached = best.findIndex((level) => level >= wanted)
  if (reached < 0) return { labels: labels[labels.length - 1], censored: true }
  if (reached === 0) return { labels: labels[0], censored: false }
  const share = (wanted - best[reached - 1]) / (best[reached] - best[reached - 1])
  return { labels: labels[reached - 1] + share * (labels[reached] - labels[reached - 1]), censored: false }
}

const resamples = 2000

/** A baseline's resampled mean curves; made once and asked for every strategy. */
export interface SavingBootstrap {
  /** 95 % percentile interval of the ratio at budget `labels`; `values` by seed. An end that lies beyond the curve is null. */
  interval(values: ReadonlyMap<number, number>, labels: number): { readonly lo: number | null; readonly hi: number | null }
}

/**
 * Percentile bootstrap of the sample-saving ratio (Efron & Tibshirani 1993, §13), 2,000 resamples of seeds, a strategy with the same seeds
 * resampled together with the baseline. A resample beyond the curve's end counts as its bound for `lo` and as infinite for `hi`; one below
 * its beginning as minus infinite for `lo`; so a censored end is null and nothing is extrapolated.
 */
export function savingBootstrap(baseline: readonly RunCurve[], higherIsBetter = true): SavingBootstrap {
  const seeds = baseline.map(({ seed }) => seed)
  const draws = drawsOf(seeds.length, 'baseline')
  const labels = baseline[0].labels.filter((label) => baseline.every((curve) => curve.labels.includes(label)))
  const columns = labels.map((label) => baseline.map((curve) => curve.values[curve.labels.indexOf(label)]))
  const rising = draws.map((draw) => risingCurve({ labels, values: columns.map((column) => meanOf(column, draw)) }, higherIsBetter))
  return {
    interval(values, at) {
      if (values.size < 2 || seeds.length < 2 || at <= 0) return { lo: null, hi: null }
      const isPaired = values.size === seeds.length && seeds.every((seed) => values.has(seed))
      const own = isPaired ? seeds.map((seed) => values.get(seed)!) : [...values.values()]
      const ownDraws = isPaired ? draws : drawsOf(own.length, 'strategy')
      const low = new Float64Array(resamples)
      const high = new Float64Array(resamples)
      rising.forEach((curve, b) => {
        const wanted = meanOf(own, ownDraws[b])!
        const needed = labelsNeeded(curve, higherIsBetter ? wanted : -wanted)
        const ratio = needed === null ? -Infinity : (needed.labels - at) / at
        low[b] = ratio
        high[b] = needed === null ? ((curve.labels[0] ?? Infinity) - at) / at : needed.censored ? Infinity : ratio
      })
      return { lo: finiteQuantile(low, 0.025), hi: finiteQuantile(high, 0.975) }
    },
  }
}

function drawsOf(n: number, name: string): Int32Array[] {
  const random = randomFrom('sample-saving').fork(name, n)
  return Array.from({ length: resamples }, () => Int32Array.from({ length: n }, () => random.int(n)))
}

function meanOf(values: readonly (number | null)[], draw: Int32Array): number | null {
  let sum = 0
  let count = 0
  for (const index of draw) {
    const value = values[index]
    if (value === null) continue
    sum += value
    count++
  }
  return count > 0 ? sum / count : null
}

function finiteQuantile(values: Float64Array, q: number): number | null {
  const value = quantileOfSorted(values.sort(), q)
  return Number.isFinite(value) ? value : null
}
