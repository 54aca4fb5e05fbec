import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, GraphicComponent, GridComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { init, use, type ECharts } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { EChartsOption } from 'echarts'
import { factorLevels, factorText, factorTitle, levelTitle, metricInfo } from '@engine/analysis'
import type { MetricId } from '@engine/study/spec'
import type { FigureChoices } from '@figures/figure'
import { colorOf, seriesStyles, type Theme } from '@figures/palette'
import { figureIds, figures, type FigureId } from '@figures/registry'
import { unpackPage } from './data'
import { checkbox, fillTable, select } from './controls'

use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  AriaComponent,
  GraphicComponent,
  GridComponent,
  TooltipComponent,
  VisualMapComponent,
  SVGRenderer,
])

const fontFamily = 'system-ui, sans-serif'
const fontSizePx = 13

const { results, strategies } = unpackPage(document.getElementById('data')!.textContent)
const dark = matchMedia('(prefers-color-scheme: dark)')
const ink = document.createElement('canvas').getContext('2d')!
ink.font = `${fontSizePx}px ${fontFamily}`
const measure = (text: string): number => ink.measureText(text).width

const chosen = {
  metric: results.stats.metric,
  baseline: results.stats.baseline,
  band: 'interval' as NonNullable<FigureChoices['band']>,
  dataset: '',
  facet: new Map<string, string>(),
  hidden: new Set<string>(),
}
let isPrinting = false

function choices(): FigureChoices {
  const facet = Object.fromEntries(
    [...chosen.facet].flatMap(([path, text]) => {
      const level = factorLevels(results, path).find((one) => factorText(one) === text)
      return level === undefined ? [] : [[path, level]]
    }),
  )
  const { metric, baseline, band, dataset, hidden } = chosen
  return { strategies, metric, baseline, band, facet, hidden: [...hidden], ...(dataset === '' ? {} : { dataset }) }
}

interface Place {
  readonly id: FigureId
  readonly box: HTMLElement
  readonly chart: HTMLElement
  readonly caption: HTMLElement
  readonly table: HTMLDetailsElement
  drawn: ECharts | null
}

const places: readonly Place[] = figureIds.flatMap((id) => {
  const box = document.getElementById(`figure-${id}`)
  if (!box) return []
  const part = <E extends Element>(name: string): E => box.querySelector<E>(name)!
  return [{ id, box, chart: part('.chart'), caption: part('figcaption'), table: part('details'), drawn: null }]
})

function draw(place: Place): void {
  const { id, chart, caption, table } = place
  const figure = figures[id]
  const current = choices()
  const reason = figure.needs(results, current)
  place.drawn?.dispose()
  place.drawn = null
  table.hidden = reason !== null
  if (reason !== null) {
    chart.style.height = ''
    chart.textContent = reason
    caption.textContent = ''
    return
  }
  const theme: Theme = dark.matches && !isPrinting ? 'dark' : 'light'
  const width = Math.max(320, chart.clientWidth)
  const box = { theme, width, fontFamily, fontSizePx, measure }
  const height = figure.height(results, current, box)
  const built = figure.build(results, current, { ...box, height })
  chart.textContent = ''
  chart.style.height = `${height}px`
  place.drawn = init(chart, null, { renderer: 'svg', width, height })
  place.drawn.setOption({ ...built.option, backgroundColor: 'transparent', tooltip: tooltipOf(built.option, theme) })
  caption.textContent = built.caption
  const show = (): void => fillTable(table, built.table)
  table.ontoggle = () => table.open && show()
  if (table.open) show()
}

/** All curves at the budget under the pointer, the highest first; elsewhere the item. */
function tooltipOf(option: EChartsOption, theme: Theme): EChartsOption['tooltip'] {
  const colors = theme === 'dark' ? { text: '#e4e8ec', ground: '#242a31' } : { text: '#1a1e23', ground: '#ffffff' }
  const common = {
    confine: true,
    backgroundColor: colors.ground,
    borderColor: '#7f8894',
    textStyle: { color: colors.text, fontSize: fontSizePx, fontFamily },
  }
  const series = [option.series ?? []].flat()
  if (series.some(({ type }) => type !== 'line')) return { ...common, trigger: 'item' }
  return {
    ...common,
    trigger: 'axis',
    formatter: (given) => {
      const points = [given].flat().flatMap(({ seriesName = '', value, color }) => {
        const [x, y] = Array.isArray(value) ? value.map(Number) : []
        return seriesName.startsWith('series\0') || !Number.isFinite(y)
          ? []
          : [{ name: seriesName, x, y, color: typeof color === 'string' ? color : '' }]
      })
      if (points.length === 0) return ''
      const unique = [...new Map(points.sort((a, b) => b.y - a.y).map((point) => [point.name, point])).values()]
      const tip = document.createElement('div')
      tip.append(`${unique[0].x} labels`)
      for (const { name, y, color } of unique) {
        const line = document.createElement('div')
        const mark = document.createElement('span')
        mark.textContent = '■ '
        mark.style.color = color
        line.append(mark, `${name}: ${y.toPrecision(4)}`)
        tip.append(line)
      }
      return tip
    },
  }
}

const drawAll = (): void => places.forEach(draw)

function addControls(): void {
  const bar = document.getElementById('controls')!
  const measured = (Object.keys(metricInfo) as MetricId[]).filter((metric) =>
    results.runs.some(({ records }) => records.some(({ metrics }) => typeof metrics[metric] === 'number')),
  )
  const datasets = [...new Set(results.runs.map(({ dataset }) => dataset))]
  const change = (apply: (value: string) => void) => (value: string) => {
    apply(value)
    drawAll()
  }
  const named = (values: readonly string[]): [string, string][] => values.map((value) => [value, value])
  bar.append(
    select(
      'Metric',
      measured.map((id) => [id, metricInfo[id].label]),
      chosen.metric,
      change((value) => (chosen.metric = value as MetricId)),
    ),
    select(
      'Baseline',
      named(results.strategies.filter((name) => !results.lines.includes(name))),
      chosen.baseline,
      change((value) => (chosen.baseline = value)),
    ),
    select(
      'Band',
      [
        ['interval', '95 % interval'],
        ['traces', 'every seed'],
        ['none', 'none'],
      ],
      chosen.band,
      change((value) => (chosen.band = value as typeof chosen.band)),
    ),
    ...(datasets.length > 1
      ? [
          select(
            'Data set',
            [['', 'all'], ...named(datasets)],
            '',
            change((value) => (chosen.dataset = value)),
          ),
        ]
      : []),
    ...results.factors.map((path) =>
      select(
        factorTitle(path),
        [['', 'all levels'], ...factorLevels(results, path).map((level): [string, string] => [factorText(level), levelTitle(path, level)])],
        '',
        change((value) => (value === '' ? chosen.facet.delete(path) : chosen.facet.set(path, value))),
      ),
    ),
  )
  const looks = seriesStyles(strategies)
  const shown = document.createElement('fieldset')
  const legend = document.createElement('legend')
  legend.textContent = 'Strategies'
  shown.append(legend)
  for (const [name, look] of looks)
    shown.append(
      checkbox(name, colorOf(look, dark.matches ? 'dark' : 'light'), (isOn) => {
        if (isOn) chosen.hidden.delete(name)
        else chosen.hidden.add(name)
        drawAll()
      }),
    )
  bar.append(shown)
}

addControls()
drawAll()
dark.addEventListener('change', drawAll)
let resized = 0
addEventListener('resize', () => {
  clearTimeout(resized)
  resized = window.setTimeout(drawAll, 150)
})
for (const [event, printing] of [
  ['beforeprint', true],
  ['afterprint', false],
] as const)
  addEventListener(event, () => {
    isPrinting = printing
    drawAll()
  })
document.documentElement.classList.add('ready')
