import { atBudgetShares, cellTitle, metricInfo } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { estimateText, factorCell, unfinished, unitText, type PaperTable } from './paperTable'

/** The metric at 25, 50, 75 and 100 % of the budgets that all finished runs of a data set share; null where they share none. */
export function budgetsTable(results: ResultSet, dataset: string, id: string): PaperTable | null {
  const { metric, band } = results.stats
  const { label, percent } = metricInfo[metric]
  const text = unitText(metric)
  const known = atBudgetShares(results).filter((row) => row.dataset === dataset && row.mean !== null)
  if (known.length === 0) return null
  const budgets = [...new Map(known.map(({ share, labels }) => [share, labels]))]
  const rows = new Map<string, typeof known>()
  for (const row of known) {
    const name = row.strategy + (cellTitle(row.factors) && ` (${cellTitle(row.factors)})`)
    rows.set(name, [...(rows.get(name) ?? []), row])
  }
  return {
    id,
    title: `Budgets on ${dataset}`,
    caption: [
      `Test ${label}${percent ? ' (%)' : ''} on ${dataset} at 25, 50, 75 and 100 % of the budget that all runs share, interpolated between evaluations.`,
      `Mean ${band === 't95' ? '± half-width of the 95 % t-interval' : 'with 95 % bootstrap interval'} over the finished seeds.`,
      ...unfinished(results, dataset),
    ],
    columns: [
      { title: 'strategy', numeric: false, csv: ['dataset', 'strategy', ...results.factors.map((path) => `factor:${path}`)] },
      ...budgets.map(([share, labels]) => {
        const name = `at_${100 * share}`
        return { title: `${Number(labels.toFixed(1))} labels`, numeric: true, csv: [name, `${name}_lo`, `${name}_hi`] }
      }),
    ],
    blocks: [
      {
        title: '',
        rows: [...rows].map(([name, own]) => [
          { text: name, values: [dataset, own[0].strategy, ...results.factors.map((path) => factorCell(own[0].factors, path))] },
          ...budgets.map(([share]) => {
            const { mean = null, lo = null, hi = null } = own.find((row) => row.share === share) ?? {}
            return { text: mean === null ? '–' : estimateText(mean, lo, hi, text, band === 't95' ? text : null), values: [mean, lo, hi] }
          }),
        ]),
      },
    ],
  }
}
