import { init } from 'echarts'
import type { FigureRequest } from '@contract/commands'
import type { FigureResult } from '@contract/types'
import { resultSetFrom } from '@engine/analysis'
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
export function figureOf(experiment: MemoryExperiment, request: FigureRequest): Omit<FigureResult, 'name' | 'mime'> {
  const results = resultsOf(experiment)
  const { id, choices } = requestedFigure(request, results, experiment.study.strategies)
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
