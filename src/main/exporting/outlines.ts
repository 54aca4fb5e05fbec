import type { FigureSize } from './figure'
import type { FontFiles } from './fonts'
import { fontsOf } from './png'

/** The same drawing with every letter as an outline, so that it looks alike where the font is missing. */
export async function outlinedSvg(svg: string, { widthMm, heightMm }: FigureSize, fonts: FontFiles): Promise<string> {
  const { Resvg } = await import('@resvg/resvg-js')
  return new Resvg(svg, { font: fontsOf(fonts) })
    .toString()
    .replace(/^<svg width="[^"]*" height="[^"]*"/, `<svg width="${widthMm}mm" height="${heightMm}mm"`)
    .replace(/\n\s*/g, '\n')
}
