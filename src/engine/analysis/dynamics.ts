import type { ResultSet } from '../study/results'
import { meanCurve } from './finished'
import { groupRuns, runCurve, type Factors, type Measure } from './resultSet'

/** Share of the batch that a shadow would have taken too, or the rank correlation of the two score vectors (A§14): a measure for `curves`. */
export const overlapWith =
  (shadow: string, quantity: 'jaccard' | 'spearman' = 'jaccard'): Measure =>
  ({ overlap }) =>
    overlap.find((entry) => entry.shadow === shadow)?.[quantity]

/** Names of the shadows that were asked, in order of appearance. */
export const shadowsOf = (results: ResultSet): string[] => [
  ...new Set(results.runs.flatMap(({ records }) => records.flatMap(({ overlap }) => overlap.map(({ shadow }) => shadow)))),
]

export interface ClassBalance {
  readonly dataset: string
  readonly strategy: string
  readonly factors: Factors
  /** labels at each evaluation that all runs of the group have */
  readonly labels: readonly number[]
  /** of each class, its mean share of the labels so far; null before there is any */
  readonly shares: readonly (readonly (number | null)[])[]
}

/** Class shares of the labelled set by budget, mean over seeds (A§16). Charged validation rows are not listed and do not count. */
export function classBalance(results: ResultSet): ClassBalance[] {
  return groupRuns(results).flatMap(({ dataset, strategy, factors, line, runs }) => {
    const known = runs.filter(({ initial, records }) => initial.length > 0 || records.some(({ selection }) => selection.length > 0))
    if (line || known.length === 0) return []
    const counted = known.map((run) => {
      const counts = new Float64Array(results.classes)
      let total = 0
      const add = (samples: readonly { readonly label: number }[]): void => {
        for (const { label } of samples) counts[label]++
        total += samples.length
      }
      add(run.initial)
      return run.records.map(({ selection }) => {
        const shares = total > 0 ? Array.from(counts, (count) => count / total) : null
        add(selection)
        return shares
      })
    })
    const perClass = Array.from({ length: results.classes }, (_, c) =>
      meanCurve(known.map((run, i) => ({ ...runCurve(run, () => null), values: counted[i].map((shares) => shares?.[c] ?? null) }))),
    )
    return [{ dataset, strategy, factors, labels: perClass[0]?.labels ?? [], shares: perClass.map(({ values }) => values) }]
  })
}
