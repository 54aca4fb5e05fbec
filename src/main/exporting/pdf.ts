import type { FigureSize } from './figure'
import type { FontFiles } from './fonts'

const pointsOf = (millimetres: number): number => (millimetres / 25.4) * 72

/** One page of the exact size, vector, text in embedded TrueType subsets, without a date of its own so that equal figures are equal files. */
export async function svgToPdf(svg: string, { widthMm, heightMm }: FigureSize, fonts: FontFiles): Promise<Uint8Array> {
  const [{ default: PDFDocument }, { default: draw }] = await Promise.all([import('pdfkit'), import('svg-to-pdfkit')])
  const width = pointsOf(widthMm)
  const height = pointsOf(heightMm)
  const document = new PDFDocument({ size: [width, height], margin: 0, info: { Creator: 'Querent', CreationDate: new Date(0) } })
  const pieces: Uint8Array[] = []
  const finished = new Promise<void>((resolve, reject) => {
    document.on('data', (piece: Uint8Array) => pieces.push(piece))
    document.on('end', resolve)
    document.on('error', reject)
  })
  document.registerFont('regular', fonts.regular)
  document.registerFont('bold', fonts.bold)
  const problems: string[] = []
  draw(document, svg, 0, 0, {
    width,
    height,
    fontCallback: (_family, bold) => (bold ? 'bold' : 'regular'),
    warningCallback: (message) => problems.push(message),
  })
  document.end()
  await finished
  if (problems.length > 0) throw new Error(`the figure could not be drawn as PDF: ${problems.join('; ')}`)
  return new Uint8Array(Buffer.concat(pieces))
}
