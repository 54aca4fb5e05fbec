import { signed } from '@engine/analysis'
import { fittingLine } from './captions'
import { inTheme, type DrawnCurve } from './curveSeries'
import type { BuiltFigure, Figure, FigureBox, FigureChoices } from './figure'
import { endLabelsFit, labelledLines, titleRoom } from './learningCurves'
import { panelLines, panelsHeight, type LinePanel } from './linePanels'
import { measureOf, type BandForm, type LineAxes } from './linePlot'
import { remembered } from './remembered'
import { shownOf, type Shown } from './shown'

/** Curves ready to be laid out. */
export interface Lines extends Pick<BuiltFigure, 'caption' | 'table'> {
  readonly panels: readonly LinePanel[]
  readonly axes: LineAxes
  readonly band: BandForm
  /** said after the y title, as far as there is room */
  readonly notes: readonly string[]
  /** how last values are written beside the names on screen; left out: not at all */
  readonly ends?: { readonly digits: number; readonly signed: boolean }
}

const valueText = (value: number, { digits, signed: withSign }: NonNullable<Lines['ends']>): string =>
  withSign ? signed(value, digits) : value.toFixed(digits)

export const mostPanels = 24

export const tooManyPanels = (count: number): string =>
  `${count} panels are too many for one figure: choose a data set or the levels of a factor.`

/** A figure of lines: labelled at their ends where there is one plot and room, else small multiples under a legend. */
export function linesFigure(
  title: string,
  linesOf: (shown: Shown, choices: FigureChoices) => Lines,
  nothing: (shown: Shown) => string,
): Figure {
  const prepare = remembered((results, choices: FigureChoices) => linesOf(shownOf(results, choices), choices))
  return {
    title,
    compute: prepare,
    adopt: (results, choices, data) => prepare.adopt(results, choices, data as Lines),
    needs: (results, choices) => {
      const { panels } = prepare(results, choices)
      if (panels.every(({ curves }) => curves.every(({ points }) => points.length === 0))) return nothing(shownOf(results, choices))
      return panels.length > mostPanels ? tooManyPanels(panels.length) : null
    },
    height: (results, choices, box) => {
      const { panels, axes } = prepare(results, choices)
      const beside = panels.length === 1 ? besideHeight(panels[0].curves, box) : null
      return beside ?? panelsHeight(panels, axes, box)
    },
    build: (results, choices, box) => {
      const { panels: plain, axes, band, notes, ends, caption, table } = prepare(results, choices)
      const panels = plain.map((panel) => ({ ...panel, curves: panel.curves.map((curve) => inTheme(curve, box.theme)) }))
      const beside = panels.length === 1 && endLabelsFit(panels[0].curves, box)
      const room = beside ? titleRoom(panels[0].curves, box) : box.width - box.fontSizePx
      const titled = { ...axes, y: fittingLine([axes.y, ...notes], room, measureOf(box)) }
      const shared = new Set(results.runs.map(({ dataset }) => dataset)).size < 2 || choices.dataset !== undefined
      const endText = ends && box.theme !== 'paper' ? (value: number) => valueText(value, ends) : null
      const option = beside
        ? labelledLines(panels[0].curves, titled, box, { band, cursor: box.cursor, endText })
        : panelLines(panels, titled, box, { band, shared })
      return { option, caption, table }
    },
  }
}

/** Height of one plot with labels beside it; null where the labels are too many or too wide for that. */
function besideHeight(drawn: readonly DrawnCurve[], box: Omit<FigureBox, 'height'>): number | null {
  const height = Math.round(Math.max(0.62 * box.width, 14 * box.fontSizePx, (1.25 * drawn.length + 1.6) * box.fontSizePx))
  return height <= 1.1 * box.width && endLabelsFit(drawn, { ...box, height }) ? height : null
}
