import { describe, expect, it } from 'vitest'
import { pairedDifference } from '@engine/analysis'
import { cliques } from '@figures/criticalDifference'
import type { BuiltFigure, FigureBox, FigureChoices } from '@figures/figure'
import { seriesStyles } from '@figures/palette'
import { figureIds, figures, type FigureId } from '@figures/registry'
import { figureResults, type ResultShape } from '../../support/figureResults'

const font = 12
const paper = { theme: 'paper', width: 528, fontFamily: 'DejaVu Sans', fontSizePx: font } as const
const column = { ...paper, width: 312 } as const

const manySettings: ResultShape = { datasets: ['a', 'b', 'c', 'd', 'e', 'f'], seeds: 3 }
const factorial: ResultShape = { levels: ['reinit-fresh', 'carry'] }

function draw(id: FigureId, shape: ResultShape = {}, choices: FigureChoices = {}, box: Omit<FigureBox, 'height'> = paper): BuiltFigure {
  const results = figureResults(shape)
  expect(figures[id].needs(results, choices)).toBeNull()
  return figures[id].build(results, choices, { ...box, height: figures[id].height(results, choices, box) })
}

interface Text {
  readonly text: string
  readonly x: number
  readonly y: number
  readonly size: number
  readonly align: string
  readonly upright: boolean
}

function textsOf({ option }: BuiltFigure): Text[] {
  const { elements } = option.graphic as { elements: readonly Record<string, unknown>[] }
  return elements.flatMap(({ type, x, y, rotation, style }) => {
    const { text, fontSize, align = 'left' } = style as { text: string; fontSize: number; align?: string }
    return type === 'text' ? [{ text, x: x as number, y: y as number, size: fontSize, align, upright: rotation !== undefined }] : []
  })
}

const wordsOf = (figure: BuiltFigure): string[] => textsOf(figure).map(({ text }) => text)

interface Series {
  readonly id: string
  readonly name?: string
  readonly color?: string
  readonly symbol?: string
  readonly itemStyle?: { readonly color: string }
  readonly lineStyle?: { readonly type: unknown; readonly width: number }
  readonly data: readonly unknown[]
}
const seriesOf = ({ option }: BuiltFigure): Series[] => option.series as unknown as Series[]

/** Every number under an option, with where it is. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${path}.${key}`))
}

const shapeFor = (id: FigureId): ResultShape =>
  id === 'critical-difference' ? manySettings : id === 'main-effects' || id === 'interactions' ? factorial : {}

describe.each(figureIds)('%s', (id) => {
  it.each([paper, column])('is drawn inside $width px, in type of 6 pt or more, with its numbers and a caption', (box) => {
    const figure = draw(id, shapeFor(id), {}, box)
    const { option, caption, table } = figure
    expect(caption).toMatch(/^[^a-z].*\.$/)
    expect(table.rows.length).toBeGreaterThan(0)
    for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
    expect(option.animation).toBe(false)
    expect(option.backgroundColor).toBe('#ffffff')
    for (const [path, value] of numbersOf(option)) {
      expect(value, path).not.toBeNaN()
      if (path.endsWith('fontSize')) expect(value).toBeGreaterThanOrEqual(8)
    }
    for (const { text, x, align, upright } of textsOf(figure)) {
      const length = upright ? 0 : 0.6 * font * text.length
      const left = align === 'right' ? x - length : align === 'center' ? x - length / 2 : x
      expect(left, text).toBeGreaterThanOrEqual(-1)
      expect(left + length, text).toBeLessThanOrEqual(box.width + 1)
    }
  })

  it('has no text over another', () => {
    const texts = textsOf(draw(id, shapeFor(id))).filter(({ upright }) => !upright)
    const boxes = texts.map(({ text, x, y, align }) => {
      const length = 0.55 * font * text.length
      const left = align === 'right' ? x - length : align === 'center' ? x - length / 2 : x
      return { text, left, right: left + length, y }
    })
    for (const [index, a] of boxes.entries())
      for (const b of boxes.slice(index + 1))
        if (a.left < b.right && b.left < a.right) expect(Math.abs(a.y - b.y), `${a.text} | ${b.text}`).toBeGreaterThanOrEqual(0.95 * font)
  })

  it('marks an oracle, and says what the mark means', () => {
    const figure = draw(id, { ...shapeFor(id), oracles: ['badge'] })
    if (id === 'interactions') return expect(JSON.stringify(wordsOf(figure))).toContain('badge† − random')
    expect(wordsOf(figure).some((text) => text.includes('badge†'))).toBe(true)
    expect(wordsOf(figure).filter((text) => /badge(?!†)/.test(text))).toEqual([])
    expect(figure.caption).toContain('† sees the true labels of the pool.')
  })

  it('leaves hidden strategies out', () => {
    const figure = draw(id, shapeFor(id), { hidden: ['margin'] })
    expect(wordsOf(figure).filter((text) => text.includes('margin'))).toEqual([])
    expect(JSON.stringify(figure.table.rows)).not.toContain('margin')
  })
})

describe('figures that cannot be drawn say why', () => {
  const needs = (id: FigureId, shape: ResultShape, choices: FigureChoices = {}) => figures[id].needs(figureResults(shape), choices)

  it.each<[FigureId, ResultShape, RegExp]>([
    ['main-effects', {}, /no factors/],
    ['interactions', {}, /no factors/],
    ['critical-difference', {}, /at least 6 settings/],
    ['critical-difference', { ...manySettings, strategies: ['random', 'badge'] }, /at least 3 strategies/],
    ['penalty', { seeds: 1 }, /One seed has no t-test/],
    ['wins', { strategies: ['random'] }, /No two strategies/],
    ['paired-difference', { strategies: ['badge', 'margin'] }, /baseline random is not in/],
    ['penalty', { strategies: ['badge', 'margin'] }, /random is not in/],
  ])('%s', (id, shape, reason) => {
    expect(needs(id, shape)).toMatch(reason)
  })

  it('before anything has run', () => {
    for (const id of figureIds) expect(figures[id].needs({ ...figureResults(), runs: [] }, {}), id).toMatch(/^[A-Z].*\.$/)
  })

  it('without shadows, predictions or metrics of a foreign table', () => {
    const results = figureResults()
    const bare = {
      ...results,
      runs: results.runs.map((run) => ({
        ...run,
        initial: [],
        records: run.records.map((record) => ({
          ...record,
          metrics: { accuracy: record.metrics.accuracy },
          selection: [],
          overlap: [],
          diversity: null,
          classEntropy: null,
        })),
      })),
    }
    for (const id of ['overlap', 'overlap-spearman', 'reliability', 'classes', 'diversity', 'class-entropy', 'calibration'] as const)
      expect(figures[id].needs(bare, {}), id).not.toBeNull()
    expect(figures['learning-curves'].needs(bare, {})).toBeNull()
  })

  it('for too many facets', () => {
    const datasets = Array.from({ length: 25 }, (_, index) => `set ${index}`)
    expect(needs('learning-curves', { datasets, seeds: 1, rounds: 1 })).toMatch(/^25 panels are too many/)
    expect(needs('learning-curves', { datasets, seeds: 1, rounds: 1 }, { dataset: 'set 3' })).toBeNull()
  })
})

describe('a strategy looks the same in every figure', () => {
  const names = ['random', 'badge', 'margin', 'entropy']
  const styles = seriesStyles(names.map((name) => ({ name, id: name })))

  it.each(['learning-curves', 'paired-difference', 'at-budget', 'cost', 'diversity', 'overlap', 'calibration', 'reliability'] as const)(
    '%s',
    (id) => {
      const series = seriesOf(draw(id)).filter(({ name }) => name !== undefined && names.includes(name))
      expect(series.length).toBeGreaterThanOrEqual(3)
      for (const { name, symbol, itemStyle } of series) {
        expect(symbol).toBe(styles.get(name!)!.symbol)
        expect(itemStyle!.color).toBe(styles.get(name!)!.color)
      }
    },
  )

  it('random is grey and dashed', () => {
    const random = seriesOf(draw('learning-curves')).find(({ name }) => name === 'random')!
    expect(random.color).toBe('#6e757d')
    expect(random.lineStyle!.type).toHaveLength(2)
  })
})

describe('what is drawn', () => {
  it('widens the cells of a matrix that is given more height, within its width', () => {
    const results = figureResults({})
    const height = figures.penalty.height(results, {}, paper)
    const widthAt = (share: number): number => {
      const { option } = figures.penalty.build(results, {}, { ...paper, height: share * height })
      return (option.grid as { width: number }).width
    }
    expect(widthAt(0.9)).toBe(widthAt(1))
    expect(widthAt(1.2)).toBeCloseTo(1.2 * widthAt(1))
    expect(widthAt(20)).toBeLessThan(paper.width)
  })

  it('one seed has no band, and the caption says so', () => {
    const { option, caption } = draw('learning-curves', { seeds: 1 })
    expect(caption).toContain('n = 1 seed. No band: one seed has no spread.')
    expect(JSON.stringify(option)).not.toContain('areaStyle')
  })

  it('paired differences have intervals around a zero line', () => {
    const figure = draw('paired-difference')
    expect(seriesOf(figure)[0].id).toBe('zero')
    expect(figure.caption).toContain('Bands: 95 % t intervals.')
    const [first] = pairedDifference(figureResults())
    expect(figure.table.rows[0]).toEqual(['digits', first.strategy, first.labels[0], first.mean[0], first.lo[0], first.hi[0], 6])
  })

  it('facets are panels with one scale, letters and one legend', () => {
    const figure = draw('learning-curves', factorial)
    const grids = figure.option.grid as readonly { readonly height: number }[]
    const axes = figure.option.yAxis as readonly { readonly min: number; readonly max: number }[]
    expect(grids).toHaveLength(2)
    expect(new Set(axes.map(({ min, max }) => `${min} ${max}`)).size).toBe(1)
    expect(wordsOf(figure)).toEqual(expect.arrayContaining(['(a) cold', '(b) warm', 'labelled samples']))
    for (const name of ['random', 'badge', 'margin', 'entropy']) expect(wordsOf(figure).filter((text) => text === name)).toHaveLength(1)
    expect(new Set(seriesOf(figure).map(({ id }) => id)).size).toBe(seriesOf(figure).length)
  })

  it('one data set or level is one plot again', () => {
    expect(Array.isArray(draw('learning-curves', factorial, { facet: { 'training.weightStart': 'carry' } }).option.grid)).toBe(false)
    expect(Array.isArray(draw('learning-curves', manySettings, { dataset: 'b' }).option.grid)).toBe(false)
  })

  it('more curves than fit beside a plot have a legend above it', () => {
    const strategies = ['random', ...Array.from({ length: 29 }, (_, index) => `strategy number ${index}`)]
    const figure = draw('learning-curves', { strategies, seeds: 2, rounds: 1 }, {}, column)
    expect(Array.isArray(figure.option.grid)).toBe(true)
    expect(wordsOf(figure)).toEqual(expect.arrayContaining(strategies))
  })

  it('wins are shares of paired seeds', () => {
    const { table, option } = draw('wins')
    const rows = new Map(table.rows.map(([a, b, won, met]) => [`${a} ${b}`, [won, met] as const]))
    expect(rows.size).toBe(12)
    expect(rows.get('entropy random')).toEqual([6, 6])
    expect(rows.get('random entropy')).toEqual([0, 6])
    const [{ data }] = option.series as { data: { value: number[] }[] }[]
    expect(data.find(({ value: [column, row] }) => column === 0 && row === 3)!.value[2]).toBe(1)
    expect(data).toHaveLength(12)
  })

  it('the lead of fine-tuned features has the thresholds of its checks across the plot', () => {
    const figure = draw('feature-lead', { rounds: 3 }, { hidden: ['random'] })
    const [mark] = seriesOf(figure).filter(({ id }) => id.includes('τ = 0.03'))
    expect(JSON.stringify(mark.data)).toBe(JSON.stringify([{ value: [20, 0.03] }, { value: [50, 0.03] }]))
    expect(figure.table.rows.map((row) => row[1])).not.toContain('τ = 0.03')
    expect(wordsOf(draw('regions')).filter((text) => text.includes('is right'))).toHaveLength(2)
    const updates = draw('feature-updates').table.rows.map((row) => row[3] as number)
    for (const share of updates) expect(share).toBeCloseTo(Math.round(6 * share) / 6, 12)
  })

  it('strategies at one budget are sorted by value, better first, also where low is good', () => {
    const order = (choices: FigureChoices) => draw('at-budget', {}, choices).table.rows.map((row) => row[3] as number)
    expect(order({})).toEqual(order({}).toSorted((a, b) => b - a))
    expect(order({ metric: 'ece' })).toEqual(order({ metric: 'ece' }).toSorted((a, b) => a - b))
  })

  it('bars start at zero, and only where they leave intervals legible', () => {
    const isBar = ({ id }: Series): boolean => id.endsWith(' bar')
    expect(seriesOf(draw('at-budget')).some(isBar)).toBe(false)
    const low = draw('at-budget', { strategies: ['random', 'badge'] }, { metric: 'ece' })
    const [axis] = low.option.xAxis as readonly { readonly min: number }[]
    expect(seriesOf(low).some(isBar)).toBe(axis.min === 0)
  })

  it('class shares sum to one', () => {
    for (const row of draw('classes').table.rows)
      expect(row.slice(3).reduce<number>((sum, value) => sum + Number(value), 0)).toBeCloseTo(1, 9)
  })

  it('class shares are headed by the names of the classes where these fit', () => {
    const heads = (classNames: readonly string[] | undefined): readonly string[] =>
      wordsOf(figures.classes.build({ ...figureResults(), classNames }, {}, { ...paper, height: 200 }))
    expect(heads(['alba', 'rubra', 'lutea', 'nigra'])).toEqual(expect.arrayContaining(['alba', 'rubra', 'lutea', 'nigra']))
    for (const unfit of [undefined, ['alba', 'rubra'], ['alba', 'rubra', 'lutea', 'a name as long as a sentence']])
      expect(heads(unfit)).toEqual(expect.arrayContaining(['0', '1', '2', '3']))
  })

  it('many classes are numbered by themselves, and strategies keep their names', () => {
    const classes = 100
    const figure = figures.classes.build({ ...figureResults(), classes }, {}, { ...column, height: 200 })
    expect(wordsOf(figure)).toEqual(expect.arrayContaining(['random', '0']))
    expect(wordsOf(figure)).not.toContain('random 1')
  })

  it('the frontier rises and no strategy owns it', () => {
    const points = seriesOf(draw('cost')).find(({ name }) => name === 'best for its cost')!.data as { value: [number, number] }[]
    for (const [index, { value }] of points.entries()) if (index > 0) expect(value[1]).toBeGreaterThanOrEqual(points[index - 1].value[1])
    expect(draw('cost', {}, { prices: { label: 1, hour: 0 } }).caption).toContain('1 per label')
  })

  it('ranks within the critical difference are joined', () => {
    expect(cliques([1, 2, 3], 0.5)).toEqual([])
    expect(cliques([1, 2, 3], 5)).toEqual([[0, 2]])
    expect(cliques([1, 2, 3.5, 4], 1.6)).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ])
  })
})
