import { badInput } from '../../core/errors'
import type { TextTable } from './columns'
import type { ResultFormat, TableOrigin } from './readResults'
import { textTableOf } from './textTable'

const metricFiles: Readonly<Record<string, string>> = { accuracy: 'accuracy', 'macro_f1-score': 'macro_f1' }
const workloads = ['05_done_workload.csv', '01_workload.csv']
const idColumn = 'EXP_UNIQUE_ID'
const runColumns = ['EXP_TRAIN_TEST_BUCKET_SIZE', 'EXP_START_POINT', 'EXP_RANDOM_SEED']

/**
 * What OGAL writes: `<strategy>/<data>/<metric>.csv` with a row per experiment and a column per cycle, joined with `05_done_workload.csv`,
 * which says what each experiment is (the file joined already will do); or its time series with a row per cycle (`ix`, `metric_value`).
 */
export const ogal: ResultFormat = {
  title: 'OGAL results',
  matches: ({ header }) =>
    (header.includes(idColumn) && header.some(isCount)) || (header.includes('metric_value') && header.includes('EXP_STRATEGY')),
  tidy: (given, { metric, initial = 0 }, origin) => {
    const { name } = given
    const isLong = given.header.includes('metric_value')
    const table = given.header.includes('EXP_BATCH_SIZE') ? given : joined(given, origin)
    const folders = origin.path.split(/[/\\]/).filter((part) => part !== '' && part !== '.')
    const isPlaced = given.header.length > 0 && !given.header.includes('EXP_STRATEGY') && folders.length > 2
    const column = metric ?? metricOf(name, folders)
    const cell = (row: readonly string[], title: string, line: number): string => {
      const index = table.header.indexOf(title)
      if (index >= 0 && row[index] !== undefined && row[index] !== '') return row[index]
      throw badInput(`${name}, line ${line}: no ${title}`, { file: name, line, path: title, expected: `a value of ${title}` })
    }
    const cycles = isLong ? [] : table.header.flatMap((title, index) => (isCount(title) ? [{ cycle: Number(title), index }] : []))
    const rows: string[][] = []
    const lines: number[] = []
    table.rows.forEach((row, i) => {
      const line = table.lines[i]
      const count = (title: string): number => {
        const text = cell(row, title, line)
        if (/^\d+(\.0+)?$/.test(text)) return Number(text)
        throw badInput(`${name}, line ${line}: ${title} is ${text}`, {
          file: name,
          line,
          path: title,
          found: text,
          expected: 'a whole number',
        })
      }
      const batch = count('EXP_BATCH_SIZE')
      const head = [
        isPlaced ? folders[folders.length - 3] : cell(row, 'EXP_STRATEGY', line),
        isPlaced ? folders[folders.length - 2] : cell(row, 'EXP_DATASET', line),
        String(
          seedOf(
            runColumns.map((title) => (table.header.includes(title) ? count(title) : 0)),
            name,
            line,
          ),
        ),
        cell(row, 'EXP_LEARNER_MODEL', line),
        String(batch),
      ]
      const add = (cycle: number, value: string): void => {
        if (value === '' || value === 'nan' || value === 'NaN') return // the experiment ended before
        rows.push([...head, String(initial + batch * cycle), value])
        lines.push(line)
      }
      if (isLong) add(count('ix'), cell(row, 'metric_value', line))
      else for (const { cycle, index } of cycles) add(cycle, row[index] ?? '')
    })
    return {
      table: { name, header: ['strategy', 'dataset', 'seed', 'factor:learner', 'factor:batch', 'labeled', column], rows, lines },
      notes: [
        `${name}: seeds are numbered by split, start and random seed`,
        ...(isPlaced ? [] : [`${name}: strategies and data sets have the numbers that OGAL gives them`]),
        ...(initial === 0 ? [`${name} counts labels from the first query on; --map initial=N adds those before`] : []),
      ],
    }
  },
}

const isCount = (text: string): boolean => /^\d+$/.test(text)

/** One number for what a run was repeated over, the same in every file. */
function seedOf([split, start, seed]: readonly number[], name: string, line: number): number {
  if (split < 1000 && start < 1000 && seed < 1e9) return (split * 1000 + start) * 1e9 + seed
  throw badInput(`${name}, line ${line}: split ${split}, start ${start} and seed ${seed} do not fit one number`, { file: name, line })
}

function metricOf(name: string, folders: readonly string[]): string {
  const file = (folders[folders.length - 1] ?? name).replace(/\.csv$/i, '').replace(/^(.*_auc|first_5|last_5|final_value)_/, '')
  const known = metricFiles[file] ?? Object.entries(metricFiles).find(([title]) => file.startsWith(title))?.[1]
  if (known !== undefined) return known
  throw badInput(`${name} does not tell its metric`, {
    file: name,
    found: file,
    expected: `a file called ${Object.keys(metricFiles).join('.csv or ')}.csv, or --map metric=accuracy`,
  })
}

/** Rows of a metric file with what the list of experiments two folders above says of them. */
function joined(table: TextTable, { beside }: TableOrigin): TextTable {
  const { name, header } = table
  const found = workloads.map((file) => ({ file, text: beside?.(`../../${file}`) ?? null })).find(({ text }) => text !== null)
  if (found?.text == null)
    throw badInput(`${name} does not tell what its experiments are`, {
      file: name,
      path: idColumn,
      expected: `${workloads.join(' or ')} two folders above (on the command line), or the two files joined on ${idColumn}`,
    })
  const workload = textTableOf(found.file, found.text)
  const id = workload.header.indexOf(idColumn)
  if (id < 0) throw badInput(`${found.file} has no column ${idColumn}`, { file: found.file, found: workload.header.join(' · ') })
  const own = header.indexOf(idColumn)
  const known = new Map(workload.rows.map((row) => [row[id], row]))
  const kept = workload.header.flatMap((title, i) =>
    title.startsWith('EXP_') && !header.includes(title) && title !== 'EXP_STRATEGY' ? [i] : [],
  )
  return {
    ...table,
    header: [...header, ...kept.map((i) => workload.header[i])],
    rows: table.rows.map((row, i) => {
      const more = known.get(row[own])
      if (more === undefined)
        throw badInput(`${name}, line ${table.lines[i]}: ${found.file} has no experiment ${row[own]}`, {
          file: name,
          line: table.lines[i],
          path: idColumn,
          found: row[own],
        })
      return [...header.map((_, j) => row[j] ?? ''), ...kept.map((j) => more[j])]
    }),
  }
}
