import { badInput } from '@engine/core/errors'
import { createRowParser, delimiterOf, isHeader } from '@engine/data/csv'
import { decodeText } from '../source/text'
import { readAll, type InputFile } from '../source/inputFile'
import type { Batch, FileImporter, ImportContext, TableSource } from './contract'

const batchRows = 4096

export const csv: FileImporter = {
  id: 'csv',
  title: 'CSV or TSV',
  sniff: (head, name) =>
    /\.(csv|tsv)$/i.test(name) ? (isText(head) ? 0.95 : 0) : isText(head) ? (/\.(txt|data|dat)$/i.test(name) ? 0.4 : 0.2) : 0,
  table: openCsv,
}

/** Bytes of a text file, as far as a look at its start can tell. */
export function isText(head: Uint8Array): boolean {
  if (head.length === 0) return false
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return true // UTF-16
  return !head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27))
}

async function openCsv(file: InputFile, { mapping }: ImportContext): Promise<TableSource> {
  const head = await firstText(file, mapping.encoding)
  const delimiter = isSpaced(head, file.name) ? ' ' : delimiterOf(head, /\.tsv$/i.test(file.name) ? '\t' : undefined)
  const parser = createRowParser(delimiter, file.name, mapping.quotes)
  const first = [...parser.push(delimiter === ' ' ? singleSpaces()(head) : head), ...(head.length < headChars ? parser.end() : [])].slice(
    0,
    2,
  )
  if (first.length === 0) throw badInput(`${file.name}: the file is empty`, { file: file.name })
  const second = delimiter === ';' ? first[1]?.cells.map(withPoint) : first[1]?.cells
  const hasHeader = mapping.header ?? isHeader(first[0].cells, second)
  const names = uniqueNames(hasHeader ? first[0].cells.map((cell) => cell.trim()) : first[0].cells.map((_, j) => `column ${j}`))
  return {
    name: file.name,
    columns: names.map((name) => ({ name, kind: 'text' })),
    rows: null,
    batches: (columns) =>
      batches(
        file,
        delimiter,
        hasHeader,
        mapping,
        names.length,
        columns.map((name) => names.indexOf(name)),
      ),
  }
}

const spacedLines = 20

/** Whether spaces part the cells, as in what `numpy.savetxt` writes and in lists of files with their class; .csv and .tsv never say so. */
function isSpaced(head: string, name: string): boolean {
  if (/\.[ct]sv$/i.test(name)) return false
  const lines = head.split('\n', spacedLines + 1)
  if (lines.length > 1) lines.pop() // cut, or nothing
  const counts = lines.filter((line) => line.trim() !== '').map((line) => (/[,;\t"]/.test(line) ? 0 : line.trim().split(/ +/).length))
  return counts.length > 0 && counts[0] > 1 && counts.every((count) => count === counts[0])
}

/** One space for several, and none at the ends of lines, in text that comes in pieces. */
function singleSpaces(): (text: string) => string {
  let kept: string | null = null // the end of what came: only more text says whether its spaces part cells
  return (text) => {
    const joined = (kept === null ? text.trimStart() : kept + text).replace(/ +/g, ' ').replace(/ ?(\r?\n) ?/g, '$1')
    const end = /[ \r\n]*$/.exec(joined)?.index ?? joined.length
    kept = joined.slice(end)
    return joined.slice(0, end)
  }
}

/** Where semicolons part the cells, a comma is a decimal point, as spreadsheets write it in many languages. */
const withPoint = (cell: string): string => (/^\s*[+-]?\d*,\d+(e[+-]?\d+)?\s*$/i.test(cell) ? cell.replace(',', '.') : cell)

async function* batches(
  file: InputFile,
  delimiter: string,
  hasHeader: boolean,
  { encoding, quotes }: ImportContext['mapping'],
  width: number,
  wanted: readonly number[],
): AsyncGenerator<Batch> {
  const parser = createRowParser(delimiter, file.name, quotes)
  const hasCommas = delimiter === ';'
  let cells: string[][] = wanted.map(() => [])
  let lines: number[] = []
  let skip = hasHeader
  const take = (): Batch => {
    const batch: Batch = { rows: lines.length, cells: cells.map((values) => ({ kind: 'text', values })), lines }
    cells = wanted.map(() => [])
    lines = []
    return batch
  }
  const add = ({ cells: row, line }: { readonly cells: readonly string[]; readonly line: number }): void => {
    if (skip) {
      skip = false
      return
    }
    if (row.length !== width)
      throw badInput(`${file.name}: line ${line} has ${row.length} cells`, {
        file: file.name,
        line,
        found: `${row.length} cells`,
        expected: `${width} cells, like the first line`,
      })
    for (let j = 0; j < wanted.length; j++) cells[j].push(hasCommas ? withPoint(row[wanted[j]]) : row[wanted[j]])
    lines.push(line)
  }
  const prepared = delimiter === ' ' ? singleSpaces() : (text: string): string => text
  for await (const text of decodeText(file, encoding)) {
    for (const row of parser.push(prepared(text))) {
      add(row)
      if (lines.length >= batchRows) yield take()
    }
  }
  for (const row of parser.end()) add(row)
  if (lines.length > 0) yield take()
}

const headChars = 1 << 16

async function firstText(file: InputFile, encoding: string | undefined): Promise<string> {
  let text = ''
  for await (const part of decodeText(file, encoding)) {
    text += part
    if (text.length >= headChars) break
  }
  return text
}

/** Names for a mapping: an empty one becomes its number, a repeated one gets a suffix. */
export function uniqueNames(names: readonly (string | null | undefined)[]): string[] {
  const seen = new Map<string, number>()
  return names.map((given, j) => {
    const name = given || `column ${j}`
    const count = seen.get(name) ?? 0
    seen.set(name, count + 1)
    return count === 0 ? name : `${name} (${count + 1})`
  })
}

/** A whole text file. */
export async function readText(file: InputFile): Promise<string> {
  return new TextDecoder().decode(await readAll(file))
}
