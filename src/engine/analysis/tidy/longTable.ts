import { badInput } from '../../core/errors'
import { columnOf, requireEvenRows, type TextTable } from './columns'
import type { ResultFormat } from './readResults'

const metricTitles = /^(metric|metric_?name|measure|score_?name)$/i
const valueTitles = /^(value|metric_?value|score)$/i
const splitTitles = /^(split|subset|partition)$/i
const testNames = /^(test|testing|te)$/i

interface Place {
  readonly cells: readonly string[]
  readonly line: number
  /** by metric */
  readonly own: Map<string, { readonly cell: string; readonly line: number }>
}

/** One row per evaluation and metric: a column says which metric, another its value. */
export const longTable: ResultFormat = {
  title: 'a table with one row per metric',
  matches: ({ header }) => header.some((title) => metricTitles.test(title)) && header.some((title) => valueTitles.test(title)),
  tidy: (table) => {
    const { name, header, lines } = table
    const [metric, value, split] = [metricTitles, valueTitles, splitTitles].map((names) => header.findIndex((title) => names.test(title)))
    const notes: string[] = []
    const rows = testRows(table, split, notes)
    const left = new Set<string>()
    const metrics = [...new Set(rows.map((i) => table.rows[i][metric]))].filter((title) => columnOf(title) !== null || !left.add(title))
    if (left.size > 0) notes.push(`${name}: metrics not used: ${[...left].join(', ')}`)
    if (metrics.length === 0)
      throw badInput(`${name}: no metric of column ${header[metric]} is known`, {
        file: name,
        path: header[metric],
        found: [...left].join(' · '),
        expected: 'accuracy, macro_f1, nll, ece or brier',
      })
    const kept = header.flatMap((_, i) => (i === metric || i === value || i === split ? [] : [i]))
    const places = new Map<string, Place>()
    for (const i of rows) {
      const row = table.rows[i]
      if (!metrics.includes(row[metric])) continue
      const cells = kept.map((j) => row[j])
      const key = JSON.stringify(cells)
      const place: Place = places.get(key) ?? { cells, line: lines[i], own: new Map() }
      places.set(key, place)
      const before = place.own.get(row[metric])
      if (before !== undefined)
        throw badInput(`${name}: lines ${before.line} and ${lines[i]} both give ${row[metric]} of the same evaluation`, {
          file: name,
          line: lines[i],
          expected: 'one value per evaluation and metric',
        })
      place.own.set(row[metric], { cell: row[value], line: lines[i] })
    }
    const all = [...places.values()]
    return {
      table: {
        name,
        header: [...kept.map((i) => header[i]), ...metrics],
        rows: all.map(({ cells, own }) => [...cells, ...metrics.map((title) => own.get(title)?.cell ?? '')]),
        lines: all.map(({ line }) => line),
      },
      notes,
    }
  },
}

/** Rows of the test data, where a column tells; refuses several sets of data without one that is called test. */
function testRows(table: TextTable, split: number, notes: string[]): number[] {
  const { name, header, rows } = table
  requireEvenRows(table)
  const all = rows.map((_, i) => i)
  const parts = new Set(split < 0 ? [] : rows.map((row) => row[split]))
  if (parts.size < 2) return all
  const test = all.filter((i) => testNames.test(rows[i][split]))
  if (test.length === 0)
    throw badInput(`${name}: no row is of the test data`, {
      file: name,
      path: header[split],
      found: [...parts].join(' · '),
      expected: 'test',
    })
  notes.push(`${name}: only rows with ${header[split]} test are used`)
  return test
}
