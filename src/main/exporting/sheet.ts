import type { CommandInput } from '@contract/commands'
import type { PaperTableView } from '@contract/paper'
import { badInput, nearestName } from '@engine/core/errors'
import type { ResultSet } from '@engine/study/results'
import type { NamedStrategy } from '@figures/palette'
import { figureLatex, printRequested } from './figures'
import { latexTable } from './latex'
import { tableFiles, type Paper } from './paper'
import { filesOf, inFolder, type Files } from './paperFiles'
import { captionOf, type PaperTable } from './paperTable'

export type Sheet = Pick<CommandInput<'export.sheet'>, 'figures' | 'formats' | 'dpi' | 'outlines' | 'tables' | 'tableFormats'>

/** Chosen figures of `drawn` and tables of the paper, each with what a paper needs to show it; a figure that the results do not have is refused. */
export async function sheetFiles(
  paper: Paper,
  sheet: Sheet,
  fontsDir: string,
  drawn: { readonly results: ResultSet; readonly strategies: readonly NamedStrategy[] } = {
    results: paper.results,
    strategies: paper.manifest.study.strategies,
  },
): Promise<Files> {
  const { formats, dpi, outlines } = sheet
  const figures: Record<string, string | Uint8Array> = {}
  const captions: string[] = []
  const latex: string[] = []
  for (const request of sheet.figures) {
    const figure = await printRequested(drawn.results, drawn.strategies, request, fontsDir)
    Object.assign(figures, await filesOf(figure.id, figure, formats, { dpi, outlines }))
    captions.push(`${figure.id}: ${figure.caption}\n`)
    latex.push(figureLatex(figure, 'figures/'))
  }
  if (captions.length > 0) figures['captions.txt'] = captions.join('\n')
  if (latex.length > 0 && formats.includes('pdf')) figures['figures.tex'] = latex.join('\n')
  return { ...inFolder('figures', figures), ...inFolder('tables', tablesOf(paper, sheet)) }
}

/** Chosen tables as a page shows them, in the paper's order. */
export const tableViews = (paper: Paper, ids: readonly string[]): PaperTableView[] =>
  chosenTables(paper, ids).map((table) => ({
    id: table.id,
    title: table.title,
    caption: captionOf(table),
    columns: table.columns.map(({ title, numeric }) => ({ title, numeric })),
    blocks: table.blocks.map(({ title, rows }) => ({
      title,
      rows: rows.map((row) => row.map(({ text, mark }) => (mark === undefined ? { text } : { text, mark }))),
    })),
    latex: latexTable(table),
  }))

const tablesOf = (paper: Paper, { tables, tableFormats }: Sheet): Record<string, string> =>
  tables.length === 0 ? {} : tableFiles({ ...paper, tables: chosenTables(paper, tables) }, tableFormats)

function chosenTables(paper: Paper, tables: readonly string[]): PaperTable[] {
  const known = paper.tables.map(({ id }) => id)
  const stranger = tables.find((id) => !known.includes(id))
  if (stranger !== undefined)
    throw badInput(`these results have no table "${stranger}"`, {
      found: stranger,
      expected: known.join(' · '),
      nearest: nearestName(stranger, known),
    })
  return paper.tables.filter(({ id }) => tables.includes(id))
}
