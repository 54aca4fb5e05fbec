import { dsvFormat } from 'd3-dsv'
import { badInput } from '../../core/errors'
import { z } from '../../core/zod'
import type { TextTable } from './columns'

const jsonTable = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
})

/** The table in a file: JSON `{ columns, rows }` or lines of JSON objects, by its name's ending or first character, else text with the delimiter that its first line has most of. */
export function textTableOf(name: string, text: string): TextTable {
  if (/\.json$/i.test(name)) {
    const table = jsonTable.safeParse(parseJson(name, text))
    if (!table.success) throw badInput(`${name} is not a table`, { file: name, expected: '{ "columns": [names], "rows": [[cells]] }' })
    const rows = table.data.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell))))
    return { name, header: table.data.columns, rows, lines: rows.map((_, i) => i + 2) }
  }
  if (/^\uFFFD7zXZ/.test(text))
    throw badInput(`${name} is packed`, { file: name, found: 'xz', expected: 'the file itself: unpack it with xz -d' })
  checkText(name, text)
  if (/^\uFEFF?\s*\{/.test(text)) return jsonLines(name, text)
  const [first] = text.split(/[\r\n]/, 1)
  const delimiter = [',', ';', '\t'].reduce((best, mark) => (first.split(mark).length > first.split(best).length ? mark : best))
  let line = 1
  const parsed = dsvFormat(delimiter)
    .parseRows(text.replace(/^\uFEFF/, ''))
    .map((cells) => {
      const start = line
      line += 1 + cells.reduce((sum, cell) => sum + lineBreaks(cell), 0)
      return { cells, line: start }
    })
  const [header, ...rows] = parsed.filter(({ cells }) => cells.length > 1 || cells[0].trim() !== '')
  return {
    name,
    header: header?.cells.map((title) => title.trim()) ?? [],
    rows: rows.map(({ cells }) => cells),
    lines: rows.map(({ line: at }) => at),
  }
}

const jsonLine = z.record(z.string(), z.unknown())

/** One object per line; its keys are columns, those of inner objects with a dot between. */
function jsonLines(name: string, text: string): TextTable {
  const lines: number[] = []
  const objects = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .flatMap((line, i) => {
      if (line.trim() === '') return []
      lines.push(i + 1)
      const found = jsonLine.safeParse(parseJson(`${name}, line ${i + 1}`, line))
      if (!found.success)
        throw badInput(`${name}, line ${i + 1} is no object`, { file: name, line: i + 1, expected: '{ "key": value, … }' })
      return [flatEntries(found.data)]
    })
  const header = [...new Set(objects.flatMap((entries) => [...entries.keys()]))]
  return { name, header, rows: objects.map((entries) => header.map((key) => entries.get(key) ?? '')), lines }
}

function flatEntries(value: Readonly<Record<string, unknown>>, prefix = ''): Map<string, string> {
  return new Map(
    Object.entries(value).flatMap(([key, inner]): [string, string][] =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? [...flatEntries(inner as Readonly<Record<string, unknown>>, `${prefix}${key}.`)]
        : [[prefix + key, inner === null ? '' : typeof inner === 'string' ? inner : JSON.stringify(inner)]],
    ),
  )
}

const lineBreaks = (cell: string): number => cell.match(/\r\n|\r|\n/g)?.length ?? 0

/** Refuses what was not written as UTF-8 text: names would be garbled, and equal ones no longer equal. */
function checkText(name: string, text: string): void {
  const at = text.search(/[\0\uFFFD]/)
  if (at < 0) return
  const line = 1 + lineBreaks(text.slice(0, at))
  throw badInput(`${name} is not UTF-8 text`, {
    file: name,
    line,
    found: 'bytes that are no characters',
    expected: 'a table saved as UTF-8',
  })
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw badInput(`${name} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { file: name })
  }
}
