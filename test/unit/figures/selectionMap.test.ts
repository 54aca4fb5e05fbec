import { describe, expect, it } from 'vitest'
import { initialRunState } from '@engine/study/reduceRun'
import { framesOf, mapDocument, selectionMap, type SelectionMap, type SelectionPanel } from '@figures/selectionMap'
import { seriesStyle } from '@figures/palette'
import { roundRecord } from '../../support/records'

const box = { width: 528, fontFamily: 'sans-serif', fontSizePx: 12 }
const sample = (row: number) => ({ row, label: 0, score: null, predicted: null, confidence: null })

/** Starts with rows 0 and 1; each round adds the next two. */
const panel = (name: string, rounds: number): SelectionPanel => ({
  name,
  style: seriesStyle(name, 'margin', []),
  state: {
    ...initialRunState,
    initial: [0, 1].map(sample),
    records: Array.from({ length: rounds }, (_, round) => ({
      ...roundRecord(round, 2 + 2 * round, 0.5 + 0.1 * round),
      selection: round === rounds - 1 ? [] : [2 + 2 * round, 3 + 2 * round].map(sample),
    })),
  },
})

const mapOf = (panels: readonly SelectionPanel[]): SelectionMap => ({
  method: 'tsne',
  dataset: 'wine',
  seed: 3,
  rows: Int32Array.from({ length: 12 }, (_, row) => row),
  positions: Float32Array.from({ length: 24 }, (_, t) => Math.sin(t)),
  metric: 'accuracy',
  panels,
})
const circles = (svg: string): number => svg.match(/<circle/g)?.length ?? 0
const words = (svg: string): string[] => [...svg.matchAll(/>([^<>]+)<\/text>/g)].map(([, text]) => text)

describe('the selection on a map', () => {
  it('has a frame per evaluated round, with every labelled row once and the newest last', () => {
    const drawing = selectionMap(mapOf([panel('margin', 4)]), box)
    expect(drawing.frames).toBe(4)
    expect([0, 1, 2, 3].map((round) => circles(drawing.frame(round)))).toEqual([2, 4, 6, 8])
    const newest = drawing.frame(2).slice(drawing.frame(2).indexOf('fill="#f0e442"'))
    expect(circles(newest)).toBe(2)
    expect(drawing.frame(0)).not.toContain('#f0e442')
    expect(words(drawing.frame(2))).toEqual(['round 2 of 3, 6 labels, accuracy 70.0 %'])
    expect(words(drawing.base)).toEqual(['margin', 'pool', 'labelled, round 0 to 3', 'newest', 't-SNE of wine, seed 3'])
  })

  it('keeps a shorter run at its end, and says of one without a round that it has none', () => {
    const drawing = selectionMap(mapOf([panel('margin', 4), panel('entropy', 2)]), box)
    expect(framesOf(mapOf([panel('margin', 4), panel('entropy', 2)]))).toBe(4)
    expect(words(drawing.frame(3)).join(' ')).toMatch(/round 3 of 3.*round 1 of 1/)
    const empty = selectionMap(mapOf([panel('margin', 2), { ...panel('entropy', 0) }]), box)
    expect(words(empty.frame(1)).at(-1)).toBe('not evaluated yet')
  })

  it('writes names as they are and cuts those that are too long', () => {
    const drawing = selectionMap(
      mapOf([panel('<b>&"', 2), panel('a name that no panel has the room for, whatever its width may be', 2)]),
      box,
    )
    expect(words(drawing.base)[0]).toBe('&lt;b&gt;&amp;&quot;')
    expect(words(drawing.base)[1]).toMatch(/^a name .*…$/)
    const svg = mapDocument(drawing, drawing.base, { width: '100mm', height: '60mm' })
    expect(svg).toMatch(/^<svg width="100mm" height="60mm" xmlns="[^"]+" viewBox="0 0 528 [\d.]+">/)
  })

  it('stays inside its panels and does not break at one point', () => {
    const map = { ...mapOf([panel('margin', 2), panel('entropy', 2)]), positions: new Float32Array(24) }
    for (const method of ['pca', 'umap'] as const) {
      const { base, width } = selectionMap({ ...map, method }, box)
      expect(base).not.toContain('NaN')
      for (const [, x] of base.matchAll(/cx="([^"]+)"/g)) expect(Number(x)).toBeLessThan(width)
    }
  })
})
