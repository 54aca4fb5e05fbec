import type { EChartsOption } from 'echarts'
import { figureInk } from '@figures/palette'
import { axisText, niceScale } from '@figures/scale'
import type { ChartBox, ChartTable } from './chart'

/** Training loss by epoch of one fit, a single line from epoch 1. Epochs that were not reported are gaps that the line spans. */
export function lossOption(losses: readonly (number | null)[], title: string, color: string | undefined, box: ChartBox): EChartsOption {
  const ink = figureInk[box.theme]
  const known = losses.filter((value) => value !== null)
  const y = niceScale([0, ...known], 3)
  const x = niceScale([1, losses.length], 6, [1, losses.length])
  const label = { color: ink.muted, fontSize: box.fontSizePx, fontFamily: box.fontFamily, formatter: axisText, hideOverlap: false }
  const left = Math.ceil(Math.max(...y.ticks.map((tick) => box.measure(axisText(tick)))) + 10)
  return {
    animation: false,
    grid: { left, right: 12, top: 24, bottom: 36 },
    xAxis: {
      type: 'value',
      min: 1,
      max: losses.length,
      name: 'epoch',
      nameLocation: 'middle',
      nameGap: 20,
      nameTextStyle: { color: ink.muted, fontSize: box.fontSizePx, fontFamily: box.fontFamily },
      axisLine: { lineStyle: { color: ink.axis } },
      axisTick: { length: 4, lineStyle: { color: ink.axis }, customValues: [...x.ticks] },
      axisLabel: { ...label, customValues: [...x.ticks] },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: y.min,
      max: y.max,
      name: title,
      nameLocation: 'end',
      nameGap: 8,
      nameTextStyle: {
        color: ink.text,
        fontSize: box.fontSizePx,
        fontFamily: box.fontFamily,
        align: 'left',
        padding: [0, 0, 0, -left + 2],
      },
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...label, customValues: [...y.ticks] },
      splitLine: { lineStyle: { color: ink.grid } },
    },
    series: [
      {
        type: 'line',
        data: losses.map((value, i) => [i + 1, value]),
        symbol: 'none',
        connectNulls: true,
        lineStyle: { width: 1.5, color: color ?? ink.text },
        silent: true,
      },
    ],
  }
}

export const lossTable = (losses: readonly (number | null)[]): ChartTable => ({
  columns: ['epoch', 'training loss'],
  rows: losses.flatMap((value, i) => (value === null ? [] : [[i + 1, Number(value.toPrecision(4))]])),
})
