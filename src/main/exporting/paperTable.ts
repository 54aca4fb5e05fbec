import { csvFormatRow } from 'd3-dsv'
import { metricInfo } from '@engine/analysis/metricInfo'
import { signed } from '@engine/analysis/sentence'
import { factorText, type Factors } from '@engine/analysis/resultSet'
import type { ResultSet } from '@engine/study/results'
import type { MetricId } from '@engine/study/spec'

/** A table of a paper, ready for every format: printed cells with the values behind them. */
export interface PaperTable {
  /** file name without extension, and LaTeX label: lower-case letters, digits, hyphens */
  readonly id: string
  readonly title: string
  /** sentences: what is shown, n, interval, test and correction */
  readonly caption: readonly string[]
  readonly columns: readonly TableColumn[]
  /** rows that are compared with one another; titled where there is more than one */
  readonly blocks: readonly { readonly title: string; readonly rows: readonly (readonly TableCell[])[] }[]
}

export interface TableColumn {
  readonly title: string
  readonly numeric: boolean
  /** columns of the CSV twin, one per value of a cell */
  readonly csv: readonly string[]
}

export interface TableCell {
  /** as printed */
  readonly text: string
  /** at full precision, in the order of the column's `csv` */
  readonly values: readonly (string | number | null)[]
  /** best of its block and column, or not significantly worse than that */
  readonly mark?: 'best' | 'tied'
}

/** Stands behind a value that is not significantly worse than the best. */
export const tiedMark = '≈'

export const captionOf = ({ caption }: PaperTable): string => caption.join(' ')

/** The same table at full precision, one row per line, for spreadsheets and scripts. */
export function csvTwin({ columns, blocks }: PaperTable): string {
  const rows = [
    columns.flatMap(({ csv }) => csv),
    ...blocks.flatMap(({ rows }) =>
      rows.map((row) => row.flatMap(({ values }) => values.map((value) => (value === null ? '' : String(value))))),
    ),
  ]
  return rows.map((row) => csvFormatRow(row) + '\n').join('')
}

/** GitHub-flavoured Markdown: one table per block, best bold, the caption below. */
export function markdownTable(table: PaperTable): string {
  const { title, columns, blocks } = table
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const parts = blocks.map(({ title: block, rows }) =>
    [
      ...(blocks.length > 1 ? [`**${markdownText(block)}**`, ''] : []),
      line(columns.map((column) => markdownText(column.title))),
      line(columns.map(({ numeric }) => (numeric ? '---:' : ':---'))),
      ...rows.map((row) => line(row.map(markdownCell))),
    ].join('\n'),
  )
  return [`### ${markdownText(title)}`, ...parts, markdownText(captionOf(table))].join('\n\n') + '\n'
}

const markdownText = (text: string): string => text.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>#|~$&]/g, '\\$&')

function markdownCell({ text, mark }: TableCell): string {
  const safe = markdownText(text)
  return mark === 'best' ? `**${safe}**` : mark === 'tied' ? `${safe}${tiedMark}` : safe
}

/** Fixed decimals with a true minus, which zero never has. */
export const decimal = (value: number, digits: number): string =>
  value
    .toFixed(digits)
    .replace(/^-(?=[0.]*$)/, '')
    .replace('-', '−')

/** A level of a metric as tables print it: percentages to 0.1, others to 0.001; differences with their sign. */
export function unitText(metric: MetricId, isDifference = false): (value: number) => string {
  const { percent } = metricInfo[metric]
  const [scale, digits] = percent ? [100, 1] : [1, 3]
  return (value) => (isDifference ? signed(scale * value, digits) : decimal(scale * value, digits))
}

/** < 0.001, 0.004, 0.92 */
export const pNumber = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(p < 0.01 ? 3 : 2))

/** mean ± half-width of a symmetric interval, else mean [lo, hi]; the bare mean where there is no interval. */
export function estimateText(
  mean: number,
  lo: number | null,
  hi: number | null,
  text: (value: number) => string,
  halfWidth: ((value: number) => string) | null,
): string {
  if (lo === null || hi === null) return text(mean)
  return halfWidth ? `${text(mean)} ± ${halfWidth((hi - lo) / 2)}` : `${text(mean)} [${text(lo)}, ${text(hi)}]`
}

/** File-name part of any text: ASCII letters, digits and hyphens. */
export const slug = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 60) || 'unnamed'

/** The level of a factor as CSVs hold it; null where the factor cannot change the row. */
export const factorCell = (factors: Factors, path: string): string | null => {
  const text = factorText(factors[path])
  return text === '' ? null : text
}

/** A sentence where runs of the data set are missing. */
export function unfinished(results: ResultSet, dataset?: string): string[] {
  const runs = results.runs.filter((run) => dataset === undefined || run.dataset === dataset)
  const finished = runs.filter((run) => run.complete).length
  return finished === runs.length ? [] : [`Partial: ${finished} of ${runs.length} runs have finished.`]
}
