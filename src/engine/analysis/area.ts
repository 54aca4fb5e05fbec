import type { RunCurve } from './resultSet'

/** Budgets from `from` to `to`, in labels. */
export interface BudgetRange {
  readonly from: number
  readonly to: number
}

/** Value of the polygon through (labels, values) at `x`; null outside it or next to a missing value. */
export function interpolate(labels: readonly number[], values: readonly (number | null)[], x: number): number | null {
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === x) return values[i]
    if (i > 0 && labels[i - 1] < x && x < labels[i]) {
      const before = values[i - 1]
      const after = values[i]
      if (before === null || after === null) return null
      return before + ((x - labels[i - 1]) / (labels[i] - labels[i - 1])) * (after - before)
    }
  }
  return null
}

/**
 * Area under the budget curve: trapezoids over labels, divided by (n_last − n_first), so a constant curve gives its constant
 * (A§16). `range` cuts the curve, interpolating at its ends. Null when a value in the range is missing or the range is empty.
 */
export function aubc(labels: readonly number[], values: readonly (number | null)[], range?: BudgetRange): number | null {
  const from = range?.from ?? labels[0]
  const to = range?.to ?? labels[labels.length - 1]
  if (!(to > from)) return null
  const first = interpolate(labels, values, from)
  const last = interpolate(labels, values, to)
  if (first === null || last === null) return null
  let area = 0
  let x = from
  let y = first
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] <= from || labels[i] >= to) continue
    const value = values[i]
    if (value === null) return null
    area += ((labels[i] - x) * (value + y)) / 2
    x = labels[i]
    y = value
  }
  return (area + ((to - x) * (last + y)) / 2) / (to - from)
}

/**
 * Area under the curve by trapezoids over labels, divided by the quota of labels bought (DeepAL+, Zhan et al. 2022). Equal to `aubc`
 * when the quota is the queried total and its last step was full.
 */
export function aubcByQuota(labels: readonly number[], values: readonly (number | null)[], quota: number): number | null {
  const mean = aubc(labels, values)
  return mean === null || !(quota > 0) ? null : (mean * (labels[labels.length - 1] - labels[0])) / quota
}

/** AUBC of the early and the late part of a range; `windows` are fractions [start, boundary, end] of it. */
export function aubcWindows(
  labels: readonly number[],
  values: readonly (number | null)[],
  windows: readonly number[],
  range: BudgetRange = { from: labels[0], to: labels[labels.length - 1] },
): { readonly early: number | null; readonly late: number | null } {
  const at = (fraction: number): number => range.from + fraction * (range.to - range.from)
  const [start, boundary, end] = windows
  return {
    early: aubc(labels, values, { from: at(start), to: at(boundary) }),
    late: aubc(labels, values, { from: at(boundary), to: at(end) }),
  }
}

/** The budgets that every curve covers; null when they share none, or a single one. */
export function sharedRange(curves: readonly Pick<RunCurve, 'labels'>[]): BudgetRange | null {
  const from = Math.max(...curves.map(({ labels }) => labels[0]))
  const to = Math.min(...curves.map(({ labels }) => labels[labels.length - 1]))
  return curves.length > 0 && to > from ? { from, to } : null
}

/** First budget at which a mean curve reaches the target, interpolated; null when it never does (A§16). */
export function labelsToTarget(
  labels: readonly number[],
  values: readonly (number | null)[],
  target: number,
  higherIsBetter = true,
): number | null {
  const reached = (value: number): boolean => (higherIsBetter ? value >= target : value <= target)
  for (let i = 0; i < labels.length; i++) {
    const value = values[i]
    if (value === null || !reached(value)) continue
    const before = i > 0 ? values[i - 1] : null
    if (before === null || reached(before)) return labels[i]
    return labels[i - 1] + ((target - before) / (value - before)) * (labels[i] - labels[i - 1])
  }
  return null
}

/**
 * Deficiency of a curve against a baseline's on the same budgets (Baram et al. 2004): Σ(T − a) / [Σ(T − a) + Σ(T − b)], T the better of the
 * two last values (A§16). Below 0.5 the curve is the better one. `ratio` is the plain Σ(T − a) / Σ(T − b). Null with a gap or where neither
 * leaves anything to gain.
 */
export function deficiency(
  values: readonly (number | null)[],
  baseline: readonly (number | null)[],
  higherIsBetter = true,
): { readonly deficiency: number; readonly ratio: number | null } | null {
  if (values.length === 0 || values.length !== baseline.length) return null
  const sign = higherIsBetter ? 1 : -1
  if ([...values, ...baseline].some((value) => value === null)) return null
  const [own, other] = [values, baseline].map((side) => side.map((value) => sign * value!))
  const best = Math.max(own[own.length - 1], other[other.length - 1])
  const [lost, lostByBaseline] = [own, other].map((side) => side.reduce((sum, value) => sum + best - value, 0))
  if (!(lost + lostByBaseline > 0)) return null
  return { deficiency: lost / (lost + lostByBaseline), ratio: lostByBaseline > 0 ? lost / lostByBaseline : null }
}
