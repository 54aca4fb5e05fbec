import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FigureRequest } from '@contract/commands'
import { paperOf } from '@main/exporting/paper'
import { sheetFiles, type Sheet } from '@main/exporting/sheet'
import { madeResults } from '../../support/paperTwin'
import { resourcesDir } from '../../support/paths'

const paper = paperOf(
  madeResults(
    'study: sheet_1\ndataset: wine\nmodel: { type: linear }\nprotocol: { seeds: 6, initial: 12, query: 12, rounds: 3 }\nstrategies: [random, entropy]\n',
  ),
)
const request = (figure: string, more: Partial<FigureRequest> = {}): FigureRequest => ({
  figure,
  metric: 'accuracy',
  band: 't95',
  baseline: 'random',
  hidden: [],
  facet: {},
  widthMm: 82.55,
  fontPt: 8,
  ...more,
})
const make = (sheet: Partial<Sheet>) =>
  sheetFiles(paper, { figures: [], formats: ['pdf'], tables: [], tableFormats: ['latex', 'csv'], ...sheet }, join(resourcesDir, 'fonts'))

describe('a sheet', () => {
  it('has every chosen figure in every format, with captions, numbers and LaTeX', async () => {
    const files = await make({ figures: [request('learning-curves'), request('wins', { heightMm: 90 })], formats: ['pdf', 'svg'] })
    expect(Object.keys(files).sort()).toEqual(
      [
        ...['learning-curves', 'wins'].flatMap((id) => [`figures/${id}.csv`, `figures/${id}.pdf`, `figures/${id}.svg`]),
        'figures/captions.txt',
        'figures/figures.tex',
      ].sort(),
    )
    expect(files['figures/figures.tex']).toContain('\\includegraphics[width=82.55mm]{figures/wins.pdf}')
    expect(files['figures/figures.tex']).toMatch(/\\caption\{Accuracy \(\\%\) by labelled samples/)
    expect(files['figures/captions.txt']).toMatch(/^learning-curves: Accuracy/)
    const svg = new TextDecoder().decode(files['figures/wins.svg'] as Uint8Array)
    expect(svg).toMatch(/^<svg width="82.55mm" height="90mm"/)
    expect(svg).toContain('<text')
  })

  it('outlines letters where asked, and draws budgets and prices', async () => {
    const [plain, outlined] = await Promise.all(
      [false, true].map((outlines) => make({ figures: [request('at-budget', { budget: 24 })], formats: ['svg'], outlines })),
    )
    const textOf = (files: typeof plain): string => new TextDecoder().decode(files['figures/at-budget.svg'] as Uint8Array)
    expect(textOf(outlined)).not.toContain('<text')
    expect(textOf(plain)).toContain('<text')
    expect(plain['figures/captions.txt']).toContain('24')
    const priced = await make({ figures: [request('cost', { prices: { label: 2, hour: 5 } })], formats: ['svg'] })
    expect(new TextDecoder().decode(priced['figures/cost.svg'] as Uint8Array)).toContain('cost of labels')
  })

  it('has the chosen tables and no others', async () => {
    const files = await make({ tables: ['results'] })
    expect(Object.keys(files).filter((name) => /\.tex$|\.csv$/.test(name))).toEqual([
      'tables/results.csv',
      'tables/results.tex',
      'tables/macros.tex',
    ])
  })

  it('refuses what the results do not have, and says why', async () => {
    await expect(make({ figures: [request('main-effects')] })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('no factors') as unknown,
    })
    await expect(make({ figures: [request('learning-curve')] })).rejects.toMatchObject({
      code: 'bad-input',
      details: { nearest: 'learning-curves' },
    })
    await expect(make({ tables: ['result'] })).rejects.toMatchObject({ code: 'bad-input', details: { nearest: 'results' } })
  })
})
