import type { EChartsOption } from 'echarts'
import type { FigureSize } from './figure'
import type { MeasureText } from './fonts'

/** Draws an option in plain Node and cleans the drawing for publication: page size in millimetres, no style sheet, stable ids. */
export async function publicationSvg(
  option: EChartsOption,
  pixels: { readonly width: number; readonly height: number },
  size: FigureSize,
  measure: MeasureText,
): Promise<string> {
  const echarts = await import('echarts')
  // ECharts estimates text widths without a canvas; these are the widths of the font that is embedded.
  echarts.setPlatformAPI({
    measureText: (text, font = '12px') => ({
      width: measure(text, Number(/(\d+(?:\.\d+)?)px/.exec(font)?.[1] ?? 12), font.includes('bold')),
    }),
  })
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...pixels })
  try {
    chart.setOption({ ...option, animation: false })
    return cleaned(chart.renderToSVGString(), size)
  } finally {
    chart.dispose()
  }
}

function cleaned(svg: string, { widthMm, heightMm }: FigureSize): string {
  const ids = new Map<string, string>()
  const idOf = (id: string): string => {
    if (!ids.has(id)) ids.set(id, `q${ids.size}`)
    return ids.get(id)!
  }
  return (
    svg
      .replace(/^<svg width="[^"]*" height="[^"]*"/, `<svg width="${widthMm}mm" height="${heightMm}mm"`)
      .replace(/<style[^>]*>[\s\S]*?<\/style>\s*/g, '') // hover rules
      .replace(/ (?:class|pointer-events)="[^"]*"/g, '')
      .replace(/\bzr\d+-[\w-]+/g, idOf) // numbered by counters of the process
      .trim() + '\n'
  )
}
