import { canonicalJson } from '@engine/core/hash'
import { variantsOf } from '@engine/study/expand'
import { cellOfLevel, type FactorValue, type Study } from '@engine/study/spec'
import type { PlanReport } from '@contract/types'
import { levelTitle } from '@engine/analysis/factorWords'

type Factors = Readonly<Record<string, FactorValue>>

export interface GridCell {
  readonly seeds: number
  readonly computed: number
  /** columns it stretches over: a factor that cannot change the run */
  readonly span: number
}

export interface GridRow {
  readonly strategy: string
  readonly detail: string
  readonly cells: readonly (GridCell | null)[]
}

export interface Grid {
  readonly columns: readonly string[]
  readonly rows: readonly GridRow[]
  readonly runs: number
  /** of them, those that were computed before */
  readonly computed: number
  readonly cells: number
  readonly fits: number
}

/** A level that is no word says of what it is: `learningRate 0.01`. */
const levelName = (path: string, level: FactorValue): string => {
  const title = levelTitle(path, level)
  return Number.isFinite(Number(title)) || ['true', 'false'].includes(title) ? `${path.slice(path.lastIndexOf('.') + 1)} ${title}` : title
}

const key = (strategy: string, factors: Factors): string =>
  canonicalJson([strategy, Object.fromEntries(Object.entries(factors).filter(([, level]) => level !== null))])

/** The study's grid at once, before the lab has answered: strategies with their own levels down, study-wide levels across. */
export function gridOf(study: Study, plan: PlanReport | null): Grid {
  const variants = variantsOf(study)
  const seeds = study.protocol.seeds * Math.max(1, study.datasets.length)
  const computed = new Map(plan?.grid.map((cell) => [key(cell.strategy, cell.factors), cell.computed]))
  const factors = Object.keys(study.ablate)
  const wide = factors.filter((path) => !path.startsWith('strategies.'))

  const combinations = wide.reduce<Factors[]>(
    (found, path) => found.flatMap((levels) => study.ablate[path].map((level) => ({ ...levels, [path]: cellOfLevel(level) }))),
    [{}],
  )
  const columns = combinations.map((levels) =>
    wide
      .filter((path) => study.ablate[path].length > 1)
      .map((path) => levelName(path, levels[path]))
      .join(', '),
  )

  const rows = new Map<string, { strategy: string; detail: string; cells: (GridCell | null)[] }>()
  for (const { plan: run, factors: levels } of variants) {
    const own = Object.fromEntries(Object.entries(levels).filter(([path, level]) => path.startsWith('strategies.') && level !== null))
    const rowKey = key(run.strategy.name, own)
    const row = rows.get(rowKey) ?? {
      strategy: run.strategy.name,
      detail: Object.entries(own)
        .filter(([path]) => study.ablate[path].length > 1)
        .map(([path, level]) => levelName(path, level))
        .join(', '),
      cells: combinations.map(() => null),
    }
    rows.set(rowKey, row)
    const fitting = combinations.flatMap((combination, i) =>
      wide.every((path) => levels[path] === null || canonicalJson(levels[path]) === canonicalJson(combination[path])) ? [i] : [],
    )
    const together = fitting.every((place, i) => i === 0 || place === fitting[i - 1] + 1)
    const cell = { seeds, computed: computed.get(key(run.strategy.name, levels)) ?? 0 }
    if (together && fitting.length > 0) row.cells[fitting[0]] = { ...cell, span: fitting.length }
    else for (const place of fitting) row.cells[place] = { ...cell, span: 1 }
  }
  return {
    columns,
    rows: [...rows.values()].sort((a, b) => order(study, a.strategy) - order(study, b.strategy)),
    runs: variants.length * seeds,
    computed: variants.reduce((sum, { plan: run, factors: levels }) => sum + (computed.get(key(run.strategy.name, levels)) ?? 0), 0),
    cells: variants.length,
    fits: variants.reduce((sum, { plan: run }) => sum + seeds * (run.strategy.rounds + 1), 0),
  }
}

const order = (study: Study, strategy: string): number => study.strategies.findIndex(({ name }) => name === strategy)

/** Cells of a row as they are drawn: those covered by a stretched one are left out. */
export function drawnCells(row: GridRow): (GridCell | null)[] {
  const drawn: (GridCell | null)[] = []
  for (let i = 0; i < row.cells.length;) {
    const cell = row.cells[i]
    drawn.push(cell)
    i += cell?.span ?? 1
  }
  return drawn
}
