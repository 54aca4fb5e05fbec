import { dsvFormat } from 'd3-dsv'
import { strFromU8 } from 'fflate'
import { badInput, nearestName } from '../core/errors'
import type { NumericArray } from './numericArray'

/** A text table; every row has the same number of cells. */
export interface Table {
  readonly name: string
  /** column names, or null when the file has none */
  readonly header: readonly string[] | null
  readonly rows: readonly (readonly string[])[]
  readonly columns: number
}

/** Names that a column of class labels usually has. */
export const labelColumnNames: readonly string[] = ['label', 'labels', 'class', 'target', 'y', 'species', 'category']

const numberPattern = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)$/i

export const isNumeric = (cell: string): boolean => numberPattern.test(cell.trim())

/** Parses comma-, semicolon- or tab-separated text (RFC 4180 quotes). A first row of names above numbers is the header. */
export function readTable(bytes: Uint8Array, name: string): Table {
  if (bytes.subarray(0, 4096).includes(0)) throw badInput(`${name}: this is neither text nor a known array format`, { file: name, expected: 'csv, npy, npz, safetensors or IDX' }) // prettier-ignore
  const text = strFromU8(bytes).replace(/^\uFEFF/, '')
  const firstLine = /^[^\r\n]*/.exec(text)?.[0] ?? ''
  const delimiter = [',', ';', '\t'].reduce((best, candidate) =>
    firstLine.split(candidate).length > firstLine.split(best).length ? candidate : best,
  )
  const lines = dsvFormat(delimiter)
    .parseRows(text)
    .filter((row) => row.length > 1 || row[0].trim() !== '')
  if (lines.length === 0) throw badInput(`${name}: the file is empty`, { file: name })
  const columns = lines[0].length
  const ragged = lines.findIndex((row) => row.length !== columns)
  if (ragged >= 0)
    throw badInput(`${name}: line ${ragged + 1} has ${lines[ragged].length} cells`, {
      file: name,
      line: ragged + 1,
      found: `${lines[ragged].length} cells`,
      expected: `${columns} cells, like the first line`,
    })
  const header = isHeader(lines[0], lines[1]) ? lines[0].map((cell) => cell.trim()) : null
  return { name, header, rows: header === null ? lines : lines.slice(1), columns }
}

function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  if (first.some((cell, j) => !isNumeric(cell) && second !== undefined && isNumeric(second[j]))) return true
  return first.every((cell) => labelColumnNames.includes(cell.trim().toLowerCase()))
}

/** Number of the column with this name (or, for a table without names, this number from 0). */
export function columnOf(table: Table, key: string): number {
  const named = table.header?.indexOf(key) ?? -1
  if (named >= 0) return named
  const number = Number(key)
  if (/^\d+$/.test(key) && number < table.columns) return number
  const names = table.header ?? []
  throw badInput(`${table.name}: no column "${key}"`, {
    file: table.name,
    found: names.length > 0 ? names.slice(0, 12).join(', ') : `${table.columns} columns without names`,
    expected: key,
    nearest: nearestName(key, names),
  })
}

/** The given columns as float64, n × columns; names the first cell that is no number. */
export function tableNumbers(table: Table, columns: readonly number[]): NumericArray {
  const data = new Float64Array(table.rows.length * columns.length)
  let at = 0
  for (let i = 0; i < table.rows.length; i++) {
    for (const j of columns) {
      const cell = table.rows[i][j].trim()
      if (!isNumeric(cell)) throw notANumber(table, i, j, cell)
      data[at++] = parseNumber(cell)
    }
  }
  return { data, shape: columns.length === 1 ? [table.rows.length] : [table.rows.length, columns.length], dtype: 'float64' }
}

function parseNumber(cell: string): number {
  const value = Number(cell)
  if (!Number.isNaN(value)) return value
  return /inf/i.test(cell) ? (cell.startsWith('-') ? -Infinity : Infinity) : NaN
}

function notANumber(table: Table, row: number, column: number, cell: string): Error {
  const place = `row ${row}, column ${table.header?.[column] ?? column}`
  return badInput(`${table.name}: ${cell === '' ? 'a missing value' : `"${cell.slice(0, 40)}" is not a number`} at ${place}`, {
    file: table.name,
    line: row + (table.header === null ? 1 : 2),
    path: place,
    found: cell === '' ? 'nothing' : cell.slice(0, 80),
    expected: 'a number',
  })
}
