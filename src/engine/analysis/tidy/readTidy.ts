import { badInput } from '../../core/errors'
import type { RoundRecord } from '../../study/events'
import { metricIds } from '../../study/fields'
import type { RunResult } from '../../study/results'
import type { FactorValue } from '../../study/spec'
import { metricInfo } from '../metricInfo'
import { placeColumns, type ColumnMap, type PlacedColumns, type TextTable, type TidyColumn } from './columns'

export interface TidyRuns {
  readonly study: string
  readonly runs: readonly RunResult[]
  readonly factors: readonly string[]
  /** what was guessed, converted or left out, for the reader */
  readonly notes: readonly string[]
}

/**
 * Runs from a tidy table of any origin: one row per evaluation, columns of rounds.csv or what `map` and other people's usual names make of
 * them. Empty, NaN and infinite metric cells stay gaps and are reported; percentages become fractions, which is said.
 */
export function readTidy(table: TextTable, map: ColumnMap = {}): TidyRuns {
  const columns = placeColumns(table, map)
  const cells = cellsOf(table, columns)
  const notes = [...columns.notes]
  const scale = new Map(metricIds.map((metric) => [metric, scaleOf(table, columns, cells, metric, notes)]))
  const byRun = new Map<string, { readonly head: Omit<RunResult, 'records'>; readonly rows: TidyRow[] }>()
  const study = cells.text(0, 'study') ?? baseName(table.name)
  const gaps = new Map<RoundRecord, readonly string[]>()
  table.rows.forEach((row, i) => {
    const factors = Object.fromEntries([...columns.factors].map(([path, index]) => [path, factorValue(row[index])]))
    const head = {
      study: cells.text(i, 'study') ?? study,
      dataset: cells.text(i, 'dataset') ?? 'data',
      strategy: cells.required(i, 'strategy'),
      seed: cells.count(i, 'seed'),
      factors,
    }
    const key = JSON.stringify(head)
    const run = byRun.get(key) ?? { head: { ...head, run: cells.text(i, 'run') ?? key, initial: [], complete: true }, rows: [] }
    byRun.set(key, run)
    const value = (column: TidyColumn): number | null => cells.number(i, column)
    const measured = metricIds.filter((metric) => columns.places.has(metric))
    const metrics = Object.fromEntries(
      measured.map((metric) => {
        const found = value(metric)
        return [metric, found === null ? null : found * scale.get(metric)!]
      }),
    )
    const record = recordOf(metrics, value, cells.text(i, 'mode'), cells.labels(i))
    const missing = measured.filter((metric) => metrics[metric] === null)
    if (missing.length > 0)
      gaps.set(
        record,
        missing.map((metric) => `line ${table.lines[i]} (${metric})`),
      )
    run.rows.push({ row: i, record, blank: measured.every((metric) => cells.text(i, metric) === null) })
  })
  const skipped = notEvaluated([...byRun.values()])
  const places = [...gaps].flatMap(([record, own]) => (skipped.has(record) ? [] : own))
  if (places.length > 0)
    notes.push(
      `${table.name}: no value in ${places.slice(0, 5).join(', ')}${places.length > 5 ? ` and ${places.length - 5} more places` : ''}`,
    )
  const runs = [...byRun.values()].map(({ head, rows }) => {
    rows.sort((a, b) => a.record.labeled - b.record.labeled)
    rows.forEach(({ record, row }, i) => {
      if (i > 0 && record.labeled === rows[i - 1].record.labeled)
        throw duplicate(table, columns, rows[i - 1].row, row, head, record.labeled)
    })
    return { ...head, records: rows.map(({ record }, round) => ({ ...record, ...(skipped.has(record) ? { metrics: {} } : {}), round })) }
  })
  return { study, runs, factors: [...columns.factors.keys()], notes }
}

interface TidyRow {
  readonly record: RoundRecord
  readonly row: number
  /** every metric cell there is holds nothing */
  readonly blank: boolean
}

/**
 * Rounds that were not evaluated rather than lost: their metric cells are blank in every seed of the strategy's cell, and the run goes on
 * after them.
 */
function notEvaluated(runs: readonly { readonly head: Omit<RunResult, 'records'>; readonly rows: readonly TidyRow[] }[]): Set<RoundRecord> {
  const places = new Map<string, { readonly records: RoundRecord[]; blank: boolean }>()
  for (const { head, rows } of runs) {
    const last = Math.max(...rows.map(({ record }) => record.labeled))
    for (const { record, blank } of rows) {
      const key = JSON.stringify([head.dataset, head.strategy, head.factors, record.labeled])
      const place = places.get(key) ?? { records: [], blank: true }
      places.set(key, place)
      place.records.push(record)
      place.blank &&= blank && record.labeled < last
    }
  }
  return new Set([...places.values()].flatMap(({ records, blank }) => (blank ? records : [])))
}

function recordOf(
  metrics: RoundRecord['metrics'],
  value: (column: TidyColumn) => number | null,
  mode: string | null,
  labeled: number,
): RoundRecord {
  const time = (column: TidyColumn): number => value(column) ?? NaN
  return {
    round: 0,
    labeled,
    metrics,
    trainLoss: value('train_loss'),
    trainAccuracy: value('train_accuracy'),
    steps: value('steps') ?? NaN,
    epochs: NaN,
    lossCurve: [],
    selection: [],
    diversity: value('diversity'),
    diversityCumulative: value('diversity_cumulative'),
    classEntropy: value('class_entropy'),
    mode,
    overlap: [],
    diagnostics: {},
    timings: {
      trainMs: time('train_ms'),
      forwardMs: time('forward_ms'),
      scoreMs: time('score_ms'),
      chooseMs: time('choose_ms'),
      updateMs: time('update_ms'),
      evalMs: time('eval_ms'),
    },
  }
}

function cellsOf(table: TextTable, { places }: PlacedColumns) {
  const text = (i: number, column: TidyColumn): string | null => {
    const place = places.get(column)
    const cell = place === undefined ? '' : table.rows[i][place].trim()
    return cell === '' ? null : cell
  }
  const refuse = (i: number, column: TidyColumn, expected: string) => {
    const title = table.header[places.get(column)!]
    const found = text(i, column) ?? 'nothing'
    return badInput(`${table.name}, line ${table.lines[i]}: ${title} is ${found}, expected ${expected}`, {
      file: table.name,
      line: table.lines[i],
      path: title,
      found,
      expected,
    })
  }
  const number = (i: number, column: TidyColumn): number | null => {
    const cell = text(i, column)
    if (cell === null || /^([+-]?(nan|inf(inity)?)|na|n\/a|null|none|-)$/i.test(cell)) return null
    const value = Number(cell)
    if (!Number.isFinite(value)) throw refuse(i, column, 'a number with a decimal point, or nothing')
    return value
  }
  return {
    text,
    number,
    refuse,
    required: (i: number, column: TidyColumn): string => {
      const cell = text(i, column)
      if (cell === null) throw refuse(i, column, 'a name')
      return cell
    },
    count: (i: number, column: TidyColumn): number => {
      const value = number(i, column)
      if (value === null || !Number.isSafeInteger(value)) throw refuse(i, column, 'an integer')
      return value
    },
    labels: (i: number): number => {
      const value = number(i, 'labeled')
      if (value === null || value < 0) throw refuse(i, 'labeled', 'a number of labels')
      return value
    },
  }
}

/** Rates may lie beyond 1 by the rounding of a sum. */
const rounding = 1e-9

/** 0.01 for a rate that is given in percent; refuses what is neither a fraction nor a percentage, and both in one column. */
function scaleOf(
  table: TextTable,
  { places }: PlacedColumns,
  cells: ReturnType<typeof cellsOf>,
  metric: (typeof metricIds)[number],
  notes: string[],
): number {
  const place = places.get(metric)
  if (place === undefined || !metricInfo[metric].percent) return 1
  const title = table.header[place]
  const largest = new Map<string, number>()
  let most = 0
  table.rows.forEach((_, i) => {
    const value = cells.number(i, metric)
    if (value === null) return
    if (value < 0 || value > 100) throw cells.refuse(i, metric, 'a fraction from 0 to 1, or a percentage up to 100')
    const strategy = cells.required(i, 'strategy')
    largest.set(strategy, Math.max(value, largest.get(strategy) ?? 0))
    most = Math.max(most, value)
  })
  if (most <= 1 + rounding) return 1
  const [fraction] = [...largest].find(([, value]) => value > 0 && value <= 1) ?? []
  if (fraction !== undefined && metricInfo[metric].higherIsBetter)
    throw badInput(`${table.name}: ${title} goes up to ${most}, but that of ${fraction} only to ${largest.get(fraction)}`, {
      file: table.name,
      path: title,
      found: 'fractions and percentages',
      expected: 'one of the two',
    })
  notes.push(`${table.name}: ${title} is in percent and was divided by 100`)
  return 0.01
}

/** Numbers and truth values as such, everything else as text; an empty cell is no level. */
function factorValue(cell: string): FactorValue {
  const text = cell.trim()
  if (text === '') return null
  if (text === 'true' || text === 'false') return text === 'true'
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

function duplicate(
  table: TextTable,
  { unused }: PlacedColumns,
  first: number,
  second: number,
  { strategy, seed }: Pick<RunResult, 'strategy' | 'seed'>,
  labels: number,
) {
  const [a, b] = [table.rows[first], table.rows[second]]
  const differing = unused.filter((index) => a[index] !== b[index]).map((index) => table.header[index])
  const help = differing.length > 0 ? `; they differ in ${differing.join(', ')}: give --map factor:${differing[0]}=${differing[0]}` : ''
  return badInput(
    `${table.name}: lines ${table.lines[first]} and ${table.lines[second]} are both ${strategy}, seed ${seed}, ${labels} labels${help}`,
    {
      file: table.name,
      line: table.lines[second],
      expected: 'one row per strategy, seed, number of labels and factor level',
    },
  )
}

const baseName = (name: string): string => (name.split(/[/\\]/).pop() ?? name).replace(/\.[a-z]+(\.gz)?$/i, '') || name
