import { cellTitle, metricInfo, minimumPairsForP, testTitle, type PairwiseRow } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import {
  decimal,
  estimateText,
  factorCell,
  pNumber,
  unfinished,
  unitText,
  type PaperTable,
  type TableCell,
  type TableColumn,
} from './paperTable'

/** The comparisons of one data set: difference with interval, effect size, wins and, from six pairs on, p. */
export function differencesTable(results: ResultSet, dataset: string, id: string, pairs: readonly PairwiseRow[]): PaperTable {
  const { stats } = results
  const { label, percent } = metricInfo[stats.metric]
  const difference = unitText(stats.metric, true)
  const fewest = Math.min(...pairs.map(({ seeds }) => seeds))
  const most = Math.max(...pairs.map(({ seeds }) => seeds))
  const against = pairs.every(({ b }) => b === pairs[0].b) ? pairs[0].b : null
  const families = [...new Set(pairs.map(({ familySize }) => familySize))].sort((a, b) => a - b)
  const withP = fewest >= minimumPairsForP
  const columns: (TableColumn & { readonly cell: (row: PairwiseRow) => TableCell })[] = [
    {
      title: against === null ? 'comparison' : 'strategy',
      numeric: false,
      csv: ['dataset', 'a', 'b', ...results.factors.map((path) => `factor:${path}`), 'seeds'],
      cell: ({ a, b, factors, seeds }) => ({
        text: (against === null ? `${a} − ${b}` : a) + (cellTitle(factors) && ` (${cellTitle(factors)})`),
        values: [dataset, a, b, ...results.factors.map((path) => factorCell(factors, path)), seeds],
      }),
    },
    ...(fewest === most
      ? []
      : [{ title: 'n', numeric: true, csv: [], cell: ({ seeds }: PairwiseRow) => ({ text: String(seeds), values: [] }) }]),
    {
      title: `${against === null ? 'difference' : `− ${against}`}${percent ? ' (points)' : ''}`,
      numeric: true,
      csv: ['mean_difference', 'lo', 'hi'],
      cell: ({ meanDifference: mean, lo, hi }) => ({
        text: mean === null ? '–' : estimateText(mean, lo, hi, difference, null),
        values: [mean, lo, hi],
      }),
    },
    {
      title: 'effect size',
      numeric: true,
      csv: ['effect_size'],
      cell: ({ effectSize: d }) => ({ text: d === null ? '–' : decimal(d, 2), values: [d] }),
    },
    { title: 'seeds won', numeric: true, csv: ['wins'], cell: ({ wins, seeds }) => ({ text: `${wins}/${seeds}`, values: [wins] }) },
    ...(withP ? [pColumn('p', 'p', ({ p }) => p), pColumn('adjusted p', 'p_adjusted', ({ pAdjusted }) => pAdjusted)] : []),
  ]
  const quantity =
    stats.primary === 'aubc' ? `area under the budget curve (AUBC) of test ${label}` : `test ${label} at the last shared budget`
  const correction =
    stats.correction === 'holm'
      ? `adjusted by Holm over ${families.join(' or ')} comparison${families.at(-1) === 1 ? '' : 's'}`
      : 'not adjusted'
  return {
    id,
    title: `Paired differences on ${dataset}`,
    caption: [
      `Paired differences on ${dataset} in ${quantity}, with ${stats.band === 't95' ? '95 % t-interval' : '95 % bootstrap interval'} over n = ${fewest === most ? most : `${fewest}–${most}`} paired seed${most === 1 ? '' : 's'}; effect size: mean over standard deviation of the differences.`,
      withP
        ? `p by ${testTitle(stats.test, most)} (two-sided), ${correction}.`
        : `Fewer than ${minimumPairsForP} paired seeds: no p-value is shown.`,
      ...(stats.family === 'all-pairs' ? ['All pairs are compared: exploratory.'] : []),
      ...unfinished(results, dataset),
    ],
    columns,
    blocks: [{ title: '', rows: pairs.map((row) => columns.map(({ cell }) => cell(row))) }],
  }
}

const pColumn = (title: string, csv: string, pick: (row: PairwiseRow) => number | null) => ({
  title,
  numeric: true,
  csv: [csv],
  cell: (row: PairwiseRow): TableCell => {
    const p = pick(row)
    return { text: p === null ? '–' : pNumber(p), values: [p] }
  },
})
