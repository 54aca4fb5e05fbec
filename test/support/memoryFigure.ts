import { LineChart } from 'echarts/charts'
import { AriaComponent, GraphicComponent, GridComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { FigureRequest } from '@contract/commands'
import { curves, factorLevels, factorText, pairedDifference, resultSetFrom } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { learningCurvesOption } from '@figures/learningCurves'
import { pixelsOf, pixelsOfPoints } from '@figures/venues'
import type { MemoryExperiment } from './memoryExperiment'

use([LineChart, GridComponent, GraphicComponent, AriaComponent, SVGRenderer])

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
export function figureOf(experiment: MemoryExperiment, request: FigureRequest): Uint8Array {
  const results = resultsOf(experiment)
  const { metric, baseline, band, hidden } = request
  const facet = Object.fromEntries(
    Object.entries(request.facet).map(([path, text]) => [
      path,
      factorLevels(results, path).find((level) => factorText(level) === text) ?? null,
    ]),
  )
  const drawn = band === 'paired-difference' ? pairedDifference(results, { metric, baseline, facet }) : curves(results, { metric, facet })
  const [width, height] = [Math.round(pixelsOf(request.widthMm)), Math.round(pixelsOf(request.heightMm))]
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(
    learningCurvesOption(
      drawn.filter(({ strategy, dataset }) => !hidden.includes(strategy) && dataset === (request.dataset ?? dataset)),
      {
        strategies: experiment.study.strategies,
        metric,
        theme: 'paper',
        band: band === 'none' ? 'none' : 'interval',
        width,
        height,
        fontFamily: 'DejaVu Sans',
        fontSizePx: pixelsOfPoints(request.fontPt),
      },
    ),
  )
  const svg = chart.renderToSVGString()
  chart.dispose()
  return new TextEncoder().encode(svg)
}
