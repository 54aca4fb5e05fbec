import type { ResultSet } from '@engine/study/results'
import type { BuiltFigure, FigureChoices } from '@figures/figure'
import { figures, type FigureId } from '@figures/registry'
import { pixelsOf, pixelsOfPoints } from '@figures/venues'
import { figureFile, figureSvg, type FigureFormat, type FigureOptions } from './figure'
import { figureFontFamily, textMeasure } from './fonts'

/** Paper that a figure is drawn on. */
export interface FigurePage {
  readonly widthMm: number
  /** default: what suits the figure at its width */
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
  const heightMm = page.heightMm ?? Math.round((figures[id].height(results, choices, box) / 96) * 254) / 10
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
