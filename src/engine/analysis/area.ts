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
