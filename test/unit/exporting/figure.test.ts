import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { textMeasure } from '@main/exporting/fonts'
import { resourcesDir, rootDir } from '../../support/paths'
import { neurips, sampleFigure } from '../../support/sampleFigure'

const formats = ['svg', 'png', 'pdf'] as const
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const svg = new TextDecoder().decode(await sampleFigure('svg'))

describe('SVG', () => {
  it('is sized in millimetres, with text as text and nothing that includesvg chokes on', () => {
    expect(svg).toMatch(/^<svg width="139\.7mm" height="86mm" [^>]*viewBox="0 0 528 325\.0\d*"/)
    expect(svg).not.toMatch(/<style|<foreignObject|<script|\bclass=|zr\d|NaN|undefined|\[object/)
    for (const text of ['labelled samples', 'accuracy (%), n = 20 seeds', 'margin', 'badge', 'entropy', 'random', '220'])
      expect(svg).toContain(`>${text}</text>`)
    expect(svg).toContain('font-family:DejaVu Sans')
    expect(svg.length).toBeLessThan(40_000)
  })

  it('has four bands and one line per strategy in its colour', () => {
    expect(svg.match(/fill-opacity="0\.18"/g)).toHaveLength(4)
    for (const color of ['#d55e00', '#009e73', '#cc79a7', '#6e757d']) expect(svg).toContain(`stroke="${color}"`)
  })
})

describe('PNG', () => {
  it.each([300, 600])('has the printed size at %i dpi, and says so', async (dpi) => {
    const png = Buffer.from(await sampleFigure('png', dpi))
    expect(png.subarray(1, 4).toString('latin1')).toBe('PNG')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([Math.round((139.7 / 25.4) * dpi), Math.round((86 / 25.4) * dpi)])
    const at = png.indexOf('pHYs')
    expect(at).toBe(37)
    expect([png.readUInt32BE(at + 4), png.readUInt32BE(at + 8), png[at + 12]]).toEqual([
      Math.round(dpi / 0.0254),
      Math.round(dpi / 0.0254),
      1,
    ])
  })

  it('holds the text, drawn with the shipped font only', async () => {
    const { Resvg } = await import('@resvg/resvg-js')
    const inkOf = (source: string): number => {
      const fontFiles = [join(resourcesDir, 'fonts/DejaVuSans.ttf')]
      const { pixels } = new Resvg(source, { background: '#fff', font: { loadSystemFonts: false, fontFiles } }).render()
      let dark = 0
      for (let i = 0; i < pixels.length; i += 4) if (pixels[i] < 128 && Math.abs(pixels[i] - pixels[i + 2]) < 8) dark++
      return dark
    }
    expect(inkOf(svg)).toBeGreaterThan(2 * inkOf(svg.replace(/<text[\s\S]*?<\/text>/g, '')))
  })
})

describe('equal figures are equal files', () => {
  it('in one process', async () => {
    for (const format of formats) expect(sha(await sampleFigure(format))).toBe(sha(await sampleFigure(format)))
  })

  it('and in another', async () => {
    const here = Object.fromEntries(await Promise.all(formats.map(async (format) => [format, sha(await sampleFigure(format))] as const)))
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', drawElsewhere], { cwd: rootDir, encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual(here)
  })
})

// Draws in another order, so that counters of the process differ.
const drawElsewhere = `
  import { createHash } from 'node:crypto'
  import { createServer } from 'vite'
  import { aliases } from './scripts/aliases.mjs'
  const alias = Object.entries(aliases).map(([find, replacement]) => ({ find: new RegExp('^' + find + '/'), replacement: replacement + '/' }))
  const server = await createServer({ configFile: false, logLevel: 'error', appType: 'custom', resolve: { alias }, server: { middlewareMode: true, ws: false, watch: null }, optimizeDeps: { noDiscovery: true } })
  const module = await server.ssrLoadModule('/test/support/sampleFigure.ts')
  const hashes = {}
  for (const format of ['pdf', 'svg', 'png']) hashes[format] = createHash('sha256').update(await module.sampleFigure(format)).digest('hex')
  await server.close()
  process.stdout.write(JSON.stringify(hashes))
`

const missing = (command: string): boolean => spawnSync(command, ['-v']).error !== undefined
const withoutPoppler = missing('pdffonts') || missing('pdfinfo') ? 'poppler-utils is not installed' : ''

describe.skipIf(withoutPoppler)(`PDF ${withoutPoppler && `(skipped: ${withoutPoppler})`}`, () => {
  const inspect = async (command: 'pdffonts' | 'pdfinfo' | 'pdfimages' | 'pdftotext', ...flags: string[]): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'querent-figure-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'figure.pdf')
    writeFileSync(file, await sampleFigure('pdf'))
    return execFileSync(command, command === 'pdftotext' ? [...flags, file, '-'] : [...flags, file], { encoding: 'utf8' })
  }

  it('embeds TrueType subsets and nothing of Type 3', async () => {
    const fonts = (await inspect('pdffonts')).trim().split('\n').slice(2)
    expect(fonts.length).toBeGreaterThan(0)
    for (const font of fonts) expect(font).toMatch(/^[A-Z]{6}\+DejaVuSans\S*\s+CID TrueType\s+Identity-H\s+yes yes yes/)
  })

  it('is one page of the exact size', async () => {
    const info = await inspect('pdfinfo')
    expect(info).toMatch(/Pages:\s+1\n/)
    const [, width, height] = /Page size:\s+([\d.]+) x ([\d.]+) pts/.exec(info)!
    expect(Math.abs((Number(width) / 72) * 25.4 - neurips.widthMm)).toBeLessThan(0.01)
    expect(Math.abs((Number(height) / 72) * 25.4 - neurips.heightMm)).toBeLessThan(0.01)
  })

  it('is vector, small, and searchable', async () => {
    expect((await inspect('pdfimages', '-list')).trim().split('\n')).toHaveLength(2)
    expect((await sampleFigure('pdf')).length).toBeLessThan(200_000)
    expect(await inspect('pdftotext')).toContain('labelled samples')
  })
})

describe('text widths', () => {
  it('are those of the shipped font', async () => {
    const measure = await textMeasure(resolve(resourcesDir, 'fonts'))
    // advance widths of DejaVu Sans: W 2025, i 569 of 2048 units
    expect(measure('W', 2048)).toBeCloseTo(2025, 6)
    expect(measure('i', 2048)).toBeCloseTo(569, 6)
    expect(measure('W', 12, true)).toBeGreaterThan(measure('W', 12))
  })
})
