import { cellTitle, classBalance, factorText, type ClassBalance } from '@engine/analysis'
import { oracleNote, sentences } from './captions'
import type { Figure } from './figure'
import type { Shown } from './shown'
import { matrixFigure } from './winFigures'

/** The last budget at which a strategy's class shares are known. */
function lastOf({ labels, shares }: ClassBalance): { readonly labels: number; readonly shares: readonly number[] } | null {
  for (let index = labels.length - 1; index >= 0; index--) {
    const known = shares.map((values) => values[index]).filter((value) => value !== null)
    if (known.length === shares.length) return { labels: labels[index], shares: known }
  }
  return null
}

const rowsOf = (shown: Shown) =>
  classBalance(shown.results).flatMap((row) => {
    const last = lastOf(row)
    return last && shown.visible(row.strategy) ? [{ ...row, last }] : []
  })

/** Names where they fit above a column, numbers where they do not. */
const mostNamed = 12
const longestName = 14
function columnNames({ classes, classNames }: Shown['results']): string[] {
  const fit = classNames?.length === classes && classes <= mostNamed && classNames.every((name) => name.length <= longestName)
  return Array.from({ length: classes }, (_, index) => (fit && classNames[index]) || String(index))
}

/** Share of each class among everything labelled at the end, mean over seeds. */
export const classShares: Figure = matrixFigure(
  'Classes of the labelled set',
  rowsOf,
  (rows) => (rows.length === 0 ? 'These results do not say which samples were labelled.' : null),
  (rows, shown) => {
    const { classes, factors } = shown.results
    const datasets = new Set(rows.map(({ dataset }) => dataset))
    const varying = factors.filter((path) => new Set(rows.map((row) => factorText(row.factors[path]))).size > 1)
    const nameOf = ({ strategy, dataset, factors: levels }: ClassBalance): string => {
      const cell = cellTitle(Object.fromEntries(varying.map((path) => [path, levels[path]])))
      const where = [datasets.size > 1 ? dataset : '', cell].filter(Boolean).join(', ')
      return shown.nameOf(strategy) + (where && ` (${where})`)
    }
    const budgets = [...new Set(rows.map(({ last }) => last.labels))]
    const at = budgets.length === 1 ? `at ${budgets[0]} labels` : 'at the last budget'
    const cells = rows.map(({ last }) => last.shares)
    return {
      matrix: {
        rows: rows.map(nameOf),
        columns: columnNames(shown.results),
        cells,
        max: Math.max(...cells.flat()),
        format: (value) => (100 * value).toFixed(0),
        note: `share of the labelled samples ${at} (%), mean over seeds`,
        columnTitle: 'class',
      },
      caption: sentences(
        `share of each class among the labelled samples ${at} (%), mean over seeds`,
        `equal shares would be ${(100 / classes).toFixed(1)} %`,
        oracleNote(
          shown,
          rows.map(({ strategy }) => strategy),
        ),
      ),
      table: {
        columns: ['dataset', 'strategy', ...factors, 'labeled', ...Array.from({ length: classes }, (_, index) => `class_${index}`)],
        rows: rows.map((row) => [
          row.dataset,
          row.strategy,
          ...factors.map((path) => factorText(row.factors[path])),
          row.last.labels,
          ...row.last.shares,
        ]),
      },
    }
  },
)
