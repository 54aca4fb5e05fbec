import type { FigureRequest } from '@contract/commands'
import { curves, factorLevels, factorText, pairedDifference } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { learningCurvesOption } from '@figures/learningCurves'
import type { NamedStrategy } from '@figures/palette'
import { renderFigure, type FigureFormat } from './figure'

const pxPerPt = 96 / 72

/** The learning-curve figure of a request as a file; `strategies` are all of the study, because styles belong to names. */
export function learningCurvesFile(
  results: ResultSet,
  strategies: readonly NamedStrategy[],
  { dataset, metric, band, baseline, hidden, facet, widthMm, heightMm, fontPt }: FigureRequest,
  file: { readonly format: FigureFormat; readonly dpi: number; readonly fontsDir: string },
): Promise<Uint8Array> {
  const levels = Object.fromEntries(
    Object.entries(facet).map(([path, text]) => [path, factorLevels(results, path).find((level) => factorText(level) === text) ?? null]),
  )
  const drawn = (band === 'paired-difference' ? pairedDifference(results, { metric, baseline, facet: levels }) : curves(results, { metric, facet: levels })).filter(
    (curve) => !hidden.includes(curve.strategy) && curve.dataset === (dataset ?? curve.dataset),
  )
  const fontSizePx = fontPt * pxPerPt
  return renderFigure(
    ({ width, height, fontFamily, measure }) =>
      learningCurvesOption(drawn, {
        strategies,
        metric,
        theme: 'paper',
        band: band === 'none' ? 'none' : 'interval',
        width,
        height,
        fontFamily,
        fontSizePx,
        measure: (text) => measure(text, fontSizePx),
      }),
    { widthMm, heightMm, ...file },
  )
}
