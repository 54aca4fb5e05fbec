import { strFromU8 } from 'fflate'
import { badInput } from '../core/errors'
import { z } from '../core/zod'
import { columnOf, readTable } from './csv'
import { isNpy } from './npy'
import { isZip } from './npz'
import { toIntegers, type NumericArray } from './numericArray'
import { readArray, splitReference } from './readArray'

/**
 * Reads row numbers (from 0) in file order: a `.csv` with a column `row`, one column or one line, a `.npy` of integers, or JSON (a
 * list, or `{ "rows": […] }`). Refuses a row that is not below `limit`, or that occurs twice.
 */
export function readRowsFile(bytes: Uint8Array, name: string, limit: number): Int32Array {
  return checkRows(rowsOf(bytes, name), name, limit)
}

/** Row numbers as an array; refuses negative, repeated and too large ones. */
export function checkRows(rows: ArrayLike<number>, name: string, limit: number): Int32Array {
  const seen = new Set<number>()
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    const place = { file: name, path: `entry ${i}`, found: `row ${row}` }
    if (!Number.isInteger(row) || row < 0 || row >= limit)
      throw badInput(`${name}: there is no row ${row}`, { ...place, expected: `rows 0 to ${limit - 1}` })
    if (seen.has(row)) throw badInput(`${name}: row ${row} occurs twice`, { ...place, expected: 'each row once' })
    seen.add(row)
  }
  return Int32Array.from(rows)
}

function rowsOf(bytes: Uint8Array, name: string): ArrayLike<number> {
  if (/^\s*[[{]/.test(strFromU8(bytes.subarray(0, 64), true))) return rowsOfJson(bytes, name)
  if (isNpy(bytes) || isZip(bytes)) return rowsOfArray(readArray(bytes, name), name)
  const { file, key } = splitReference(name)
  const table = readTable(bytes, file)
  if (key === undefined && table.header === null && table.rows.length === 1) return rowNumbers(table.rows[0], file, () => 1)
  const column = key !== undefined ? columnOf(table, key) : table.columns === 1 ? 0 : columnOf(table, 'row')
  return rowNumbers(
    table.rows.map((cells) => cells[column]),
    file,
    (i) => i + (table.header === null ? 1 : 2),
  )
}

const rowNumbers = (cells: readonly string[], file: string, lineOf: (i: number) => number): number[] =>
  cells.map((text, i) => {
    const cell = text.trim()
    if (/^[+-]?\d+$/.test(cell)) return Number(cell)
    throw badInput(`${file}: "${cell}" is not a row number`, { file, line: lineOf(i), found: cell, expected: 'an integer of at least 0' })
  })

/** A mask would read as rows 0 and 1. */
function rowsOfArray(array: NumericArray, name: string): Int32Array {
  if (array.dtype === 'bool')
    throw badInput(`${name}: this is a mask; row numbers are needed: numpy.flatnonzero(mask)`, {
      file: name,
      found: 'bool',
      expected: 'integers',
    })
  return toIntegers(array, name)
}

const rowList = z.array(z.number())
const rowsDocument = z.union([rowList, z.strictObject({ rows: rowList })])

function rowsOfJson(bytes: Uint8Array, name: string): readonly number[] {
  let value: unknown
  try {
    value = JSON.parse(strFromU8(bytes))
  } catch (error) {
    throw badInput(`${name}: not valid JSON`, { file: name, found: error instanceof Error ? error.message : '' })
  }
  const parsed = rowsDocument.safeParse(value)
  if (!parsed.success) throw badInput(`${name}: not a list of row numbers`, { file: name, expected: '[0, 3, 7] or { "rows": [0, 3, 7] }' })
  return 'rows' in parsed.data ? parsed.data.rows : parsed.data
}
