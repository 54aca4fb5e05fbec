import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { printFigure } from '@main/exporting/figures'
import { figureIds, figures, type FigureId } from '@figures/registry'
import { figureResults } from '../../support/figureResults'
import { resourcesDir } from '../../support/paths'

const page = { widthMm: 82.55, fontPt: 8, fontsDir: join(resourcesDir, 'fonts') }
const results = figureResults({
  strategies: ['random', 'badge', 'margin'],
  datasets: ['a', 'b', 'c'],
  levels: ['reinit-fresh', 'carry'],
  seeds: 2,
  rounds: 2,
  oracles: ['badge'],
})
/** one of each form of drawing */
const forms = ['learning-curves', 'at-budget', 'penalty', 'critical-difference'] as const
const print = (id: FigureId) => printFigure(results, id, {}, page)

describe('printed figures', () => {
  it('exist for every entry of the registry', () => {
    for (const id of figureIds) expect(figures[id].needs(results, {}), id).toBeNull()
  })

  it.each(figureIds)('%s is an SVG of the venue’s width, the same on each run', async (id) => {
    const { svg, widthMm, heightMm } = await print(id)
    expect(svg.startsWith(`<svg width="${widthMm}mm" height="${heightMm}mm"`)).toBe(true)
    expect(heightMm).toBeGreaterThan(20)
    expect(heightMm).toBeLessThan(250)
    expect(svg).not.toMatch(/<style|<foreignObject|<script|\bclass=|zr\d|NaN|undefined|\[object|Infinity/)
    expect(svg).toContain('</text>')
    expect((await printFigure(structuredClone(results), id, {}, page)).svg).toBe(svg)
  })

  it('have letters as outlines where asked, and the same size', async () => {
    const { svg, file } = await print('main-effects')
    const outlined = new TextDecoder().decode(await file('svg', { outlines: true }))
    expect(outlined).not.toContain('<text')
    expect(
      outlined.startsWith(
        svg
          .slice(0, svg.indexOf('viewBox'))
          .trimEnd()
          .replace(/ xmlns.*$/, ''),
      ),
    ).toBe(true)
    expect(outlined.match(/<path/g)!.length).toBeGreaterThan(svg.match(/<text/g)!.length)
    expect(new TextDecoder().decode(await file('svg', { outlines: true }))).toBe(outlined)
  })
})

const withoutPoppler = spawnSync('pdffonts', ['-v']).error === undefined ? '' : 'poppler-utils is not installed'

describe.skipIf(withoutPoppler)(`PDF fonts ${withoutPoppler && `(skipped: ${withoutPoppler})`}`, () => {
  it.each(forms)('%s embeds TrueType and nothing of Type 3', async (id) => {
    const folder = mkdtempSync(join(tmpdir(), 'querent-figures-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'figure.pdf')
    const { file } = await print(id)
    const bytes = await file('pdf')
    expect(Buffer.compare(await file('pdf'), bytes)).toBe(0)
    writeFileSync(path, bytes)
    const fonts = execFileSync('pdffonts', [path], { encoding: 'utf8' }).trim().split('\n').slice(2)
    expect(fonts.length).toBeGreaterThan(0)
    for (const font of fonts) expect(font).toMatch(/^[A-Z]{6}\+DejaVuSans\S*\s+CID TrueType\s+Identity-H\s+yes yes yes/)
  })
})
