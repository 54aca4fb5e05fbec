import type { CommandInput } from '@contract/commands'
import { badInput, nearestName } from '@engine/core/errors'
import type { ResultSet } from '@engine/study/results'
import type { NamedStrategy } from '@figures/palette'
import { figureLatex, printRequested } from './figures'
import { tableFiles, type Paper } from './paper'
import { filesOf, inFolder, type Files } from './paperFiles'

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

function tablesOf(paper: Paper, { tables, tableFormats }: Sheet): Record<string, string> {
  if (tables.length === 0) return {}
  const known = paper.tables.map(({ id }) => id)
  const stranger = tables.find((id) => !known.includes(id))
  if (stranger !== undefined)
    throw badInput(`these results have no table "${stranger}"`, {
      found: stranger,
      expected: known.join(' · '),
      nearest: nearestName(stranger, known),
    })
  return tableFiles({ ...paper, tables: paper.tables.filter(({ id }) => tables.includes(id)) }, tableFormats)
}
