import { metricInfo, overlapWith, shadowsOf, type Measure } from '@engine/analysis'
import type { ResultSet } from '@engine/study/results'
import { curveFigure } from './curveFigure'
import { metricAxes } from './learningCurves'
import type { LineAxes } from './linePlot'

const roundAxes = (y: string, bounds?: readonly [number, number]): (() => LineAxes) => {
  const axes: LineAxes = { x: 'labelled samples', stops: 'points', y, bounds, zero: false }
  return () => axes
}

const one = (measure: Measure) => () => [{ title: '', measure }]

export const diversity = curveFigure({
  title: 'Diversity of each batch',
  says: () => 'mean pairwise distance within each queried batch, in the standardised input space,',
  parts: one((record) => record.diversity),
  axes: roundAxes('mean distance within the batch', [0, Infinity]),
  scale: () => 1,
  nothing: () => 'No batch of two or more samples has been queried.',
})

export const diversityCumulative = curveFigure({
  title: 'Diversity of everything queried',
  says: () => 'mean pairwise distance of all samples queried so far, in the standardised input space,',
  parts: one((record) => record.diversityCumulative),
  axes: roundAxes('mean distance of all queried', [0, Infinity]),
  scale: () => 1,
  nothing: () => 'No two samples have been queried.',
})

export const classEntropy = curveFigure({
  title: 'Class balance of each batch',
  says: () => 'entropy of the classes of each queried batch over ln C (1: all classes alike)',
  parts: one((record) => record.classEntropy),
  axes: roundAxes('class entropy of the batch / ln C', [0, 1]),
  scale: () => 1,
  nothing: () => 'No batch has been queried.',
})

const overlapParts = (results: ResultSet, quantity: 'jaccard' | 'spearman') =>
  shadowsOf(results).map((shadow) => ({ title: `with ${shadow}`, measure: overlapWith(shadow, quantity) }))

const noShadows = 'No method was shadowed: name some under `shadow` in the study, and each is scored from every state without labelling.'

export const overlap = curveFigure({
  title: 'Overlap of batches with shadowed methods',
  says: () => 'Jaccard overlap of each batch with the one that a shadowed method would have queried from the same state',
  parts: ({ results }) => overlapParts(results, 'jaccard'),
  axes: roundAxes('Jaccard overlap of batches', [0, 1]),
  scale: () => 1,
  nothing: ({ results }) => (shadowsOf(results).length === 0 ? noShadows : 'No batch has been queried.'),
})

export const overlapSpearman = curveFigure({
  title: 'Rank correlation of scores with shadowed methods',
  says: () => 'Spearman correlation of the pool’s scores with those of a shadowed method from the same state',
  parts: ({ results }) => overlapParts(results, 'spearman'),
  axes: roundAxes('Spearman correlation of scores', [-1, 1]),
  scale: () => 1,
  nothing: ({ results }) =>
    shadowsOf(results).length === 0 ? noShadows : 'No strategy here and its shadow both score samples, so their ranks cannot be compared.',
})

export const calibration = curveFigure({
  title: 'Calibration',
  says: () => `${metricInfo.ece.label} (10 equal-width bins, %)`,
  parts: one('ece'),
  axes: () => metricAxes('ece', null),
  scale: () => 100,
  lines: true,
  nothing: () => 'No run has an expected calibration error: list ece under `metrics` in the study.',
})
