import { compatible, factorText, type Factors } from '@engine/analysis/resultSet'
import type { SummaryRow } from '@engine/analysis/summary'

export interface GridValue {
  readonly area: number
  /** 1 for the worst to 5 for the best of the grid */
  readonly shade: number
}

export interface EffectGrid {
  readonly cells: readonly { readonly key: string; readonly factors: Factors }[]
  readonly rows: readonly { readonly strategy: string; readonly values: readonly (GridValue | null)[] }[]
}

const shades = 5

/** Areas by strategy and by the fullest factor cells; a strategy that a factor cannot change stands in all its columns. */
export function gridOf(summary: readonly SummaryRow[], higherIsBetter: boolean): EffectGrid {
  const known = summary.filter(({ aubc }) => aubc !== null)
  const all = new Map<string, Factors>()
  for (const { factors } of known) {
    const levels = Object.fromEntries(Object.entries(factors).filter(([, level]) => level !== null))
    all.set(JSON.stringify(Object.entries(levels).map(([path, level]) => [path, factorText(level)])), levels)
  }
  const isPartOf = (a: Factors, b: Factors): boolean => Object.keys(b).length > Object.keys(a).length && compatible(a, b)
  const cells = [...all].flatMap(([key, factors]) =>
    [...all.values()].some((other) => isPartOf(factors, other)) ? [] : [{ key, factors }],
  )
  const areas = known.map(({ aubc }) => aubc!)
  const [low, high] = [Math.min(...areas), Math.max(...areas)]
  const shadeOf = (area: number): number => {
    const share = high > low ? (area - low) / (high - low) : 1
    return 1 + Math.min(shades - 1, Math.floor(shades * (higherIsBetter ? share : 1 - share)))
  }
  const strategies = [...new Set(known.map(({ strategy }) => strategy))]
  return {
    cells,
    rows: strategies.map((strategy) => ({
      strategy,
      values: cells.map(({ factors }) => {
        const row = known.find((one) => one.strategy === strategy && compatible(one.factors, factors))
        return row ? { area: row.aubc!, shade: shadeOf(row.aubc!) } : null
      }),
    })),
  }
}
