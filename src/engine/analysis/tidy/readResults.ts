import { badInput } from '../../core/errors'
import { cdalBench } from './cdalBench'
import type { ColumnMap, TextTable } from './columns'
import { longTable } from './longTable'
import { ogal } from './ogal'
import { readTidy, type TidyRuns } from './readTidy'
import { textTableOf } from './textTable'
import { wandbChart, wandbHistory } from './wandb'

/** What the user says of a table beside the names of its columns. */
export interface GivenFacts {
  /** metric of a file that does not name it */
  readonly metric?: string
  /** labels before the first query, and per query: for tables that count rounds instead of labels */
  readonly initial?: number
  readonly batch?: number
}

/** Where a table came from: its path, and how to read a file relative to it (null: there is none). */
export interface TableOrigin {
  readonly path: string
  readonly beside?: (relative: string) => string | null
}

/** A layout of somebody else's results and how it becomes a table with one row per evaluation. */
export interface ResultFormat {
  readonly title: string
  matches(table: TextTable): boolean
  tidy(table: TextTable, given: GivenFacts, origin: TableOrigin): { readonly table: TextTable; readonly notes: readonly string[] }
}

const formats: readonly ResultFormat[] = [ogal, cdalBench, wandbChart, wandbHistory, longTable]

/**
 * Runs from a table of results in any known layout: one row per evaluation, OGAL, CDALBench, W&B, or one row per metric. In `map`, a value
 * that begins with `=` is a constant (`strategy` → `=badge`); `initial`, `batch` and `metric` are constants for layouts that lack them.
 */
export function readResults(name: string, text: string, map: ColumnMap = {}, origin: TableOrigin = { path: name }): TidyRuns {
  const { columns, constants, given } = split(map)
  const raw = textTableOf(name, text)
  const format = formats.find((one) => one.matches(raw))
  const tidied = format?.tidy(raw, given, origin) ?? { table: raw, notes: [] }
  const notes = [...(format === undefined ? [] : [`${name} is read as ${format.title}`]), ...tidied.notes]
  const runs = readTidy(withLabels(withConstants(tidied.table, constants), given), columns)
  return { ...runs, notes: [...notes, ...runs.notes] }
}

function split(map: ColumnMap): { columns: ColumnMap; constants: ColumnMap; given: GivenFacts } {
  const own = ['metric', 'initial', 'batch']
  const entries = Object.entries(map)
  const constant = ([key, value]: [string, string]): [string, string] => [key, value.replace(/^=/, '')]
  const facts = Object.fromEntries(entries.filter(([key]) => own.includes(key)).map(constant))
  const count = (key: string): number | undefined => {
    if (facts[key] === undefined) return undefined
    if (/^\d+$/.test(facts[key])) return Number(facts[key])
    throw badInput(`--map ${key}=${facts[key]}: a number of labels is needed`, {
      path: '--map',
      found: facts[key],
      expected: 'a whole number',
    })
  }
  return {
    columns: Object.fromEntries(entries.filter(([key, value]) => !own.includes(key) && !value.startsWith('='))),
    constants: Object.fromEntries(entries.filter(([key, value]) => !own.includes(key) && value.startsWith('=')).map(constant)),
    given: { metric: facts.metric, initial: count('initial'), batch: count('batch') },
  }
}

/** The table with a column of the same cell in every row for each constant, in place of one with its name. */
function withConstants(table: TextTable, constants: ColumnMap): TextTable {
  const names = Object.keys(constants)
  if (names.length === 0) return table
  const kept = table.header.flatMap((title, i) => (names.includes(title) ? [] : [i]))
  return {
    ...table,
    header: [...names, ...kept.map((i) => table.header[i])],
    rows: table.rows.map((row) => [...Object.values(constants), ...kept.map((i) => row[i] ?? '')]),
  }
}

/** Labels from rounds, where the table counts those and the user says what a round adds. */
function withLabels(table: TextTable, { initial, batch }: GivenFacts): TextTable {
  const round = table.header.findIndex((title) => /^(round|cycle|iteration|loop|step|_step)$/i.test(title))
  if (batch === undefined || round < 0 || table.header.includes('labeled')) return table
  return {
    ...table,
    header: [...table.header, 'labeled'],
    rows: table.rows.map((row) => [...row, row[round] === '' ? '' : String((initial ?? 0) + batch * Number(row[round]))]),
  }
}
