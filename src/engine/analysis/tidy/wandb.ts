import { columnOf, requireEvenRows, type TextTable } from './columns'
import type { ResultFormat } from './readResults'

const separator = ' - '
const bounds = /__(MIN|MAX)$/

/** What W&B's charts export: a column for the x-axis, then `<run> - <metric>` with `__MIN` and `__MAX` for each run. */
export const wandbChart: ResultFormat = {
  title: 'a chart of W&B',
  matches: ({ header }) => header.length > 1 && header[0] !== '' && header.slice(1).every((title) => title.includes(separator)),
  tidy: (table) => {
    requireEvenRows(table)
    const { name, header, rows, lines } = table
    const parts = header.map((title, index) => ({ index, run: title.slice(0, title.lastIndexOf(separator)), metric: metricOf(title) }))
    const used = parts.slice(1).filter(({ index, metric }) => !bounds.test(header[index]) && !metric.startsWith('_'))
    const metrics = [...new Set(used.map(({ metric }) => metric))]
    const runs = namedRuns([...new Set(used.map(({ run }) => run))])
    const out: string[][] = []
    const at: number[] = []
    rows.forEach((row, i) => {
      for (const { run, strategy, seed } of runs) {
        const cells = metrics.map((metric) => row[used.find((one) => one.run === run && one.metric === metric)?.index ?? -1] ?? '')
        if (cells.every((cell) => cell.trim() === '')) continue // other runs were logged at this point
        out.push([run, strategy, String(seed), row[0], ...cells])
        at.push(lines[i])
      }
    })
    const spread = used.find(({ index }) => {
      const least = header.indexOf(`${header[index]}__MIN`)
      return least >= 0 && rows.some((row) => row[least] !== row[index])
    })
    return {
      table: { name, header: ['run', 'strategy', 'seed', header[0], ...metrics], rows: out, lines: at },
      notes: [
        `${name}: runs: ${runs
          .map(({ run, strategy, seed }) => `${run} is ${strategy}, seed ${seed}`)
          .slice(0, 6)
          .join('; ')}${runs.length > 6 ? ' …' : ''}`,
        ...(spread === undefined
          ? []
          : [`${name}: ${spread.run} is a mean of several values (its least differs): export it without groups and smoothing`]),
      ],
    }
  },
}

const metricOf = (title: string): string => {
  const own = title.slice(title.lastIndexOf(separator) + separator.length).replace(bounds, '')
  return columnOf(own) === null ? (own.split('/').pop() ?? own) : own // `test/accuracy`: sections of a project
}

/** Strategy and seed of run names: the number at the end (`badge-seed3`, `badge_3`), else the place among the runs of that name. */
function namedRuns(names: readonly string[]): { run: string; strategy: string; seed: number }[] {
  const counts = new Map<string, number>()
  return names.map((run) => {
    const found = /^(.*?)[\s_\-.:=,]*(?:seed|rep|run|trial|s)?[\s_\-.:=]*(\d{1,9})$/i.exec(run)
    if (found !== null && found[1] !== '') return { run, strategy: found[1], seed: Number(found[2]) }
    const seed = counts.get(run) ?? 0
    counts.set(run, seed + 1)
    return { run, strategy: run, seed }
  })
}

/** A run's history as W&B's API gives it, CSV or JSON lines: `_step`, and every other key where it was logged. */
export const wandbHistory: ResultFormat = {
  title: 'a history of W&B',
  matches: ({ header }) => header.includes('_step'),
  tidy: (table: TextTable) => {
    const named = table.header.map((title) => (title === '' ? 'row' : columnOf(title) === null ? (title.split('/').pop() ?? title) : title))
    const header = named.map((title, i) => (named.indexOf(title) === i ? title : table.header[i] || `row ${i}`))
    const measured = header.flatMap((title, i) => (isMetric(title) ? [i] : []))
    const kept = table.rows.flatMap((row, i) => (measured.length === 0 || measured.some((j) => (row[j] ?? '') !== '') ? [i] : []))
    const dropped = table.rows.length - kept.length
    return {
      table: { ...table, header, rows: kept.map((i) => table.rows[i]), lines: kept.map((i) => table.lines[i]) },
      notes:
        dropped === 0
          ? []
          : [`${table.name}: ${dropped} rows without a value of ${measured.map((i) => header[i]).join(', ')} are left out`],
    }
  },
}

const isMetric = (title: string): boolean => ['accuracy', 'nll', 'macro_f1', 'ece', 'brier'].includes(columnOf(title) ?? '')
