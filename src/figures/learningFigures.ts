import { metricInfo, metricTitle } from '@engine/analysis'
import { curveFigure } from './curveFigure'
import { metricAxes } from './learningCurves'

export const learningCurves = curveFigure({
  title: 'Learning curves',
  says: ({ metric }) => metricTitle(metric),
  parts: ({ metric }) => [{ title: '', measure: metric }],
  axes: ({ metric }) => metricAxes(metric, null),
  scale: ({ metric }) => (metricInfo[metric].percent ? 100 : 1),
  lines: true,
  digits: ({ metric }) => (metricInfo[metric].percent ? 1 : 3),
  nothing: ({ metric }) => `No run has a value of ${metricInfo[metric].label} yet.`,
})

export const pairedDifferences = curveFigure({
  title: 'Paired difference to the baseline',
  says: ({ metric, baseline }) => `difference to ${baseline} in ${metricTitle(metric)}, paired by seed,`,
  parts: ({ metric }) => [{ title: '', measure: metric }],
  axes: ({ metric, baseline }) => metricAxes(metric, baseline),
  scale: ({ metric }) => (metricInfo[metric].percent ? 100 : 1),
  paired: true,
  digits: ({ metric }) => (metricInfo[metric].percent ? 1 : 3),
  nothing: ({ results, baseline }) =>
    results.runs.some(({ strategy }) => strategy === baseline)
      ? `No other strategy shares a seed and a budget with the baseline ${baseline}.`
      : `The baseline ${baseline} is not in these results.`,
})
