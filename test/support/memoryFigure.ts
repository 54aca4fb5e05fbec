import { init } from 'echarts'
import type { FigureRequest } from '@contract/commands'
import type { FigureResult } from '@contract/types'
import type { Handlers } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import { csvTable } from '@main/exporting/csv'
import type { Tables } from '@main/lab/tables'
import { resultSetFrom, summarize } from '@engine/analysis'
import { zipSync } from 'fflate'
import { joinSources, tablePrefix, tableSource, type Source } from '@engine/analysis/tidy/joinSources'
import type { ResultSet } from '@engine/study/results'
import { figures } from '@figures/registry'
import { requestedFigure } from '@figures/request'
import { pixelsOf, pixelsOfPoints } from '@figures/venues'
import type { MemoryExperiment } from './memoryExperiment'

export const resultsOf = ({ study, snapshot }: MemoryExperiment): ResultSet =>
  resultSetFrom({
    study: study.study,
    strategies: study.strategies.map(({ name }) => name),
    lines: study.strategies.filter(({ id }) => id === 'full-data').map(({ name }) => name),
    factors: Object.keys(study.ablate),
    stats: study.stats,
    classes: 10,
    runs: snapshot(0).runs,
  })

/** The figure as an SVG, drawn in the page. */
function figureOf(experiment: MemoryExperiment, request: FigureRequest, added: readonly Source[]): Omit<FigureResult, 'name' | 'mime'> {
  const { results, strategies } = joinSources(resultsOf(experiment), added)
  const { id, choices } = requestedFigure(request, results, [...experiment.study.strategies, ...strategies])
  const width = Math.round(pixelsOf(request.widthMm))
  const box = { theme: 'paper', width, fontFamily: 'DejaVu Sans', fontSizePx: pixelsOfPoints(request.fontPt) } as const
  const height = Math.round(request.heightMm === undefined ? figures[id].height(results, choices, box) : pixelsOf(request.heightMm))
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  const { option, caption } = figures[id].build(results, choices, { ...box, height })
  chart.setOption({ ...option, animation: false })
  const svg = chart.renderToSVGString()
  chart.dispose()
  const heightMm = Math.round((height / 96) * 254) / 10
  return { bytes: new TextEncoder().encode(svg), caption, latex: `\\caption{${caption}}`, widthMm: request.widthMm, heightMm }
}

/** Files of results: SVG figures and CSV tables, for other formats need Node. */
export function memoryExports(
  experimentOf: (id: string) => MemoryExperiment,
  resultTables: Tables,
): Pick<Handlers, 'export.figure' | 'export.tables' | 'export.tableViews' | 'export.sheet' | 'export.paper'> {
  const sourceOf = async (id: string): Promise<Source> => {
    if (id.startsWith(tablePrefix)) return tableSource(await resultTables['results.table']({ table: id.slice(tablePrefix.length) }))
    const experiment = experimentOf(id)
    return { id, name: experiment.summary().name, results: resultsOf(experiment), strategies: experiment.study.strategies }
  }
  const summary = (experiment: MemoryExperiment): Uint8Array => new TextEncoder().encode(csvTable('summary', resultsOf(experiment)))
  return {
    'export.figure': async ({ experiment, request, format, added = [] }) => {
      if (format !== 'svg') throw new QuerentError('unsupported', `the memory lab draws SVG only, not ${format}`)
      const sources = await Promise.all(added.map(sourceOf))
      return { name: `${request.figure}.svg`, mime: 'image/svg+xml', ...figureOf(experimentOf(experiment), request, sources) }
    },
    'export.tables': () => [
      { id: 'results', title: 'Results on digits' },
      { id: 'differences', title: 'Paired differences on digits' },
    ],
    'export.tableViews': ({ experiment, tables }) =>
      tables.map((id) => {
        const rows = summarize(resultsOf(experimentOf(experiment)))
        return {
          id,
          title: `Table ${id}`,
          caption: `Area under the budget curve of ${rows.length} rows.`,
          columns: [
            { title: 'strategy', numeric: false },
            { title: 'AUBC', numeric: true },
          ],
          blocks: [{ title: '', rows: rows.map(({ strategy, aubc }) => [{ text: strategy }, { text: aubc?.toFixed(3) ?? '–' }]) }],
          latex: `\\label{tab:${id}}`,
        }
      }),
    'export.sheet': async ({ experiment: id, figures: requests, tables, added = [] }) => {
      const experiment = experimentOf(id)
      const sources = await Promise.all(added.map(sourceOf))
      const files: Record<string, Uint8Array> = {}
      for (const request of requests) files[`figures/${request.figure}.svg`] = figureOf(experiment, request, sources).bytes
      for (const table of tables) files[`tables/${table}.csv`] = summary(experiment)
      return { name: `${experiment.study.study}-sheet.zip`, mime: 'application/zip', bytes: zipSync(files) }
    },
    'export.paper': ({ experiment: id, part }) => {
      if (part !== 'tables') throw new QuerentError('unsupported', `the memory lab makes tables only, no ${part}`)
      const experiment = experimentOf(id)
      return {
        name: `${experiment.study.study}-tables.zip`,
        mime: 'application/zip',
        bytes: zipSync({ 'summary.csv': summary(experiment) }),
      }
    },
  }
}
