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

/** Names that a column of texts usually has. */
export const textColumnNames: readonly string[] = ['text', 'sentence', 'review', 'content', 'body', 'message', 'comment', 'tweet', 'document', 'title', 'headline', 'question'] // prettier-ignore

const numberPattern = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)$/i

export const isNumeric = (cell: string): boolean => numberPattern.test(cell.trim())

/** Parses comma-, semicolon- or tab-separated text (RFC 4180 quotes). A first row of names above numbers is the header. */
export function readTable(bytes: Uint8Array, name: string): Table {
  if (bytes.subarray(0, 4096).includes(0)) throw badInput(`${name}: this is neither text nor a known array format`, { file: name, expected: 'csv, npy, npz, safetensors or IDX' }) // prettier-ignore
  const text = strFromU8(bytes).replace(/^\uFEFF/, '')
  const parser = createRowParser(delimiterOf(text), name)
  const parsed = [...parser.push(text), ...parser.end()]
  const lines = parsed.map(({ cells }) => cells)
  if (lines.length === 0) throw badInput(`${name}: the file is empty`, { file: name })
  const columns = lines[0].length
  const ragged = lines.findIndex((row) => row.length !== columns)
  if (ragged >= 0)
    throw badInput(`${name}: line ${parsed[ragged].line} has ${lines[ragged].length} cells`, {
      file: name,
      line: parsed[ragged].line,
      found: `${lines[ragged].length} cells`,
      expected: `${columns} cells, like the first line`,
    })
  const header = isHeader(lines[0], lines[1]) ? lines[0].map((cell) => cell.trim()) : null
  return { name, header, rows: header === null ? lines : lines.slice(1), columns }
}

/** Whether the first row names columns: a name above a number, or a name that such a column usually has. */
export function isHeader(first: readonly string[], second: readonly string[] | undefined): boolean {
  if (first.some((cell, j) => !isNumeric(cell) && second?.[j] !== undefined && isNumeric(second[j]))) return true
  const names = first.map((cell) => cell.trim().toLowerCase())
  // Texts above texts: only a usual name tells, and one letter may be a value (y and n).
  const isName = (name: string): boolean => name.length > 1 && (labelColumnNames.includes(name) || textColumnNames.includes(name))
  return names.every((name) => labelColumnNames.includes(name)) || (new Set(names).size === names.length && names.some(isName))
}

/** The delimiter that the first line has most of; `usual` when it has none. */
export function delimiterOf(text: string, usual = ','): string {
  const firstLine = /^[^\r\n]*/.exec(text)?.[0] ?? ''
  const cells = (delimiter: string): number => firstLine.split(delimiter).length
  return [usual, ',', ';', '\t'].reduce((best, candidate) => (cells(candidate) > cells(best) ? candidate : best))
}

export interface TextRow {
  readonly cells: readonly string[]
  /** line of the file on which the row starts, from 1 */
  readonly line: number
}

/** Reads delimited text (RFC 4180 quotes) that comes in pieces; empty lines are left out. */
export interface RowParser {
  push(text: string): TextRow[]
  /** The last row, when no line end follows it. */
  end(): TextRow[]
}

const mostRowChars = 1 << 24

/** Without `quotes`, quotation marks are letters like others. */
export function createRowParser(delimiter: string, name: string, quotes = true): RowParser {
  const comma = delimiter.charCodeAt(0)
  let rest = ''
  let line = 1
  let isStart = true

  const parse = (text: string, isLast: boolean): TextRow[] => {
    const rows: TextRow[] = []
    let start = 0 // of the row
    let at = 0
    let cells: string[] = []
    let rowLine = line
    let lineNow = line
    const endRow = (next: number): void => {
      lineNow++
      if (cells.length > 1 || cells[0].trim() !== '') rows.push({ cells, line: rowLine })
      cells = []
      start = at = next
      rowLine = line = lineNow
    }
    while (at < text.length) {
      let cell = ''
      if (quotes && text.charCodeAt(at) === 0x22) {
        let close = text.indexOf('"', at + 1)
        while (close >= 0 && text.charCodeAt(close + 1) === 0x22) close = text.indexOf('"', close + 2)
        if (close < 0 || (close + 1 === text.length && !isLast)) {
          if (isLast) throw unclosed(rowLine)
          break
        }
        const quoted = text.slice(at + 1, close)
        for (let i = quoted.indexOf('\n'); i >= 0; i = quoted.indexOf('\n', i + 1)) lineNow++
        cell = quoted.includes('"') ? quoted.replaceAll('""', '"') : quoted
        at = close + 1
      }
      let end = at
      let code = 0
      while (end < text.length && (code = text.charCodeAt(end)) !== comma && code !== 0x0a && code !== 0x0d) end++
      if (end === text.length || (code === 0x0d && end + 1 === text.length)) {
        if (!isLast) break
        if (end < text.length || end > at || cell !== '' || cells.length > 0) cells.push(cell + text.slice(at, end))
        at = text.length
        if (cells.length > 0) endRow(at)
        break
      }
      cells.push(cell + text.slice(at, end))
      if (code === comma) {
        at = end + 1
        if (at === text.length && isLast) {
          cells.push('')
          endRow(at)
        }
      } else endRow(code === 0x0d && text.charCodeAt(end + 1) === 0x0a ? end + 2 : end + 1)
    }
    rest = text.slice(start)
    if (rest.length > mostRowChars) throw unclosed(rowLine)
    return rows
  }
  const unclosed = (at: number): Error =>
    badInput(`${name}: the row that starts on line ${at} never ends: a quotation mark opens a cell there and none closes it`, {
      file: name,
      line: at,
      expected: 'quoted cells like "a ""word"", with commas"',
    })
  return {
    push: (text) => {
      const first = isStart ? text.replace(/^\uFEFF/, '') : text
      if (text !== '') isStart = false
      return parse(rest + first, false)
    },
    end: () => parse(rest, true),
  }
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
