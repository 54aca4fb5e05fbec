import { join } from 'node:path'
import type PDFDocument from 'pdfkit'

/** The shipped figure font, with a fallback of the same widths for viewers of an SVG that lack it. */
export const figureFontFamily = 'DejaVu Sans, Verdana, sans-serif'

export interface FontFiles {
  readonly regular: string
  readonly bold: string
}

export const fontFiles = (fontsDir: string): FontFiles => ({
  regular: join(fontsDir, 'DejaVuSans.ttf'),
  bold: join(fontsDir, 'DejaVuSans-Bold.ttf'),
})

export type MeasureText = (text: string, sizePx: number, bold?: boolean) => number

const measures = new Map<string, Promise<MeasureText>>()

/** Real advance widths of the shipped font, kerning included, in pixels. */
export function textMeasure(fontsDir: string): Promise<MeasureText> {
  let measure = measures.get(fontsDir)
  if (!measure) {
    measure = import('pdfkit').then(({ default: Document }) => measureWith(new Document({ autoFirstPage: false }), fontFiles(fontsDir)))
    measures.set(fontsDir, measure)
  }
  return measure
}

function measureWith(document: InstanceType<typeof PDFDocument>, files: FontFiles): MeasureText {
  const widths = new Map<string, number>()
  return (text, sizePx, bold = false) => {
    const key = `${bold ? 'b' : 'r'}${text}`
    let width = widths.get(key)
    if (width === undefined) {
      width =
        document
          .font(bold ? files.bold : files.regular)
          .fontSize(1000)
          .widthOfString(text) / 1000
      widths.set(key, width)
    }
    return width * sizePx
  }
}
