import {
  aubc,
  cellTitle,
  finishedGroups,
  lastBudget,
  pairedValues,
  rivalsOf,
  sharedRanges,
  type FinishedGroup,
  compatible,
  holm,
  mean,
  metricInfo,
  minimumPairsForP,
  pairedTest,
  sameValue,
  testShareOf,
  testTitle,
  type BudgetRange,
  type Factors,
  type SummaryRow,
} from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import {
  decimal,
  estimateText,
  factorCell,
  tiedMark,
  unfinished,
  unitText,
  type PaperTable,
  type TableCell,
  type TableColumn,
} from './paperTable'

const significance = 0.05

/** A finished group with its row of the summary and its primary values by seed. */
interface Line {
  readonly group: FinishedGroup
  readonly row: SummaryRow
  /** compared with the others of its block: no line, and not the baseline run further */
  readonly rival: boolean
  readonly areas: ReadonlyMap<number, number>
  readonly finals: ReadonlyMap<number, number>
}

/** One row per strategy and level of its own factors, one block per cell of the study-wide ones; the best of a block is marked. */
export function resultsTable(results: ResultSet, dataset: string, id: string, summary: readonly SummaryRow[]): PaperTable {
  const { stats } = results
  const { label, percent } = metricInfo[stats.metric]
  const text = unitText(stats.metric)
  const groups = finishedGroups(results, stats.metric)
  const range = sharedRanges(groups).get(dataset) ?? null
  const rivals = new Set(rivalsOf(groups, stats.baseline))
  const lines = groups.flatMap((group, index) =>
    group.dataset === dataset ? [{ group, row: summary[index], rival: rivals.has(group), ...seedValues(group, range) }] : [],
  )
  const blocks = blocksOf(lines)
  const rows = lines.map(({ row }) => row)
  const has = (pick: (row: SummaryRow) => number | null): boolean => rows.some((row) => pick(row) !== null)
  const unit = percent ? ' (%)' : ''
  const columns: (TableColumn & { readonly cell: (line: Line, block: readonly Line[]) => TableCell })[] = [
    {
      title: 'strategy',
      numeric: false,
      csv: ['dataset', 'strategy', ...results.factors.map((path) => `factor:${path}`), 'seeds'],
      cell: ({ group, row }) => ({
        text: rowTitle(group, results),
        values: [dataset, group.strategy, ...results.factors.map((path) => factorCell(group.factors, path)), row.seeds],
      }),
    },
    ...(rows.some(({ seeds }) => seeds !== rows[0].seeds)
      ? [{ title: 'n', numeric: true, csv: [], cell: ({ row }: Line) => ({ text: String(row.seeds), values: [] }) }]
      : []),
    {
      title: `AUBC${unit}`,
      numeric: true,
      csv: ['aubc', 'aubc_lo', 'aubc_hi', 'aubc_rank'],
      cell: (line, block) => estimateCell(results, line, block, 'areas', [line.row.aubc, line.row.aubcLo, line.row.aubcHi]),
    },
    ...(has((row) => row.aubcEarly)
      ? [plain('early', 'aubc_early', text, (row) => row.aubcEarly), plain('late', 'aubc_late', text, (row) => row.aubcLate)]
      : []),
    {
      title: `last ${label}${unit}`,
      numeric: true,
      csv: ['final', 'final_lo', 'final_hi', 'final_rank'],
      cell: (line, block) => estimateCell(results, line, block, 'finals', [line.row.final, line.row.finalLo, line.row.finalHi]),
    },
    ...(has((row) => row.ssr) ? [{ title: 'labels saved (%)', numeric: true, csv: savingColumns, cell: savingCell }] : []),
    ...(has((row) => row.labelsToTarget)
      ? [
          plain(
            'labels to target',
            'labels_to_target',
            (value) => value.toFixed(0),
            (row) => row.labelsToTarget,
          ),
        ]
      : []),
  ]
  return {
    id,
    title: `Results on ${dataset}`,
    caption: resultsCaption(results, dataset, range, blocks),
    columns,
    blocks: blocks.map(({ title, lines: block }) => ({ title, rows: block.map((line) => columns.map(({ cell }) => cell(line, block))) })),
  }
}

const plain = (title: string, csv: string, text: (value: number) => string, pick: (row: SummaryRow) => number | null) => ({
  title,
  numeric: true,
  csv: [csv],
  cell: ({ row }: Line): TableCell => {
    const value = pick(row)
    return { text: value === null ? '–' : text(value), values: [value] }
  },
})

const savingColumns = ['ssr', 'ssr_lo', 'ssr_hi', 'ssr_censored', 'ssr_at']

function savingCell({ row: { ssr, ssrLo, ssrHi, ssrCensored, ssrAt } }: Line): TableCell {
  const text = (value: number): string => decimal(100 * value, 0)
  const end = (value: number | null, open: string): string => (value === null ? open : text(value))
  const interval = ssrLo === null && ssrHi === null ? '' : ` [${end(ssrLo, '?')}, ${end(ssrHi, '∞')}]`
  return {
    text: ssr === null ? '–' : `${ssrCensored ? '≥ ' : ''}${text(ssr)}${interval}`,
    values: [ssr, ssrLo, ssrHi, ssrCensored === null ? null : String(ssrCensored), ssrAt],
  }
}

function estimateCell(
  results: ResultSet,
  line: Line,
  block: readonly Line[],
  quantity: 'areas' | 'finals',
  [mean, lo, hi]: readonly (number | null)[],
): TableCell {
  if (mean === null) return { text: '–', values: [null, null, null, null] }
  const { stats } = results
  const text = unitText(stats.metric)
  const compared = block.filter(({ rival }) => rival)
  const mark = quantity === 'finals' && !endTogether(compared) ? undefined : marksOf(compared, quantity, results).get(line)
  const shown = estimateText(mean, lo, hi, text, stats.band === 't95' ? text : null)
  return { text: shown, values: [mean, lo, hi, mark ?? null], ...(mark ? { mark } : {}) }
}

/** Values at the last evaluation are comparable only where it is at one budget. */
const endTogether = (lines: readonly Line[]): boolean => new Set(lines.map(({ group }) => lastBudget(group))).size < 2

/** The best line by its mean over seeds, and those whose paired difference to it is not significant after Holm. */
function marksOf(lines: readonly Line[], quantity: 'areas' | 'finals', results: ResultSet): Map<Line, 'best' | 'tied'> {
  const { stats } = results
  const { higherIsBetter } = metricInfo[stats.metric]
  const sign = higherIsBetter ? 1 : -1
  const known = lines.filter((line) => line[quantity].size > 0)
  if (known.length < 2) return new Map()
  const value = (line: Line): number => sign * mean([...line[quantity].values()])
  const best = known.reduce((a, b) => (value(b) > value(a) ? b : a))
  const others = known.filter((line) => line !== best)
  const differences = others.map((line) => [...pairedValues(best[quantity], line[quantity]).values()])
  if (differences.some((values) => values.length < minimumPairsForP)) return new Map([[best, 'best']])
  const p = holm(differences.map((values) => pairedTest(stats.test, values, testShareOf(results, best.group))))
  return new Map([[best, 'best'], ...others.flatMap((line, i): [Line, 'tied'][] => ((p[i] ?? 1) < significance ? [] : [[line, 'tied']]))])
}

function seedValues(group: FinishedGroup, range: BudgetRange | null): Pick<Line, 'areas' | 'finals'> {
  const bySeed = (pick: (curve: FinishedGroup['curves'][number]) => number | null): Map<number, number> =>
    new Map(
      group.curves.flatMap((curve) => {
        const value = pick(curve)
        return value === null ? [] : [[curve.seed, value] as const]
      }),
    )
  return {
    areas: bySeed(({ labels, values }) => (range ? aubc(labels, values, range) : null)),
    finals: bySeed(({ values }) => values[values.length - 1]),
  }
}

const isOwn = (path: string): boolean => path.startsWith('strategies.')

/** Lines that are compared with one another: those that share the levels of the study-wide factors. */
function blocksOf(lines: readonly Line[]): { readonly title: string; readonly lines: readonly Line[] }[] {
  const wide = ({ group }: Line): Factors =>
    Object.fromEntries(Object.entries(group.factors).filter(([path, level]) => !isOwn(path) && level !== null))
  const cells = new Map(lines.map((line) => [JSON.stringify(wide(line)), wide(line)]))
  const size = (cell: Factors): number => Object.keys(cell).length
  const fullest = [...cells.values()].filter(
    (cell) =>
      ![...cells.values()].some(
        (other) => size(other) > size(cell) && Object.entries(cell).every(([path, level]) => sameValue(level, other[path])),
      ),
  )
  return fullest.map((cell) => ({ title: cellTitle(cell), lines: lines.filter((line) => compatible(cell, wide(line))) }))
}

/** Strategy with the levels of its own factors, and what a reader must know of it. */
function rowTitle({ strategy, factors }: FinishedGroup, { oracles = [] }: ResultSet): string {
  const own = cellTitle(Object.fromEntries(Object.entries(factors).filter(([path]) => isOwn(path))))
  return strategy + (own && ` (${own})`) + (oracles.includes(strategy) ? ' (oracle)' : '')
}

function resultsCaption(
  results: ResultSet,
  dataset: string,
  range: BudgetRange | null,
  blocks: readonly { readonly lines: readonly Line[] }[],
): string[] {
  const { stats } = results
  const { label } = metricInfo[stats.metric]
  const seeds = blocks.flatMap(({ lines }) => lines.map(({ row }) => row.seeds))
  const [fewest, most] = [Math.min(...seeds), Math.max(...seeds)]
  const n = fewest === most ? `n = ${most}` : `n = ${fewest}–${most}`
  const band = stats.band === 't95' ? 'mean ± half-width of the 95 % t-interval' : 'mean with 95 % bootstrap interval'
  const isUneven = blocks.some(({ lines }) => !endTogether(lines.filter(({ rival }) => rival)))
  const others = Math.max(0, ...blocks.map(({ lines }) => lines.filter(({ rival }) => rival).length - 1))
  const areas = range ? `area under the budget curve (AUBC) over ${range.from}–${range.to} labels, which all runs share, and ` : ''
  const sentences = [
    `Test ${label} on ${dataset}: ${areas}value at the last evaluation.`,
    most > 1 ? `${capital(band)} over ${n} seeds.` : 'One seed: no interval.',
    ...(isUneven ? ['Last evaluations at different budgets are not compared.'] : []),
    ...unfinished(results, dataset),
  ]
  if (blocks.some(({ lines }) => lines.some(({ row }) => row.ssr !== null)))
    sentences.push(
      `Labels saved: how many more labels ${results.stats.baseline} needs for the same last value, with 95 % bootstrap interval; ≥ where it never gets there.`,
    )
  const copies = [
    ...new Set(blocks.flatMap(({ lines }) => lines.flatMap(({ group, rival }) => (rival || group.line ? [] : [group.strategy])))),
  ]
  for (const name of copies) sentences.push(`${name} is ${stats.baseline} run for another number of rounds and is not compared.`)
  if (others === 0) return sentences
  const within = blocks.length > 1 ? ' within a block' : ''
  if (fewest < minimumPairsForP)
    return [...sentences, `Bold: best mean${within}; fewer than ${minimumPairsForP} seeds, so no test says whether it is best.`]
  const smallest = stats.test === 'paired-t' ? 0 : others * 2 ** (1 - fewest)
  const powerless = smallest > significance ? [`With ${fewest} seeds and ${others} comparisons no difference can be significant.`] : []
  const correction = others > 1 ? `, Holm over ${others} comparisons` : ''
  return [
    ...sentences,
    `Bold: best mean${within}; ${tiedMark}: not significantly different from it (${testTitle(stats.test, most)}, two-sided, paired by seed${correction}, α = 0.05).`,
    ...powerless,
  ]
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)
