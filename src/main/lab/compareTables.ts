import { csvParseRows } from 'd3-dsv'

export type Tables = Readonly<Record<string, string>>

/** The first cell in which two sets of tables differ. */
export interface TableDifference {
  readonly file: string
  /** line of the file with the difference, from 1 */
  readonly line: number
  readonly column: string
  readonly run: string | null
  readonly strategy: string | null
  readonly seed: number | null
  readonly round: number | null
  readonly expected: string
  readonly found: string
}

interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

/**
 * Compares tables cell by cell but for columns whose name ends in `_ms`. With `runs`, tables with a `run` column are compared on
 * those runs alone, and the others, which mix runs, not at all. A table that is missing in `found` differs.
 */
export function firstDifference(expected: Tables, found: Tables, runs?: ReadonlySet<string>): TableDifference | null {
  for (const [file, text] of Object.entries(expected)) {
    const difference = compareTable(file, text, found[file], runs)
    if (difference !== null) return difference
  }
  return null
}

function compareTable(
  file: string,
  expectedText: string,
  foundText: string | undefined,
  runs: ReadonlySet<string> | undefined,
): TableDifference | null {
  const [header = [], ...expectedRows] = csvParseRows(expectedText)
  const runColumn = header.indexOf('run')
  if (runs !== undefined && runColumn < 0) return null
  const at = (row: readonly string[], line: number, column: string, expected: string, found: string): TableDifference => {
    const cell = (name: string): string | null => row[header.indexOf(name)] || null
    const integer = (name: string): number | null => (cell(name) === null ? null : Number(cell(name)))
    return {
      file,
      line,
      column,
      run: cell('run'),
      strategy: cell('strategy'),
      seed: integer('seed'),
      round: integer('round'),
      expected,
      found,
    }
  }
  if (foundText === undefined) return at([], 1, '', 'a table', 'no such file')
  const [foundHeader = [], ...foundRows] = csvParseRows(foundText)
  if (header.join() !== foundHeader.join()) return at([], 1, '', header.join(), foundHeader.join())
  const wanted = (rows: readonly (readonly string[])[]): Row[] =>
    rows.map((cells, index) => ({ cells, line: index + 2 })).filter(({ cells }) => runs === undefined || runs.has(cells[runColumn]))
  const left = wanted(expectedRows)
  const right = wanted(foundRows)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if (left[i] === undefined) return at(right[i].cells, right[i].line, '', 'no such row', right[i].cells.join())
    if (right[i] === undefined) return at(left[i].cells, (right.at(-1)?.line ?? 1) + 1, '', left[i].cells.join(), 'no such row')
    const j = header.findIndex((name, column) => !name.endsWith('_ms') && left[i].cells[column] !== right[i].cells[column])
    if (j >= 0) return at(left[i].cells, right[i].line, header[j], left[i].cells[j], right[i].cells[j] ?? '')
  }
  return null
}

/** `rounds.csv, line 12: badge, seed 3, round 4, accuracy is 0.81, expected 0.82`. */
export function describeDifference({ file, line, column, strategy, seed, round, expected, found }: TableDifference): string {
  const place = [strategy, seed === null ? null : `seed ${seed}`, round === null ? null : `round ${round}`, column || null].filter(
    (part) => part !== null,
  )
  return `${file}, line ${line}: ${[...place, ''].join(', ')}found ${found || 'nothing'}, expected ${expected || 'nothing'}`
}
