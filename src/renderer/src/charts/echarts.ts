import { HeatmapChart, LineChart } from 'echarts/charts'
import { AriaComponent, GraphicComponent, GridComponent, VisualMapComponent } from 'echarts/components'
import { init, use, type ECharts } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([LineChart, HeatmapChart, GridComponent, GraphicComponent, AriaComponent, VisualMapComponent, CanvasRenderer])

export { init }
export type { ECharts }
