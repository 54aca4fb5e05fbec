import type { EChartsOption } from 'echarts'
import { figureInk } from '@figures/palette'
import { axisText, niceScale } from '@figures/scale'
import type { ChartBox, ChartTable } from './chart'

/** Training losses of one fit with their epochs, from 1. */
export type LossPoints = readonly (readonly [epoch: number, loss: number])[]

/** The epochs of a stored curve: long ones are kept at even distances, the first and the last among them. */
export function storedLosses(losses: readonly (number | null)[], epochs: number): LossPoints {
  const step = losses.length > 1 ? (epochs - 1) / (losses.length - 1) : 0
  return losses.flatMap((loss, i) => (loss === null ? [] : [[1 + Math.round(i * step), loss] as const]))
}

/** Training loss by epoch of one fit, a single line that spans epochs without a loss. */
export function lossOption(points: LossPoints, title: string, color: string | undefined, box: ChartBox): EChartsOption {
  const ink = figureInk[box.theme]
  const last = points.at(-1)?.[0] ?? 1
  const y = niceScale([0, ...points.map(([, loss]) => loss)], 3)
  const x = niceScale([1, last], 6, [1, last])
  const label = { color: ink.muted, fontSize: box.fontSizePx, fontFamily: box.fontFamily, formatter: axisText, hideOverlap: false }
  const left = Math.ceil(Math.max(...y.ticks.map((tick) => box.measure(axisText(tick)))) + 10)
  return {
    animation: false,
    grid: { left, right: 12, top: 24, bottom: 36 },
    xAxis: {
      type: 'value',
      min: 1,
      max: last,
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
        data: points.map((point) => [...point]),
        symbol: 'none',
        lineStyle: { width: 1.5, color: color ?? ink.text },
        silent: true,
      },
    ],
  }
}

export const lossTable = (points: LossPoints): ChartTable => ({
  columns: ['epoch', 'training loss'],
  rows: points.map(([epoch, loss]) => [epoch, Number(loss.toPrecision(4))]),
})
