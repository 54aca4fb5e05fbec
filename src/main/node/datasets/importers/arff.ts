import { badInput } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import { textLines } from '../source/text'
import type { Batch, Cells, Column, FileImporter, ImportContext, TableSource } from './contract'
import { isText, uniqueNames } from './csv'

const batchRows = 4096

export const arff: FileImporter = {
  id: 'arff',
  title: 'ARFF (Weka, OpenML)',
  sniff: (head, name) => {
    if (!isText(head)) return 0
    const isRelation = /^\s*@relation\b/im.test(new TextDecoder('latin1').decode(head).replace(/^\s*%.*$/gm, ''))
    return isRelation ? 1 : /\.arff$/i.test(name) ? 0.97 : 0
  },
  table: openArff,
}

async function openArff(file: InputFile, { mapping }: ImportContext): Promise<TableSource> {
  const declared: Attribute[] = []
  let hasData = false
  for await (const { text, line } of textLines(file, mapping.encoding)) {
    const [, keyword, rest = ''] = /^\s*@(\w+)\s*(.*)$/.exec(text) ?? []
    if (keyword === undefined) {
      if (/^\s*(%.*)?$/.test(text)) continue
      throw badInput(`${file.name}: line ${line} stands before @data`, {
        file: file.name,
        line,
        found: text.slice(0, 80),
        expected: '@relation, @attribute or @data',
      })
    }
    if (/^data$/i.test(keyword)) {
      hasData = true
      break
    }
    if (/^attribute$/i.test(keyword)) declared.push(attributeOf(rest, file.name, line))
    else if (!/^relation$/i.test(keyword))
      throw badInput(`${file.name}: line ${line}: @${keyword} is not known`, {
        file: file.name,
        line,
        expected: '@relation, @attribute or @data',
      })
  }
  if (!hasData || declared.length === 0)
    throw badInput(`${file.name}: ${hasData ? 'no @attribute' : 'no @data section'}`, { file: file.name })
  const names = uniqueNames(declared.map(({ name }) => name))
  const columns = declared.map(({ kind }, j): Column => ({ name: names[j], kind }))
  return {
    name: file.name,
    columns,
    rows: null,
    batches: (asked) =>
      batches(
        file,
        mapping.encoding,
        columns,
        declared.map(({ zero }) => zero),
        asked.map((name) => names.indexOf(name)),
      ),
  }
}

interface Attribute {
  readonly name: string
  readonly kind: 'number' | 'text'
  /** what a sparse row leaves out: 0, or the first nominal value */
  readonly zero: string | null
}

function attributeOf(text: string, file: string, line: number): Attribute {
  const [, single, double, bare, type] = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\S+))\s+(.+)$/.exec(text.trim()) ?? []
  const name = unescape(single ?? double ?? bare ?? '')
  if (type === undefined)
    throw badInput(`${file}: line ${line}: an attribute without a type`, {
      file,
      line,
      found: text.slice(0, 80),
      expected: '@attribute name numeric',
    })
  if (/^(numeric|real|integer)\b/i.test(type)) return { name, kind: 'number', zero: '0' }
  if (/^(string|date)\b/i.test(type)) return { name, kind: 'text', zero: null }
  if (type.startsWith('{')) {
    const [, single, double, bare] = /^\{\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,}]*?))\s*[,}]/.exec(type) ?? []
    return { name, kind: 'text', zero: unescape(single ?? double ?? bare ?? '') }
  }
  throw badInput(`${file}: line ${line}: attributes of type ${type.slice(0, 40)} are not read`, {
    file,
    line,
    expected: 'numeric, nominal, string or date',
  })
}

async function* batches(
  file: InputFile,
  encoding: string | undefined,
  columns: readonly Column[],
  zeros: readonly (string | null)[],
  wanted: readonly number[],
): AsyncGenerator<Batch> {
  let rows: (readonly (string | null)[])[] = []
  let lines: number[] = []
  const take = (): Batch => {
    const batch: Batch = { rows: rows.length, lines, cells: wanted.map((j) => cellsOf(columns[j], j, rows, lines, file.name)) }
    rows = []
    lines = []
    return batch
  }
  let isData = false
  for await (const { text, line } of textLines(file, encoding)) {
    if (!isData) {
      isData = /^\s*@data\s*$/i.test(text)
      continue
    }
    if (/^\s*(%.*)?$/.test(text)) continue
    rows.push(/^\s*\{/.test(text) ? sparseRow(text, zeros, file.name, line) : denseRow(text, columns.length, file.name, line))
    lines.push(line)
    if (rows.length >= batchRows) yield take()
  }
  if (rows.length > 0) yield take()
}

function cellsOf(
  { kind, name }: Column,
  j: number,
  rows: readonly (readonly (string | null)[])[],
  lines: readonly number[],
  file: string,
): Cells {
  if (kind === 'text') return { kind: 'text', values: rows.map((row) => row[j]) }
  return {
    kind: 'number',
    values: Float64Array.from(rows, (row, i) => {
      const cell = row[j]
      const value = cell === null ? NaN : Number(cell)
      if (cell !== null && (cell.trim() === '' || Number.isNaN(value)))
        throw badInput(`${file}: line ${lines[i]}: "${cell.slice(0, 40)}" in ${name} is not a number`, {
          file,
          line: lines[i],
          path: name,
          found: cell.slice(0, 80),
          expected: 'a number or ?',
        })
      return value
    }),
  }
}

const cell = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,]*?))\s*(,|$)/y

/** Cells of a line; `?` is null. */
function denseRow(text: string, width: number, file: string, line: number): (string | null)[] {
  const row: (string | null)[] = []
  cell.lastIndex = 0
  for (;;) {
    const match = cell.exec(text)
    if (match === null) throw badInput(`${file}: line ${line}: a quotation mark is not closed`, { file, line, found: text.slice(0, 80) })
    const [, single, double, bare, end] = match
    row.push(bare === '?' ? null : (bare ?? unescape(single ?? double)))
    if (end === '') break
  }
  // A weight in braces may follow the last value.
  if (row.length === width + 1 && /^\{.*\}$/.test(row[width] ?? '')) row.pop()
  if (row.length !== width)
    throw badInput(`${file}: line ${line} has ${row.length} values`, {
      file,
      line,
      found: String(row.length),
      expected: `${width}, one per attribute`,
    })
  return row
}

/** `{ index value, … }`; what is not listed is 0, or the first nominal value. */
function sparseRow(text: string, zeros: readonly (string | null)[], file: string, line: number): (string | null)[] {
  const body = /^\s*\{(.*)\}\s*$/.exec(text)?.[1]
  const row = [...zeros]
  for (const pair of body === undefined ? ['?'] : body.split(',').filter((part) => part.trim() !== '')) {
    const [, index, value] = /^\s*(\d+)\s+(.+?)\s*$/.exec(pair) ?? []
    if (index === undefined || Number(index) >= zeros.length)
      throw badInput(`${file}: line ${line}: "${pair.trim().slice(0, 40)}" is no entry of a sparse row`, {
        file,
        line,
        found: pair.slice(0, 80),
        expected: '{ index value, … }',
      })
    row[Number(index)] = value === '?' ? null : unescape(value.replace(/^(['"])(.*)\1$/, '$2'))
  }
  return row
}

const unescape = (text: string): string => text.replace(/\\(.)/g, '$1')
