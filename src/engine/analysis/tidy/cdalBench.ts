import { badInput } from '../../core/errors'
import { requireEvenRows } from './columns'
import type { ResultFormat, TableOrigin } from './readResults'

const metrics: Readonly<Record<string, string>> = { accuracies: 'accuracy', losses: 'nll' }

/**
 * What CDALBench writes per method: `runs/<data>/<query size>/<method>/accuracies.csv`, or the same below `run_<n>`. The first column, without
 * a name, counts the labels added to the first ones; each other column is a run.
 */
export const cdalBench: ResultFormat = {
  title: 'CDALBench results',
  matches: ({ header, rows }) =>
    header.length > 1 && header[0] === '' && header.slice(1).every(isCount) && rows.length > 0 && rows.every(([first]) => isCount(first)),
  tidy: (table, { metric, initial = 0 }, origin) => {
    requireEvenRows(table)
    const { name, header, rows, lines } = table
    const place = placeOf(name, origin)
    const column = metric ?? metrics[place.file] ?? 'accuracy'
    const out: string[][] = []
    const at: number[] = []
    rows.forEach((row, i) => {
      header.slice(1).forEach((run, j) => {
        if (row[j + 1].trim() === '') return // not evaluated after every label
        out.push([place.dataset, place.strategy, run, String(initial + Number(row[0])), row[j + 1]])
        at.push(lines[i])
      })
    })
    const counted = initial === 0 ? ['counts labels from the first query on; --map initial=N adds those before'] : []
    return {
      table: { name, header: ['dataset', 'strategy', 'seed', 'labeled', column], rows: out, lines: at },
      notes: [`${name}: strategy ${place.strategy}, data ${place.dataset}`, ...counted.map((note) => `${name} ${note}`)],
    }
  },
}

const isCount = (text: string): boolean => /^\d+$/.test(text)

/** Data and method from the folders; from the name of the file where it was given a better one than the benchmark gives. */
function placeOf(name: string, { path }: TableOrigin): { file: string; strategy: string; dataset: string } {
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && part !== '.')
  const file = (parts.pop() ?? name).replace(/\.csv$/i, '')
  if (/^run_\d+$/.test(parts[parts.length - 1] ?? '')) parts.pop()
  if (metrics[file] === undefined) return { file, strategy: file, dataset: 'data' }
  const strategy = parts.pop()
  if (strategy === undefined)
    throw badInput(`${name} does not tell its method: the name of its folder does, which is not known here`, {
      file: name,
      expected: 'runs/DATA/SIZE/METHOD/accuracies.csv on the command line, or a copy of the file named METHOD.csv',
    })
  if (isCount(parts[parts.length - 1] ?? '')) parts.pop()
  return { file, strategy, dataset: parts.pop() ?? 'data' }
}
