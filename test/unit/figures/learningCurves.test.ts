import type { LineSeriesOption } from 'echarts'
import { describe, expect, it } from 'vitest'
import { curves, pairedDifference } from '@engine/analysis'
import { learningCurvesOption, type LearningCurvesOptions } from '@figures/learningCurves'
import { digitsRuns, resultsOf, runOf } from '../../support/digitsCurves'

const names = ['random', 'badge', 'margin', 'entropy']
const results = resultsOf(digitsRuns(), {}, { strategies: names })

const options = (rest: Partial<LearningCurvesOptions> = {}): LearningCurvesOptions => ({
  strategies: [...names, 'full-data'].map((name) => ({ name, id: name })),
  metric: 'accuracy',
  theme: 'light',
  band: 'interval',
  width: 640,
  height: 400,
  fontFamily: 'DejaVu Sans',
  fontSizePx: 12,
  ...rest,
})

interface Parts {
  readonly series: readonly LineSeriesOption[]
  readonly texts: readonly { readonly text: string; readonly x: number; readonly y: number }[]
  readonly kinds: readonly string[]
  readonly xAxis: Axis
  readonly yAxis: Axis
  readonly grid: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }
}
interface Axis {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly axisLabel: { readonly customValues: readonly number[]; readonly formatter: (value: number) => string }
}

function parts(option: ReturnType<typeof learningCurvesOption>): Parts {
  const { elements } = option.graphic as { elements: readonly { type: string; x: number; y: number; style: { text: string } }[] }
  return {
    series: option.series as LineSeriesOption[],
    texts: elements.filter(({ type }) => type === 'text').map(({ x, y, style }) => ({ text: style.text, x, y })),
    kinds: elements.map(({ type }) => type),
    xAxis: option.xAxis as unknown as Axis,
    yAxis: option.yAxis as unknown as Axis,
    grid: option.grid as Parts['grid'],
  }
}

describe('learning-curve figure', () => {
  it('has titled axes, no chart title, and budgets as ticks', () => {
    const option = learningCurvesOption(curves(results), options())
    const { xAxis, yAxis } = parts(option)
    expect(option.title).toBeUndefined()
    expect(option.legend).toBeUndefined()
    expect(option.animation).toBe(false)
    expect(xAxis.name).toBe('labelled samples')
    expect(yAxis.name).toBe('accuracy (%), n = 20 seeds')
    expect([xAxis.min, xAxis.max]).toEqual([20, 220])
    expect(xAxis.axisLabel.customValues).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 220])
    expect([yAxis.min, yAxis.max]).toEqual([55, 100])
    expect(yAxis.axisLabel.customValues).toEqual([60, 70, 80, 90, 100])
  })

  it('draws a band of α 0.18 under each mean, stacked for itself', () => {
    const { series } = parts(learningCurvesOption(curves(results), options()))
    const bands = series.filter(({ areaStyle }) => areaStyle)
    const means = series.filter(({ name }) => name !== undefined)
    expect(means.map(({ name }) => name)).toEqual(names)
    expect(bands).toHaveLength(4)
    expect(new Set(bands.map(({ stack }) => stack)).size).toBe(4)
    const badge = curves(results)[1]
    for (const band of bands) {
      expect(band).toMatchObject({ stackStrategy: 'all', areaStyle: { opacity: 0.18 }, silent: true })
      expect(series.find(({ stack, areaStyle }) => stack === band.stack && !areaStyle)?.data).toHaveLength(11)
    }
    expect(bands[1].data).toEqual(badge.labels.map((label, i) => [label, 100 * badge.hi[i]! - 100 * badge.lo[i]!]))
    expect(series.indexOf(bands[3])).toBeLessThan(series.indexOf(means[0]))
  })

  it('tells strategies apart by colour, marker and dash, each alone', () => {
    const means = parts(learningCurvesOption(curves(results), options())).series.filter(({ name }) => name !== undefined)
    expect(new Set(means.map(({ color }) => color)).size).toBe(4)
    expect(new Set(means.map(({ symbol }) => symbol)).size).toBe(4)
    expect(new Set(means.map(({ lineStyle }) => JSON.stringify(lineStyle?.type))).size).toBe(4)
  })

  it('keeps a strategy as it is when others are hidden', () => {
    const only = parts(learningCurvesOption(curves(results).slice(2), options())).series.find(({ name }) => name === 'margin')
    const all = parts(learningCurvesOption(curves(results), options())).series.find(({ name }) => name === 'margin')
    expect(only).toEqual(all)
  })

  it('labels every curve once at the right, apart and inside', () => {
    const { texts, grid } = parts(learningCurvesOption(curves(results), options({ theme: 'paper' })))
    expect(texts.map(({ text }) => text)).toEqual(names)
    const heights = texts.map(({ y }) => y).sort((a, b) => a - b)
    heights.slice(1).forEach((y, i) => expect(y - heights[i]).toBeGreaterThanOrEqual(15 - 1e-9))
    expect(heights[0]).toBeGreaterThanOrEqual(6)
    for (const { x, text } of texts) {
      expect(x).toBeGreaterThan(640 - grid.right)
      expect(x + 0.6 * 12 * text.length).toBeLessThan(640)
    }
    expect(texts.toSorted((a, b) => a.y - b.y).map(({ text }) => text)).toEqual(['margin', 'entropy', 'badge', 'random'])
  })

  it('shows values on screen only', () => {
    expect(parts(learningCurvesOption(curves(results), options())).texts.map(({ text }) => text)).toContain(' 98.0')
  })

  it('dots a curve from where fewer seeds have arrived, with hollow markers', () => {
    const partial = resultsOf([
      runOf('random', 0, [10, 20, 30], [0.5, 0.6, 0.7]),
      runOf('random', 1, [10, 20, 30], [0.4, 0.5], { finished: false }),
    ])
    const { series, yAxis } = parts(learningCurvesOption(curves(partial), options()))
    const [complete, rest] = series.filter(({ name }) => name === 'random')
    expect(complete.data).toHaveLength(2)
    expect(rest.data).toEqual([{ value: [20, expect.closeTo(55, 9)], symbol: 'none' }, { value: [30, 70] }])
    expect(rest.itemStyle).toMatchObject({ color: '#ffffff' })
    expect(yAxis.name).toBe('accuracy (%), n = 1–2 seeds')
  })

  it('draws seeds as thin lines instead of bands', () => {
    const { series } = parts(learningCurvesOption(curves(results), options({ band: 'traces' })))
    expect(series.filter(({ areaStyle }) => areaStyle)).toHaveLength(0)
    expect(series.filter(({ name }) => name === undefined)).toHaveLength(80)
  })

  it('draws full data as a level without a budget', () => {
    const withLine = resultsOf([...digitsRuns(), runOf('full-data', 0, [1297], [0.984])], {}, { lines: ['full-data'] })
    const { series, xAxis } = parts(learningCurvesOption(curves(withLine), options()))
    expect(xAxis.max).toBe(220)
    expect(series.find(({ name }) => name === 'full-data')?.data).toEqual([
      [20, 98.4],
      [220, 98.4],
    ])
  })

  it('has a paired-difference form around zero', () => {
    const { series, yAxis } = parts(learningCurvesOption(pairedDifference(results), options()))
    expect(yAxis.name).toBe('difference to random (points), n = 20 seeds')
    expect(yAxis.min).toBeLessThan(0)
    expect(yAxis.axisLabel.formatter(-5)).toBe('−5')
    expect(series[0]).toMatchObject({ id: 'zero', silent: true })
    expect(series.filter(({ name }) => name !== undefined).map(({ name }) => name)).toEqual(['badge', 'margin', 'entropy'])
  })

  it('marks the cursor only inside the figure', () => {
    const kinds = (cursor: number | null) => parts(learningCurvesOption(curves(results), options({ cursor }))).kinds
    expect(kinds(100)).toContain('line')
    expect(kinds(null)).not.toContain('line')
    expect(kinds(500)).not.toContain('line')
  })

  it('names cells of one strategy by what differs', () => {
    const path = 'training.weightStart'
    const cells = resultsOf(
      ['carry', 'reinit-fresh'].map((level) =>
        runOf('badge', 0, [10, 20], [0.5, 0.6], { factors: { [path]: level, 'model.type': 'mlp' } }),
      ),
      {},
      { factors: [path, 'model.type'] },
    )
    const series = parts(learningCurvesOption(curves(cells), options())).series.filter(({ name }) => name !== undefined)
    expect(series.map(({ name }) => name)).toEqual(['badge (warm)', 'badge (cold)'])
    expect(series[0].lineStyle?.type).not.toEqual(series[1].lineStyle?.type)
  })

  it('says what it shows, and is drawn before anything has arrived', () => {
    const { aria } = learningCurvesOption(curves(results), options()) as { aria: { label: { description: string } } }
    expect(aria.label.description).toContain('margin 97.99 at 220')
    expect(parts(learningCurvesOption([], options())).series).toEqual([])
    const first = resultsOf([runOf('random', 0, [10], [0.5], { finished: false })])
    expect(parts(learningCurvesOption(curves(first), options())).xAxis.axisLabel.customValues).toEqual([10])
  })
})
