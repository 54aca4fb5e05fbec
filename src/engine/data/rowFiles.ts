import { strFromU8 } from 'fflate'
import { badInput } from '../core/errors'
import { z } from '../core/zod'
import { columnOf, readTable, type Table } from './csv'
import { isNpy } from './npy'
import { isZip } from './npz'
import { toIntegers } from './numericArray'
import { readArray, splitReference } from './readArray'

/** Row numbers of a data set's training array by use; `test` may be empty when the set has a test array of its own. */
export interface RowSplit {
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly test: Int32Array
}

const parts = ['train', 'validation', 'test'] as const
const rowList = z.array(z.number().int().nonnegative())

/**
 * Reads row numbers (from 0) in file order: a `.csv` with a column `row` or one column, a `.npy` of integers, or JSON (a list, or
 * `{ "rows": […] }`). Refuses a row that is not below `limit`, or that occurs twice.
 */
export function readRowsFile(bytes: Uint8Array, name: string, limit = Infinity): Int32Array {
  return checkRows(rowsOf(bytes, name), name, limit)
}

/**
 * Reads initial rows, which may differ between repeats: a table with columns `seed` and `row`, JSON with one list per repeat, or
 * anything `readRowsFile` reads, for all repeats alike. The result gives the rows of a repeat.
 */
export function readInitialRows(bytes: Uint8Array, name: string, limit = Infinity): (repeat: number) => Int32Array {
  const lists = listsByRepeat(bytes, name)
  if (lists === null) {
    const rows = readRowsFile(bytes, name, limit)
    return () => rows
  }
  const checked = new Map([...lists].map(([repeat, rows]) => [repeat, checkRows(rows, `${name}, repeat ${repeat}`, limit)]))
  return (repeat) => {
    const rows = checked.get(repeat)
    if (rows === undefined)
      throw badInput(`${name}: no initial rows for repeat ${repeat}`, { file: name, found: `repeats ${[...checked.keys()].join(', ')}` })
    return rows
  }
}

/**
 * Reads a split: a table with columns `row` and `split` (train, validation or test), or JSON `{ "train": […], "validation": […],
 * "test": […] }`. Refuses rows in two parts, rows that are not below `limit` and a split without training rows.
 */
export function readSplitFile(bytes: Uint8Array, name: string, limit = Infinity): RowSplit {
  const split = isJson(bytes) ? splitOfJson(bytes, name) : splitOfTable(readTable(bytes, name))
  checkRows(
    parts.flatMap((part) => split[part]),
    name,
    limit,
  )
  if (split.train.length === 0) throw badInput(`${name}: no training rows`, { file: name, expected: 'rows with split train' })
  return { train: Int32Array.from(split.train), validation: Int32Array.from(split.validation), test: Int32Array.from(split.test) }
}

type Lists = Record<(typeof parts)[number], readonly number[]>

function splitOfJson(bytes: Uint8Array, name: string): Lists {
  const schema = z.strictObject({ train: rowList, validation: rowList.default([]), test: rowList.default([]) })
  return parseJson(bytes, name, schema, '{ "train": […], "validation": […], "test": […] }')
}

function splitOfTable(table: Table): Lists {
  const [rowColumn, splitColumn] = [columnOf(table, 'row'), columnOf(table, 'split')]
  const lists: Record<(typeof parts)[number], number[]> = { train: [], validation: [], test: [] }
  table.rows.forEach((cells, i) => {
    const part = parts.find((candidate) => candidate === cells[splitColumn].trim())
    if (part === undefined)
      throw badInput(`${table.name}: unknown part "${cells[splitColumn]}"`, {
        file: table.name,
        line: i + 2,
        path: 'split',
        found: cells[splitColumn],
        expected: parts.join(' · '),
      })
    lists[part].push(integerCell(table, i, rowColumn))
  })
  return lists
}

function listsByRepeat(bytes: Uint8Array, name: string): ReadonlyMap<number, readonly number[]> | null {
  if (isJson(bytes)) {
    const value: unknown = json(bytes, name)
    const nested = z.array(rowList).safeParse(value)
    return nested.success && nested.data.length > 0 ? new Map(nested.data.map((rows, repeat) => [repeat, rows])) : null
  }
  if (isNpy(bytes) || isZip(bytes)) return null
  const table = readTable(bytes, name)
  if (table.header?.includes('seed') !== true) return null
  const [seedColumn, rowColumn] = [columnOf(table, 'seed'), columnOf(table, 'row')]
  const lists = new Map<number, number[]>()
  table.rows.forEach((_, i) => {
    const seed = integerCell(table, i, seedColumn)
    const rows = lists.get(seed) ?? []
    lists.set(seed, rows)
    rows.push(integerCell(table, i, rowColumn))
  })
  return lists
}

function rowsOf(bytes: Uint8Array, name: string): ArrayLike<number> {
  if (isJson(bytes)) return rowsOfJson(bytes, name)
  if (isNpy(bytes) || isZip(bytes)) return toIntegers(readArray(bytes, name), name)
  const { file, key } = splitReference(name)
  const table = readTable(bytes, file)
  const column = key !== undefined ? columnOf(table, key) : table.columns === 1 ? 0 : columnOf(table, 'row')
  return table.rows.map((_, i) => integerCell(table, i, column))
}

function rowsOfJson(bytes: Uint8Array, name: string): readonly number[] {
  const parsed = parseJson(bytes, name, z.union([rowList, z.strictObject({ rows: rowList })]), 'a list of row numbers')
  return 'rows' in parsed ? parsed.rows : parsed
}

const isJson = (bytes: Uint8Array): boolean => /^\s*[[{]/.test(strFromU8(bytes.subarray(0, 64), true))

function json(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(strFromU8(bytes))
  } catch (error) {
    throw badInput(`${name}: not valid JSON`, { file: name, found: error instanceof Error ? error.message : '' })
  }
}

function parseJson<T>(bytes: Uint8Array, name: string, schema: z.ZodType<T>, expected: string): T {
  const parsed = schema.safeParse(json(bytes, name))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badInput(`${name}: ${issue.message}`, { file: name, path: issue.path.join('.'), expected })
}

function integerCell(table: Table, row: number, column: number): number {
  const cell = table.rows[row][column].trim()
  if (/^\d{1,10}$/.test(cell)) return Number(cell)
  throw badInput(`${table.name}: "${cell}" is not a row number`, {
    file: table.name,
    line: row + (table.header === null ? 1 : 2),
    found: cell,
    expected: 'an integer of at least 0',
  })
}

/** Row numbers as an array; refuses negative, repeated and too large ones. */
export function checkRows(rows: ArrayLike<number>, name: string, limit: number): Int32Array {
  const seen = new Set<number>()
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const place = { file: name, path: `entry ${i}`, found: `row ${row}` }
    if (!Number.isInteger(row) || row < 0 || row >= Math.min(limit, 2 ** 31))
      throw badInput(`${name}: there is no row ${row}`, {
        ...place,
        expected: Number.isFinite(limit) ? `rows 0 to ${limit - 1}` : 'a row number from 0',
      })
    if (seen.has(row)) throw badInput(`${name}: row ${row} occurs twice`, { ...place, expected: 'each row once' })
    seen.add(row)
  }
  return Int32Array.from(rows)
}
