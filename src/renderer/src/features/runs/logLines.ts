import { metricInfo } from '@engine/analysis/metricInfo'
import { wasEvaluated } from '@engine/analysis/resultSet'
import type { RunState } from '@engine/study/events'
import type { MetricId } from '@engine/study/spec'

/** What a run did, one line per step, oldest first. */
export function logLines(state: RunState, metric: MetricId): string[] {
  const lines = state.records.flatMap((record) => {
    const value = record.metrics[metric]
    return [
      `round ${record.round}  ${record.labeled} labels`,
      record.steps > 0
        ? `  fit    ${record.steps} steps${record.trainAccuracy === null ? '' : `, train ${record.trainAccuracy.toFixed(3)}`}${record.trainLoss === null ? '' : `, loss ${record.trainLoss.toPrecision(3)}`}`
        : `  fit    none${record.labeled === 0 ? ': no label yet' : wasEvaluated(record) ? '' : ': not evaluated here'}`,
      ...(wasEvaluated(record)
        ? [`  eval   ${metricInfo[metric].label} ${value === null || value === undefined ? 'not defined' : value.toFixed(3)}`]
        : []),
      ...(record.selection.length > 0
        ? [`  query  ${record.selection.length} of ${state.poolSize - record.labeled}${record.mode ? `, ${record.mode}` : ''}`]
        : []),
    ]
  })
  if (state.epoch)
    lines.push(`round ${state.epoch.round}  epoch ${state.epoch.epoch} of ${state.epoch.epochs}, loss ${state.epoch.loss.toPrecision(3)} …`)
  lines.push(...state.warnings.map((warning) => `warning  ${warning.message}`))
  if (state.error) lines.push(`error    ${state.error.message} (${state.error.code})`)
  else if (state.status === 'finished') lines.push('finished')
  else if (state.status === 'cancelled') lines.push('cancelled')
  return lines
}
