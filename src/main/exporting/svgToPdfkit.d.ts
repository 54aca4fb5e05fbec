declare module 'svg-to-pdfkit' {
  export default function svgToPdf(
    document: PDFKit.PDFDocument,
    svg: string,
    x: number,
    y: number,
    options: {
      width: number
      height: number
      /** name of a registered font */
      fontCallback: (family: string, bold: boolean, italic: boolean) => string
      warningCallback: (message: string) => void
    },
  ): void
}
