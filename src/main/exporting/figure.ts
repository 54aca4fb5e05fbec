import { pixelsOf } from '@figures/venues'
import type { EChartsOption } from 'echarts'
import { figureFontFamily, fontFiles, textMeasure } from './fonts'
import { svgToPdf } from './pdf'
import { outlinedSvg } from './outlines'
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
  /** letters of an SVG as outlines, for readers without the font; default: text that can be searched and edited */
  readonly outlines?: boolean
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

/** A figure as publication SVG, which every format is made from; options must be for paper and in `figureFontFamily`, the frame's. */
export async function figureSvg(source: FigureSource, size: FigureSize, fontsDir: string): Promise<string> {
  const measure = await textMeasure(fontsDir)
  const width = pixelsOf(size.widthMm)
  const height = pixelsOf(size.heightMm)
  const option = typeof source === 'function' ? source({ width, height, fontFamily: figureFontFamily, measure }) : source
  return publicationSvg(option, { width, height }, size, measure)
}

/**
 * A figure's SVG as a file: SVG with text as text or outlines, PNG at `dpi`, or vector PDF with the font embedded as a TrueType subset.
 * Equal input gives equal bytes.
 */
export async function figureFile(svg: string, options: FigureOptions): Promise<Uint8Array> {
  const fonts = fontFiles(options.fontsDir)
  switch (options.format) {
    case 'svg':
      return new TextEncoder().encode(options.outlines ? await outlinedSvg(svg, options, fonts) : svg)
    case 'png':
      return svgToPng(svg, options, options.dpi ?? 300, fonts)
    case 'pdf':
      return svgToPdf(svg, options, fonts)
  }
}

export const renderFigure = async (source: FigureSource, options: FigureOptions): Promise<Uint8Array> =>
  figureFile(await figureSvg(source, options, options.fontsDir), options)
