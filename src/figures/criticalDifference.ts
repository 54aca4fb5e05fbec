import { metricInfo, rankComparison, type RankComparison } from '@engine/analysis'
import type { EChartsOption } from 'echarts'
import { fittingLine, oracleNote, sentences } from './captions'
import type { Figure, FigureBox, FigureChoices } from './figure'
import { canvasOf, measureOf } from './linePlot'
import { fadedAmong, penOf } from './curveSeries'
import { lineElement, markerElement, pale, textElement, type GraphicElement } from './marks'
import { colorOf, figureInk } from './palette'
import { remembered } from './remembered'
import { memberOf, shownOf, visibleResults, type Shown } from './shown'

const comparisonOf = remembered((results, choices: FigureChoices) => {
  const shown = shownOf(results, choices)
  return rankComparison(visibleResults(shown), { metric: shown.metric, baseline: shown.baseline })
})

interface Ranked {
  readonly name: string
  readonly strategy: string
  readonly rank: number
}

/** Runs of neighbours that no critical difference separates, each as long as possible. */
export function cliques(ranks: readonly number[], criticalDifference: number): [from: number, to: number][] {
  const found: [number, number][] = []
  let reached = 0
  ranks.forEach((rank, from) => {
    let to = from
    while (to + 1 < ranks.length && ranks[to + 1] - rank <= criticalDifference) to++
    if (to > from && to > reached) found.push([from, to])
    reached = Math.max(reached, to)
  })
  return found
}

const labelStep = 1.5

function diagramHeight(count: number, bars: number, font: number): number {
  return Math.round((5.4 + 0.75 * bars + labelStep * Math.ceil(count / 2)) * font)
}

/** Mean ranks on a line, best on the left; a bar joins strategies that Nemenyi's test does not separate (Demšar 2006). */
function diagram(ranked: readonly Ranked[], criticalDifference: number, shown: Shown, note: string, box: FigureBox): EChartsOption {
  const { theme, width, fontSizePx: font, fontFamily } = box
  const ink = figureInk[theme]
  const pen = penOf(theme)
  const measure = measureOf(box)
  const labels = ranked.map(({ name, rank }) => `${name} ${rank.toFixed(2)}`)
  const half = Math.ceil(ranked.length / 2)
  const widest = (names: readonly string[]): number => Math.max(0, ...names.map(measure)) + 2 * font
  const left = widest(labels.slice(0, half))
  const right = widest(labels.slice(half))
  const best = 1
  const worst = Math.max(ranked.length, Math.ceil(ranked[ranked.length - 1].rank), best + criticalDifference)
  const pixel = (rank: number): number => left + ((rank - best) / (worst - best)) * (width - left - right)
  const axis = 4.2 * font
  const groups = cliques(
    ranked.map(({ rank }) => rank),
    criticalDifference,
  )
  const below = axis + (0.9 + 0.75 * groups.length) * font
  const text = { fontSize: font, fontFamily, fill: ink.text }
  const ticks = Array.from({ length: Math.floor(worst) }, (_, index) => index + 1)
  const [from, to] = [pixel(best), pixel(best + criticalDifference)]
  const title = fittingLine([`critical difference ${criticalDifference.toFixed(2)}`, note], width - font, measure)
  const scale: GraphicElement[] = [
    lineElement([from, 1.9 * font], [to, 1.9 * font], ink.text, 1.5),
    ...[from, to].map((x) => lineElement([x, 1.6 * font], [x, 2.2 * font], ink.text, 1.5)),
    textElement(title, Math.max(0.5 * font, Math.min(from, width - measure(title) - 0.5 * font)), 0.8 * font, text),
    lineElement([pixel(best), axis], [pixel(worst), axis], ink.axis),
    ...ticks.flatMap((tick) => [
      lineElement([pixel(tick), axis - 0.4 * font], [pixel(tick), axis], ink.axis),
      textElement(String(tick), pixel(tick), axis - 1 * font, { ...text, fill: ink.muted, align: 'center' }),
    ]),
  ]
  const bars = groups.map(([first, last], index) => {
    const y = axis + (0.75 + 0.75 * index) * font
    return lineElement([pixel(ranked[first].rank) - 3, y], [pixel(ranked[last].rank) + 3, y], ink.text, 0.28 * font)
  })
  const isFaded = fadedAmong(ranked, box.emphasis)
  const names = ranked.flatMap(({ strategy, rank }, index) => {
    const isLeft = index < half
    // from the outside in, so that no line crosses a name
    const y = below + (0.9 + labelStep * (isLeft ? index : ranked.length - 1 - index)) * font
    const x = pixel(rank)
    const side = isLeft ? left - 0.4 * font : width - right + 0.4 * font
    const style = shown.styles.get(strategy)!
    const color = colorOf(style, theme)
    const label = side + (isLeft ? -1 : 1) * 1 * font
    const elements = [
      lineElement([x, axis], [x, y], color, pen.thin),
      lineElement([x, y], [side, y], color, pen.thin),
      markerElement({ style, color }, side, y, pen, ink.text),
      textElement(labels[index], label, y, { ...text, align: isLeft ? 'right' : 'left' }),
    ]
    return isFaded({ strategy }) ? elements.map(pale) : elements
  })
  return {
    ...canvasOf(box, `Mean ranks, 1 is the best: ${labels.join(', ')}. Critical difference ${criticalDifference.toFixed(2)}.`),
    graphic: { elements: [...scale, ...names, ...bars] },
  }
}

export const criticalDifferenceDiagram: Figure = {
  title: 'Critical-difference diagram',
  compute: comparisonOf,
  adopt: (results, choices, data) => comparisonOf.adopt(results, choices, data as RankComparison),
  needs: (results, choices) => {
    const { reason } = comparisonOf(results, choices)
    return reason === null ? null : `${reason[0].toUpperCase()}${reason.slice(1)}.`
  },
  height: (results, choices, box) => {
    const comparison = comparisonOf(results, choices)
    if (comparison.reason !== null) return 0
    const ranks = comparison.ranks.toSorted((a, b) => a - b)
    return diagramHeight(ranks.length, cliques(ranks, comparison.criticalDifference).length, box.fontSizePx)
  },
  build: (results, choices, box) => {
    const shown = shownOf(results, choices)
    const comparison = comparisonOf(results, choices)
    if (comparison.reason !== null) throw new RangeError(comparison.reason)
    const { strategies, ranks, settings, friedman, criticalDifference, incomplete } = comparison
    const ranked = strategies
      .map((member, index) => ({ ...memberOf(shown, member), member, rank: ranks[index] }))
      .sort((a, b) => a.rank - b.rank)
    const quantity = results.stats.primary === 'aubc' ? 'AUBC' : 'final value'
    return {
      option: diagram(ranked, criticalDifference, shown, `${settings} settings`, box),
      caption: sentences(
        `mean ranks of the ${quantity} of ${metricInfo[shown.metric].label} over ${settings} settings (data set × factor level), 1 is the best`,
        `Friedman χ² = ${friedman.statistic.toFixed(2)}, p = ${friedman.p < 0.001 ? '< 0.001' : friedman.p.toFixed(3)}`.replace('= <', '<'),
        `bars join strategies whose ranks differ by no more than Nemenyi’s critical difference of ${criticalDifference.toFixed(2)} (α = 0.05)`,
        incomplete.length > 0 ? `left out, a strategy has no value there: ${incomplete.join('; ')}` : '',
        oracleNote(
          shown,
          ranked.map(({ strategy }) => strategy),
        ),
      ),
      table: {
        columns: ['strategy', 'mean_rank', 'settings', 'critical_difference'],
        rows: ranked.map(({ member, rank }) => [member, rank, settings, criticalDifference]),
      },
    }
  },
}
