/** Font of figures on screen. */
export const figureFont = { fontFamily: "'DejaVu Sans', system-ui, sans-serif", fontSizePx: 12 } as const

let pen: CanvasRenderingContext2D | null | undefined

/** Width of a text in the figures' font, in pixels; an estimate where there is no canvas. */
export function measureText(text: string): number {
  if (pen === undefined) pen = document.createElement('canvas').getContext('2d')
  if (!pen) return 0.6 * figureFont.fontSizePx * text.length
  pen.font = `${figureFont.fontSizePx}px ${figureFont.fontFamily}`
  return pen.measureText(text).width
}
