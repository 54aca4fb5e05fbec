import { pixelsOf } from '@figures/venues'
import type { EChartsOption } from 'echarts'
import { figureFontFamily, fontFiles, textMeasure } from './fonts'
import { svgToPdf } from './pdf'
import { svgToPng } from './png'
import { publicationSvg } from './svg'

export type FigureFormat = 'svg' | 'png' | 'pdf'

export const figureMime: Readonly<Record<FigureFormat, string>> = { svg: 'image/svg+xml', png: 'image/png', pdf: 'application/pdf' }

export interface FigureSize {
  readonly widthMm: number
  readonly heightMm: number
}

export interface FigureOptions extends FigureSize {
  readonly format: FigureFormat
  /** pixels per inch of a PNG; default 300 */
  readonly dpi?: number
  /** folder of the shipped TrueType fonts */
  readonly fontsDir: string
}

/** What an option builder needs to fit a page: CSS pixels (12 px = 9 pt) and the shipped font. */
export interface FigureFrame {
  readonly width: number
  readonly height: number
  readonly fontFamily: string
  readonly measure: (text: string, sizePx: number) => number
}

export type FigureSource = EChartsOption | ((frame: FigureFrame) => EChartsOption)

/**
 * A figure as a file: SVG with text as text, PNG at `dpi`, or vector PDF with the font embedded as a TrueType subset. Equal input gives equal
 * bytes. Options must be built with `figureFontFamily`, which is the frame's, and for paper.
 */
export async function renderFigure(source: FigureSource, options: FigureOptions): Promise<Uint8Array> {
  const measure = await textMeasure(options.fontsDir)
  const width = pixelsOf(options.widthMm)
  const height = pixelsOf(options.heightMm)
  const option = typeof source === 'function' ? source({ width, height, fontFamily: figureFontFamily, measure }) : source
  const svg = await publicationSvg(option, { width, height }, options, measure)
  switch (options.format) {
    case 'svg':
      return new TextEncoder().encode(svg)
    case 'png':
      return svgToPng(svg, options, options.dpi ?? 300, fontFiles(options.fontsDir))
    case 'pdf':
      return svgToPdf(svg, options, fontFiles(options.fontsDir))
  }
}
