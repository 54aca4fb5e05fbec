import { csvParseRows } from 'd3-dsv'
import { badInput, nearestName } from '../core/errors'

/** Recorded picks by repeat: one list of rows per query round, each in pick order. */
export type Recorded = ReadonlyMap<number, readonly Int32Array[]>

/**
 * Reads the picks of one strategy on one data set from a selections.csv: columns seed, round (0 is the initial set and is left out),
 * order, row, and where they are there strategy, dataset and run, of which one value is used. A single data set is used whatever its
 * name. Refuses a missing column, a cell that is not a whole number, an unknown or ambiguous strategy, and several runs of a repeat.
 */
export function parseRecorded(
  text: string,
  file: string,
  { strategy, dataset }: { readonly strategy?: string; readonly dataset?: string } = {},
): Recorded {
  const [header = [], ...lines] = csvParseRows(text.replace(/^\uFEFF/, ''))
  const column = (name: string): number => {
    const index = header.indexOf(name)
    if (index < 0)
      throw badInput(`${file} has no column ${name}`, {
        file,
        expected: name,
        nearest: nearestName(name, header),
        found: header.join(', '),
      })
    return index
  }
  const [seed, round, order, row] = ['seed', 'round', 'order', 'row'].map(column)
  const valuesOf = (index: number): string[] => (index < 0 ? [] : [...new Set(lines.map((line) => line[index]))])
  const isOneOf = (index: number, value: string): ((line: readonly string[]) => boolean) => {
    const values = valuesOf(index)
    if (values.includes(value)) return (line) => line[index] === value
    throw badInput(`${file} has no picks of ${value}`, {
      file,
      found: value,
      expected: values.join(', '),
      nearest: nearestName(value, values),
    })
  }
  const [named, set, run] = ['strategy', 'dataset', 'run'].map((name) => header.indexOf(name))
  if (strategy === undefined && valuesOf(named).length > 1)
    throw badInput(`${file} holds several strategies: say which with "strategy"`, { file, expected: valuesOf(named).join(', ') })
  const ofStrategy = strategy === undefined ? () => true : isOneOf(named, strategy)
  const ofDataset = dataset === undefined || valuesOf(set).length < 2 ? () => true : isOneOf(set, dataset)

  const runs = new Map<number, string>()
  const picks = new Map<number, { order: number; row: number }[][]>()
  lines.forEach((line, i) => {
    if (!ofStrategy(line) || !ofDataset(line)) return
    const whole = (index: number): number => {
      if (!/^\d+$/.test(line[index] ?? '')) {
        throw badInput(`${file}, line ${i + 2}: ${header[index]} is not a whole number`, {
          file,
          line: i + 2,
          path: header[index],
          found: line[index] ?? '',
        })
      }
      return Number(line[index])
    }
    const repeat = whole(seed)
    if (run >= 0) {
      const first = runs.get(repeat) ?? line[run]
      runs.set(repeat, first)
      if (first !== line[run])
        throw badInput(`${file}, line ${i + 2}: a second run of repeat ${repeat}; keep the rows of one`, {
          file,
          line: i + 2,
          path: 'run',
          found: `${first}, ${line[run]}`,
          expected: 'one run per repeat',
        })
    }
    if (whole(round) === 0) return
    const rounds = picks.get(repeat) ?? []
    picks.set(repeat, rounds)
    ;(rounds[whole(round) - 1] ??= []).push({ order: whole(order), row: whole(row) })
  })
  return new Map(
    [...picks].map(([repeat, rounds]) => [
      repeat,
      Array.from(rounds, (batch = []) =>
        Int32Array.from(
          batch.sort((a, b) => a.order - b.order),
          (pick) => pick.row,
        ),
      ),
    ]),
  )
}
