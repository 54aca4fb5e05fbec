import { factorText, metricInfo, queriedReliability, type Curve, type QueriedReliability } from '@engine/analysis'
import { oracleNote, sentences } from './captions'
import { bareLine, drawnCurves } from './curveSeries'
import { linesFigure } from './linesFigure'
import { figureInk } from './palette'
import { inFacet } from './shown'

const curveOf = ({ dataset, strategy, factors, bins }: QueriedReliability): Curve => {
  const known = bins.flatMap(({ confidence, accuracy, count }) =>
    confidence === null || accuracy === null ? [] : [{ confidence, accuracy, count }],
  )
  const none = known.map(() => null)
  return {
    dataset,
    strategy,
    factors,
    baseline: null,
    line: false,
    labels: known.map(({ confidence }) => 100 * confidence),
    mean: known.map(({ accuracy }) => accuracy),
    lo: none,
    hi: none,
    n: known.map(({ count }) => count),
    traces: [],
    partialFrom: null,
  }
}

/** Reliability on the queried samples; bins of test rows are not recorded. */
export const reliabilityOfQueries = linesFigure(
  'Reliability on queried samples',
  (shown, { panels = true }) => {
    const all = queriedReliability(shown.results).filter(({ strategy }) => shown.visible(strategy))
    const facets = panels !== false && shown.facets.length > 1 ? shown.facets : null
    const parts = facets
      ? facets.map((facet) => ({ title: facet.title, rows: all.filter((row) => inFacet(facet, row)) }))
      : [{ title: '', rows: all }]
    const { factors } = shown.results
    return {
      panels: parts
        .filter(({ rows }) => rows.length > 0)
        .map(({ title, rows }) => ({
          title,
          curves: [
            bareLine('perfect', 'perfect', figureInk.paper.muted, [
              { x: 0, y: 0 },
              { x: 100, y: 100 },
            ]),
            ...drawnCurves(rows.map(curveOf), shown.styles, 'paper', 100, shown.nameOf),
          ],
        })),
      axes: { x: 'confidence before labelling (%)', stops: 'round', y: 'correct (%)', bounds: [0, 100], zero: false },
      band: 'none',
      notes: ['queried samples, 10 bins'],
      caption: sentences(
        'share of correct predictions against the model’s confidence before labelling, in 10 bins of equal width, on the samples that each strategy queried, over all rounds and seeds',
        `these samples were looked for: they say how well the model knew what it did not know, not its ${metricInfo.ece.label} on test data`,
        oracleNote(
          shown,
          all.map(({ strategy }) => strategy),
        ),
      ),
      table: {
        columns: ['dataset', 'strategy', ...factors, 'from', 'to', 'count', 'confidence', 'accuracy'],
        rows: all.flatMap((row) =>
          row.bins.map(({ from, to, count, confidence, accuracy }) => [
            row.dataset,
            row.strategy,
            ...factors.map((path) => factorText(row.factors[path])),
            from,
            to,
            count,
            confidence,
            accuracy,
          ]),
        ),
      },
    }
  },
  () => 'No queried sample has a prediction from before it was labelled: imported results may lack them.',
)
