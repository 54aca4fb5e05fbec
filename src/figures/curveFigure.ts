import { curves, factorText, pairedDifference, type Curve, type Measure } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { fittingLine, intervalText, oracleNote, seedsText, sentences } from './captions'
import { drawnCurves, type DrawnCurve } from './curveSeries'
import type { Figure, FigureBox, FigureChoices, FigureTable } from './figure'
import { endLabelsFit, labelledLines, seedsOf } from './learningCurves'
import { panelLines, panelsHeight, type LinePanel } from './linePanels'
import { measureOf, type LineAxes } from './linePlot'
import { inFacet, shownOf, type Shown } from './shown'

/** What a figure of curves over labels shows. */
export interface CurveSubject {
  readonly title: string
  /** a sentence's subject: `Accuracy (%)` */
  readonly says: (shown: Shown) => string
  /** what is drawn; several parts are panels with titles */
  readonly parts: (shown: Shown) => readonly { readonly title: string; readonly measure: Measure }[]
  readonly axes: (shown: Shown) => LineAxes
  /** from stored values to the axis */
  readonly scale: (shown: Shown) => number
  /** differences to the baseline instead of levels */
  readonly paired?: boolean
  /** a level at the last value of full-data */
  readonly lines?: boolean
  readonly nothing: (shown: Shown) => string
}

export const mostPanels = 24

interface CurvePanel {
  readonly title: string
  readonly curves: readonly Curve[]
}

/** Curves in one plot, or in one per part, data set and factor cell. */
function panelsOf(subject: CurveSubject, shown: Shown, { panels = true }: FigureChoices): CurvePanel[] {
  const { results, baseline } = shown
  return subject.parts(shown).flatMap(({ title, measure: metric }) => {
    const all = (subject.paired ? pairedDifference(results, { metric, baseline }) : curves(results, { metric })).filter(
      (curve) => shown.visible(curve.strategy) && (subject.lines || !curve.line) && curve.mean.some((value) => value !== null),
    )
    if (!panels || shown.facets.length < 2) return [{ title, curves: all }]
    return shown.facets
      .map((facet) => ({
        title: [title, facet.title].filter(Boolean).join(', '),
        curves: all.filter((curve) => inFacet(facet, curve)),
      }))
      .filter((panel) => panel.curves.length > 0)
  })
}

const drawnPanels = (panels: readonly CurvePanel[], subject: CurveSubject, shown: Shown, box: Pick<FigureBox, 'theme'>): LinePanel[] =>
  panels.map((panel) => ({
    title: panel.title,
    curves: drawnCurves(panel.curves, shown.styles, box.theme, subject.scale(shown), shown.nameOf),
  }))

/** A figure of curves over labelled samples: means with bands, markers and dashes by name, in small multiples where there are facets. */
export function curveFigure(subject: CurveSubject): Figure {
  return {
    title: subject.title,
    needs: (results, choices) => {
      const shown = shownOf(results, choices)
      const panels = panelsOf(subject, shown, choices)
      if (panels.every((panel) => panel.curves.length === 0)) return subject.nothing(shown)
      return panels.length > mostPanels ? tooManyPanels(panels.length) : null
    },
    height: (results, choices, box) => {
      const shown = shownOf(results, choices)
      const drawn = drawnPanels(panelsOf(subject, shown, choices), subject, shown, box)
      const beside = drawn.length === 1 ? besideHeight(drawn[0].curves, box) : null
      return beside ?? panelsHeight(drawn, subject.axes(shown), box)
    },
    build: (results, choices, box) => {
      const shown = shownOf(results, choices)
      const panels = panelsOf(subject, shown, choices)
      const drawn = drawnPanels(panels, subject, shown, box)
      const all = drawn.flatMap((panel) => panel.curves)
      const seeds = seedsOf(all)
      const { band = 'interval' } = choices
      const banded = all.some(({ points }) => points.some(({ lo }) => lo !== null))
      const axes = subject.axes(shown)
      const notes = [axes.y, seedsText(seeds), band === 'interval' && banded ? intervalText(results) : '']
      const titled = { ...axes, y: fittingLine(notes, box.width - 4 * box.fontSizePx, measureOf(box)) }
      const beside = drawn.length === 1 && endLabelsFit(drawn[0].curves, box)
      return {
        option: beside
          ? labelledLines(drawn[0].curves, titled, box, { band })
          : panelLines(drawn, titled, box, { band, shared: new Set(shown.facets.map(({ dataset }) => dataset)).size < 2 }),
        caption: sentences(
          `${subject.says(shown)} by labelled samples, mean over ${seedsText(seeds) || 'no seed'}`,
          bandSentence(results, band, banded),
          all.some(({ partialFrom }) => partialFrom !== null) ? 'dotted: not all seeds have arrived' : '',
          oracleNote(
            shown,
            panels.flatMap((panel) => panel.curves.map(({ strategy }) => strategy)),
          ),
        ),
        table: curvesTable(results, [...new Set(panels.flatMap((panel) => panel.curves))]),
      }
    },
  }
}

export const tooManyPanels = (count: number): string =>
  `${count} panels are too many for one figure: choose a data set or the levels of a factor.`

function bandSentence(results: ResultSet, band: NonNullable<FigureChoices['band']>, banded: boolean): string {
  if (band === 'none') return ''
  if (band === 'traces') return 'thin lines: seeds'
  return banded ? `bands: ${intervalText(results)}` : 'no band: one seed has no spread'
}

/** Height of one plot with labels beside it; null where the labels are too wide for that. */
function besideHeight(drawn: readonly DrawnCurve[], box: Omit<FigureBox, 'height'>): number | null {
  const height = Math.round(Math.max(0.62 * box.width, 14 * box.fontSizePx, (1.25 * drawn.length + 1.6) * box.fontSizePx))
  return height <= 1.1 * box.width && endLabelsFit(drawn, { ...box, height }) ? height : null
}

/** Points of curves in the units of the result files. */
function curvesTable(results: ResultSet, shown: readonly Curve[]): FigureTable {
  return {
    columns: ['dataset', 'strategy', ...results.factors, 'labeled', 'mean', 'lo', 'hi', 'seeds'],
    rows: shown.flatMap((curve) =>
      curve.labels.flatMap((labels, index) =>
        curve.mean[index] === null
          ? []
          : [
              [
                curve.dataset,
                curve.strategy,
                ...results.factors.map((path) => factorText(curve.factors[path])),
                labels,
                curve.mean[index],
                curve.lo[index],
                curve.hi[index],
                curve.n[index],
              ],
            ],
      ),
    ),
  }
}
