import { crc32 } from 'node:zlib'
import type { FigureSize } from './figure'
import type { FontFiles } from './fonts'

const signatureBytes = 8
const headerChunkBytes = 25 // IHDR: length, type, 13 bytes, checksum

/** The shipped fonts alone, so that a figure is the same on every machine. */
export const fontsOf = (fonts: FontFiles) => ({
  loadSystemFonts: false,
  fontFiles: [fonts.regular, fonts.bold],
  defaultFontFamily: 'DejaVu Sans',
})

/** Pixel figure at the exact printed size, with the resolution written into the file so that it is placed at that size. */
export async function svgToPng(svg: string, { widthMm, heightMm }: FigureSize, dpi: number, fonts: FontFiles): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js')
  const width = Math.round((widthMm / 25.4) * dpi)
  const height = Math.round((heightMm / 25.4) * dpi)
  const sized = svg.replace(/<svg width="[^"]*" height="[^"]*"/, `<svg width="${width}" height="${height}" preserveAspectRatio="none"`)
  const image = new Resvg(sized, {
    background: '#ffffff',
    font: fontsOf(fonts),
  })
  return withResolution(image.render().asPng(), dpi)
}

/** Inserts a pHYs chunk (PNG §11.3.4.3) after the header. */
function withResolution(png: Uint8Array, dpi: number): Uint8Array {
  const chunk = Buffer.alloc(21)
  const perMetre = Math.round(dpi / 0.0254)
  chunk.writeUInt32BE(9, 0)
  chunk.write('pHYs', 4, 'latin1')
  chunk.writeUInt32BE(perMetre, 8)
  chunk.writeUInt32BE(perMetre, 12)
  chunk.writeUInt8(1, 16) // unit: metre
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 17)), 17)
  const end = signatureBytes + headerChunkBytes
  return new Uint8Array(Buffer.concat([png.subarray(0, end), chunk, png.subarray(end)]))
}
