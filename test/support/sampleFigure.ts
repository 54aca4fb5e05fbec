import { resolve } from 'node:path'
import { curves } from '@engine/analysis'
import { learningCurvesOption } from '@figures/learningCurves'
import { renderFigure, type FigureFormat, type FigureFrame } from '@main/exporting/figure'
import { digitsRuns, resultsOf } from './digitsCurves'

export const neurips = { widthMm: 139.7, heightMm: 86 }

const strategies = ['random', 'badge', 'margin', 'entropy'].map((name) => ({ name, id: name }))

/** The learning curves of the digits runs at 9 pt. */
export const sampleOption = (frame: FigureFrame) =>
  learningCurvesOption(curves(resultsOf(digitsRuns())), {
    ...frame,
    strategies,
    metric: 'accuracy',
    theme: 'paper',
    band: 'interval',
    fontSizePx: 12,
    measure: (text) => frame.measure(text, 12),
  })

export const sampleFigure = (format: FigureFormat, dpi = 300): Promise<Uint8Array> =>
  renderFigure(sampleOption, { ...neurips, format, dpi, fontsDir: resolve(import.meta.dirname, '../../resources/fonts') })
