import type { FigureRequest } from '@contract/commands'
import { unsupported } from '@engine/core/errors'
import type { ResultSet } from '@engine/study/results'
import type { BuiltFigure, FigureChoices } from '@figures/figure'
import type { NamedStrategy } from '@figures/palette'
import { requestedFigure } from '@figures/request'
import { figures, type FigureId } from '@figures/registry'
import { pixelsOf, pixelsOfPoints } from '@figures/venues'
import { figureFile, figureSvg, type FigureFormat, type FigureOptions } from './figure'
import { figureFontFamily, textMeasure } from './fonts'
import { latexText } from './latex'

/** Paper that a figure is drawn on. */
export interface FigurePage {
  readonly widthMm: number
  /** default: what suits the figure at its width; raised to the least that its panels and rows need */
  readonly heightMm?: number
  readonly fontPt: number
  /** folder of the shipped TrueType fonts */
  readonly fontsDir: string
}

/** A figure for print: always light, in the shipped font, as a file of any format. */
export interface PrintedFigure extends Pick<BuiltFigure, 'caption' | 'table'> {
  readonly widthMm: number
  readonly heightMm: number
  readonly svg: string
  readonly file: (format: FigureFormat, options?: Pick<FigureOptions, 'dpi' | 'outlines'>) => Promise<Uint8Array>
}

/** Of the suiting height; with less, panels and rows would collide. */
const leastShare = 0.6

/** Draws a figure of the registry, which must have nothing that it `needs`. Equal results and choices give equal bytes. */
export async function printFigure(results: ResultSet, id: FigureId, choices: FigureChoices, page: FigurePage): Promise<PrintedFigure> {
  const { widthMm, fontPt, fontsDir } = page
  const measureText = await textMeasure(fontsDir)
  const fontSizePx = pixelsOfPoints(fontPt)
  const box = {
    theme: 'paper',
    width: pixelsOf(widthMm),
    fontFamily: figureFontFamily,
    fontSizePx,
    measure: (text: string) => measureText(text, fontSizePx),
  } as const
  const suiting = Math.round((figures[id].height(results, choices, box) / 96) * 254) / 10
  const heightMm = Math.max(page.heightMm ?? suiting, Math.round(leastShare * suiting))
  const { option, caption, table } = figures[id].build(results, choices, { ...box, height: pixelsOf(heightMm) })
  const svg = await figureSvg(option, { widthMm, heightMm }, fontsDir)
  return {
    widthMm,
    heightMm,
    caption,
    table,
    svg,
    file: (format, options) => figureFile(svg, { ...options, widthMm, heightMm, format, fontsDir }),
  }
}

/** The figure of a request; refuses one that the results do not have, and says why. */
export async function printRequested(
  results: ResultSet,
  strategies: readonly NamedStrategy[],
  request: FigureRequest,
  fontsDir: string,
): Promise<PrintedFigure & { readonly id: FigureId }> {
  const { id, choices } = requestedFigure(request, results, strategies)
  const reason = figures[id].needs(results, choices)
  if (reason !== null) throw unsupported(reason)
  return { id, ...(await printFigure(results, id, choices, { ...request, fontsDir })) }
}

/** The environment that includes a figure's PDF, `folder` from the paper. */
export const figureLatex = (
  { id, widthMm, caption }: Pick<PrintedFigure, 'widthMm' | 'caption'> & { readonly id: FigureId },
  folder = '',
): string =>
  `\\begin{figure}[t]
  \\centering
  \\includegraphics[width=${widthMm}mm]{${folder}${id}.pdf}
  \\caption{${latexText(caption)}}
  \\label{fig:${id}}
\\end{figure}
`
