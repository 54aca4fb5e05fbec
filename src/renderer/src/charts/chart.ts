import type { EChartsOption } from 'echarts'
import type { Theme } from '@figures/palette'

/** What an option builder needs to know of the place it draws in. */
export interface ChartBox {
  readonly width: number
  readonly height: number
  readonly theme: Theme
  readonly fontFamily: string
  readonly fontSizePx: number
  measure(text: string): number
}
export type BuildOption = (box: ChartBox) => EChartsOption

/** The same numbers as text, for those who cannot or do not want to read the drawing. */
export interface ChartTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}
