import type { PairwiseRow, SummaryRow } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { budgetsTable } from './budgetsTable'
import { differencesTable } from './differencesTable'
import { slug, type PaperTable } from './paperTable'
import { resultsTable } from './resultsTable'
import { uniqueNames } from './uniqueNames'

/** The tables of a study, per data set: results with the best marked, values along the budget, and the paired differences of the primary family. */
export function paperTables(results: ResultSet, summary: readonly SummaryRow[], pairs: readonly PairwiseRow[]): PaperTable[] {
  const datasets = [...new Set(summary.map(({ dataset }) => dataset))]
  const names = uniqueNames(datasets, slug, (name, n) => `${name}-${n + 1}`)
  return datasets.flatMap((dataset) => {
    const suffix = datasets.length > 1 ? `-${names.get(dataset)}` : ''
    const compared = pairs.filter((row) => row.dataset === dataset && row.tested && row.seeds > 0)
    return [
      resultsTable(results, dataset, `results${suffix}`, summary),
      ...[budgetsTable(results, dataset, `budgets${suffix}`)].filter((table) => table !== null),
      ...(compared.length > 0 ? [differencesTable(results, dataset, `differences${suffix}`, compared)] : []),
    ]
  })
}
