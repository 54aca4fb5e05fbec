import { csvFormatRow } from 'd3-dsv'
import { zipSync, type Zippable } from 'fflate'
import { figureIds, figures, type FigureId } from '@figures/registry'
import { allTables } from './csv'
import type { FigureFormat, FigureOptions } from './figure'
import { printFigure, type FigurePage, type PrintedFigure } from './figures'
import { tableFiles, type Paper } from './paper'
import { reportHtml } from './reportHtml'

/** Contents by path, `/` between folders. */
export type Files = Readonly<Record<string, string | Uint8Array>>

export interface FigureFiles {
  readonly files: Files
  readonly drawn: readonly FigureId[]
  /** why the others cannot be drawn */
  readonly left: readonly { readonly figure: FigureId; readonly reason: string }[]
}

/** Every figure that the results have, in each format, with its numbers as CSV; the captions are one text. */
export async function figureFiles(paper: Paper, formats: readonly FigureFormat[], page: FigurePage): Promise<FigureFiles> {
  const { results, manifest } = paper
  const choices = { strategies: manifest.study.strategies }
  const files: Record<string, string | Uint8Array> = {}
  const drawn: FigureId[] = []
  const left: { figure: FigureId; reason: string }[] = []
  const captions: string[] = []
  for (const id of figureIds) {
    const reason = figures[id].needs(results, choices)
    if (reason !== null) {
      left.push({ figure: id, reason })
      continue
    }
    const figure = await printFigure(results, id, choices, page)
    Object.assign(files, await filesOf(id, figure, formats))
    captions.push(`${id}: ${figure.caption}\n`)
    drawn.push(id)
  }
  if (captions.length > 0) files['captions.txt'] = captions.join('\n')
  return { files, drawn, left }
}

/** One figure in each format, with its numbers. */
export async function filesOf(
  name: string,
  { file, table }: PrintedFigure,
  formats: readonly FigureFormat[],
  look?: Pick<FigureOptions, 'dpi' | 'outlines'>,
): Promise<Files> {
  const files: Record<string, string | Uint8Array> = {}
  for (const format of formats) files[`${name}.${format}`] = await file(format, look)
  const rows = [table.columns, ...table.rows].map((row) => csvFormatRow(row.map((value) => (value === null ? '' : String(value)))))
  files[`${name}.csv`] = rows.map((row) => `${row}\n`).join('')
  return files
}

/** Everything a paper and its artefact need: figures, tables, macros, references, report, CSVs, manifest and study. */
export async function bundleFiles(paper: Paper, page: FigurePage): Promise<Files> {
  const { manifest, studyText, results } = paper
  const figure = await figureFiles(paper, ['pdf', 'svg'], page)
  return {
    ...inFolder('figures', figure.files),
    ...inFolder('tables', tableFiles(paper, ['csv', 'markdown', 'latex'])),
    ...inFolder('data', Object.fromEntries(Object.entries(allTables(results)).map(([name, text]) => [`${name}.csv`, text]))),
    'report.html': await reportHtml(paper),
    'manifest.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'study.yaml': studyText,
    'README.txt': readme(paper),
  }
}

export const inFolder = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]))

function readme({ results, finished }: Paper): string {
  const state = finished === results.runs.length ? '' : `Partial: ${finished} of ${results.runs.length} runs have finished.\n`
  return `${results.study}
${state}
figures/         PDF and SVG, the numbers as CSV, captions.txt
tables/          LaTeX (\\usepackage{booktabs}), Markdown, CSV; macros.tex: one command per number;
                 references.bib: the methods used; statistics.txt: the comparison in a sentence
data/            every round, selection, diagnostic, overlap, summary and pair as tidy CSV
report.html      all of it on one page, without a network
manifest.json    study with every default, hashes, versions; study.yaml: the study as it was given

querent run study.yaml computes the results again.
`
}

/** One file of the parts that Export offers: tables with macros and references, the page, or everything. */
export async function paperPart(paper: Paper, part: 'tables' | 'report' | 'bundle', page: FigurePage): Promise<Uint8Array> {
  if (part === 'report') return new TextEncoder().encode(await reportHtml(paper))
  return zip(part === 'tables' ? tableFiles(paper, ['csv', 'markdown', 'latex']) : await bundleFiles(paper, page))
}

/** A zip archive that depends on its contents alone. */
export function zip(files: Files): Uint8Array {
  const mtime = new Date(1980, 0, 1) // the first day of the format, in whatever time zone
  const entries: Zippable = {}
  for (const [path, content] of Object.entries(files)) {
    const isPacked = /\.(png|pdf)$/.test(path)
    entries[path] = [typeof content === 'string' ? new TextEncoder().encode(content) : content, { mtime, level: isPacked ? 0 : 6 }]
  }
  return zipSync(entries)
}
