export interface SampleSaving {
  /** (N_r − n) / n: 0.6 means that the baseline needs 60 % more labels */
  readonly ratio: number
  /** the baseline never reaches the value: `ratio` is a lower bound */
  readonly censored: boolean
}

/**
 * Sample-saving ratio at budget `labels` with mean value `value`, against a baseline's mean curve made non-decreasing by its running
 * maximum and interpolated linearly (A§12.6). Null below the curve's range; above it the lower bound (n_K − n) / n, censored.
 */
export function sampleSaving(
  baseline: { readonly labels: readonly number[]; readonly values: readonly (number | null)[] },
  labels: number,
  value: number,
  higherIsBetter = true,
): SampleSaving | null {
  if (labels <= 0) return null
  const sign = higherIsBetter ? 1 : -1
  const wanted = sign * value
  const budgets: number[] = []
  const best: number[] = []
  baseline.values.forEach((raw, index) => {
    if (raw === null) return
    budgets.push(baseline.labels[index])
    best.push(Math.max(sign * raw, best.at(-1) ?? -Infinity))
  })
  if (best.length === 0 || wanted < best[0]) return null
  const reached = best.findIndex((level) => level >= wanted)
  if (reached < 0) return { ratio: (budgets[budgets.length - 1] - labels) / labels, censored: true }
  const needed =
    reached === 0
      ? budgets[0]
      : budgets[reached - 1] +
        ((wanted - best[reached - 1]) / (best[reached] - best[reached - 1])) * (budgets[reached] - budgets[reached - 1])
  return { ratio: (needed - labels) / labels, censored: false }
}
