import { leadOf } from '@engine/analysis'
import type { RoundRecord } from '@engine/study/events'
import { curveFigure } from './curveFigure'
import type { LineAxes } from './linePlot'
import type { Shown } from './shown'

const axesOf = (y: string, bounds?: readonly [number, number], zero = false): (() => LineAxes) => {
  const axes: LineAxes = { x: 'labelled samples', stops: 'points', y, bounds, zero }
  return () => axes
}

const ofKey =
  (key: string) =>
  ({ diagnostics }: RoundRecord): number | null =>
    diagnostics[key] ?? null

/** Thresholds of the checks that are shown, ascending. */
const thresholds = ({ results, visible }: Shown): number[] =>
  [
    ...new Set(
      results.runs
        .filter(({ strategy }) => visible(strategy))
        .flatMap(({ records }) => records.flatMap((record) => ofKey('tau')(record) ?? [])),
    ),
  ].sort((a, b) => a - b)

const noChecks = 'No run compared its features with fine-tuned ones: the method `asvp` does in its check rounds.'

export const featureLead = curveFigure({
  title: 'Lead of fine-tuned features',
  says: () =>
    'LogME-PED (or LogME, where a method scores by it) of fine-tuned features minus that of the features in use, at check rounds; dotted: the threshold τ from which on they take over,',
  parts: () => [{ title: '', measure: leadOf }],
  axes: axesOf('lead of fine-tuned features (nats per sample)', undefined, true),
  scale: () => 1,
  marks: (shown) => thresholds(shown).map((tau) => ({ name: `τ = ${tau}`, value: tau })),
  nothing: () => noChecks,
})

export const featureUpdates = curveFigure({
  title: 'Feature updates',
  says: () => 'share of runs that renewed their features, of those that checked at a budget,',
  parts: () => [{ title: '', measure: ofKey('feature_update') }],
  axes: axesOf('runs that renewed features (%)', [0, 100]),
  scale: () => 100,
  nothing: () => noChecks,
})

export const trainingMethod = curveFigure({
  title: 'Training method',
  says: () => 'share of runs whose fine-tuning trains the head first (LP-FT), rather than everything at once (FT),',
  parts: ({ results }) =>
    results.runs.some(({ records }) => records.some((record) => (ofKey('tuning')(record) ?? 0) > 0))
      ? [{ title: '', measure: ofKey('tuning') }]
      : [],
  axes: axesOf('runs that train the head first (%)', [0, 100]),
  scale: () => 100,
  nothing: () =>
    'No run trained the head first (LP-FT): methods with a proxy do where `method` says so, or where they choose it by their features.',
})

export const confidentRegions = curveFigure({
  title: 'Where proxy and fine-tuned model disagree',
  says: () => 'rows of the newest batch on which one model is confident and right and the other wrong',
  parts: () => [
    { title: 'B1: the proxy is right', measure: ofKey('b1') },
    { title: 'B2: the fine-tuned model is right', measure: ofKey('b2') },
  ],
  axes: axesOf('rows of the batch', [0, Infinity]),
  scale: () => 1,
  nothing: () => noChecks,
})
