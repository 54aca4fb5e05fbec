import { csvParseRows } from 'd3-dsv'
import { badInput, nearestName } from '../core/errors'

/** Recorded picks by repeat: one list of rows per query round, each in pick order. */
export type Recorded = ReadonlyMap<number, readonly Int32Array[]>

/**
 * Reads the picks of one strategy from a selections.csv: columns seed, round (0 is the initial set and is left out), order, row, and
 * strategy, of which one value is used. Refuses a missing column, a cell that is not a whole number, an unknown or ambiguous strategy.
 */
export function parseRecorded(text: string, file: string, strategy?: string): Recorded {
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
  const named = header.indexOf('strategy')
  const names = named < 0 ? [] : [...new Set(lines.map((line) => line[named]))]
  if (strategy !== undefined && !names.includes(strategy)) {
    throw badInput(`${file} has no picks of ${strategy}`, {
      file,
      found: strategy,
      expected: names.join(', '),
      nearest: nearestName(strategy, names),
    })
  }
  if (strategy === undefined && names.length > 1) {
    throw badInput(`${file} holds several strategies: say which with "strategy"`, { file, expected: names.join(', ') })
  }

  const picks = new Map<number, { order: number; row: number }[][]>()
  lines.forEach((line, i) => {
    if (strategy !== undefined && line[named] !== strategy) return
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
    if (whole(round) === 0) return
    const rounds = picks.get(whole(seed)) ?? []
    picks.set(whole(seed), rounds)
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
