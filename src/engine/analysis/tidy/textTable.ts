import { dsvFormat } from 'd3-dsv'
import { badInput } from '../../core/errors'
import { z } from '../../core/zod'
import type { TextTable } from './columns'

const jsonTable = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
})

/** The table in a file: JSON `{ columns, rows }` by its name's ending, else text with the delimiter that its first line has most of. */
export function textTableOf(name: string, text: string): TextTable {
  if (/\.json$/i.test(name)) {
    const table = jsonTable.safeParse(parseJson(name, text))
    if (!table.success) throw badInput(`${name} is not a table`, { file: name, expected: '{ "columns": [names], "rows": [[cells]] }' })
    return { name, header: table.data.columns, rows: table.data.rows.map((row) => row.map((cell) => (cell === null ? '' : String(cell)))) }
  }
  const first = text.slice(0, Math.max(0, text.indexOf('\n')))
  const delimiter = [',', ';', '\t'].reduce((best, mark) => (first.split(mark).length > first.split(best).length ? mark : best))
  const [header = [], ...rows] = dsvFormat(delimiter).parseRows(text.replace(/^\uFEFF/, ''))
  return { name, header: header.map((title) => title.trim()), rows: rows.filter((row) => row.length > 1 || row[0].trim() !== '') }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw badInput(`${name} is not JSON: ${cause instanceof Error ? cause.message : ''}`, { file: name })
  }
}
