import { curves, factorText, pairedDifference, type Curve, type Measure } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { intervalText, oracleNote, seedsText, sentences } from './captions'
import { curveAxis } from './curveAxis'
import { bareLine, drawnCurves, type DrawnCurve } from './curveSeries'
import type { Figure, FigureChoices, FigureTable } from './figure'
import { seedsOf } from './learningCurves'
import { linesFigure } from './linesFigure'
import type { LineAxes } from './linePlot'
import { figureInk } from './palette'
import { inFacet, type Shown } from './shown'

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
  /** levels to measure by, dotted across every plot, in stored values */
  readonly marks?: (shown: Shown) => readonly { readonly name: string; readonly value: number }[]
  /** decimals of the last values beside the names on screen; left out: not shown */
  readonly digits?: (shown: Shown) => number
  readonly nothing: (shown: Shown) => string
}

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
    if (panels === false || shown.facets.length < 2) return [{ title, curves: all }]
    return shown.facets
      .map((facet) => ({
        title: [title, facet.title].filter(Boolean).join(', '),
        curves: all.filter((curve) => inFacet(facet, curve)),
      }))
      .filter((panel) => panel.curves.length > 0)
  })
}

/** A figure of curves over labelled samples: means with bands, markers and dashes by name, in small multiples where there are facets. */
export const curveFigure = (subject: CurveSubject): Figure =>
  linesFigure(
    subject.title,
    (shown, choices) => {
      const { results } = shown
      const { band = 'interval' } = choices
      const levels = panelsOf(subject, shown, choices)
      const over = subject.digits ? curveAxis(shown, choices) : null
      const panels = over ? levels.map((panel) => ({ ...panel, curves: panel.curves.map(over.along) })) : levels
      const drawn = panels.map((panel) => ({
        title: panel.title,
        // traces that are not drawn would only travel
        curves: drawnCurves(
          band === 'traces' ? panel.curves : panel.curves.map((curve) => ({ ...curve, traces: [] })),
          shown.styles,
          'paper',
          subject.scale(shown),
          shown.nameOf,
        ),
      }))
      const all = drawn.flatMap((panel) => panel.curves)
      const marks = markLines(subject, shown)
      const seeds = seedsText(seedsOf(all))
      const banded = all.some(({ line, points }) => !line && points.some(({ lo }) => lo !== null))
      return {
        panels: drawn.map((panel) => ({ ...panel, curves: [...marks, ...panel.curves] })),
        axes: { ...subject.axes(shown), ...over?.axes },
        ...(subject.digits ? { ends: { digits: subject.digits(shown), signed: subject.paired === true } } : {}),
        band,
        notes: [seeds, band === 'interval' && banded ? intervalText(results) : ''],
        caption: sentences(
          `${subject.says(shown)} by ${over?.says ?? 'labelled samples'}, mean over ${seeds || 'no seed'}`,
          bandSentence(results, band, banded),
          all.some(({ partialFrom }) => partialFrom !== null) ? 'dotted: not all seeds have arrived' : '',
          oracleNote(
            shown,
            panels.flatMap((panel) => panel.curves.map(({ strategy }) => strategy)),
          ),
        ),
        table: curvesTable(results, panels, over?.axes.x ?? 'labeled'),
      }
    },
    subject.nothing,
  )

/** Marks from the first to the last budget of the results. */
function markLines({ marks, scale }: CurveSubject, shown: Shown): DrawnCurve[] {
  const labels = shown.results.runs.flatMap(({ records }) =>
    [records[0], records[records.length - 1]].flatMap((record) => record?.labeled ?? []),
  )
  if (!marks || labels.length === 0) return []
  const ends = [labels.reduce((a, b) => Math.min(a, b)), labels.reduce((a, b) => Math.max(a, b))]
  return marks(shown).map(({ name, value }) =>
    bareLine(
      name,
      name,
      figureInk.paper.muted,
      ends.map((x) => ({ x, y: value * scale(shown) })),
    ),
  )
}

function bandSentence(results: ResultSet, band: NonNullable<FigureChoices['band']>, banded: boolean): string {
  if (band === 'none') return ''
  if (band === 'traces') return 'thin lines: seeds'
  return banded ? `bands: ${intervalText(results)}` : 'no band: one seed has no spread'
}

/** Points of curves in the units of the result files; the panel is said where a part has its own. */
function curvesTable(results: ResultSet, panels: readonly CurvePanel[], x: string): FigureTable {
  const titled = panels.some(({ title }) => title !== '')
  return {
    columns: [...(titled ? ['panel'] : []), 'dataset', 'strategy', ...results.factors, x, 'mean', 'lo', 'hi', 'seeds'],
    rows: panels.flatMap(({ title, curves }) =>
      curves.flatMap((curve) =>
        curve.labels.flatMap((labels, index) =>
          curve.mean[index] === null
            ? []
            : [
                [
                  ...(titled ? [title] : []),
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
    ),
  }
}
