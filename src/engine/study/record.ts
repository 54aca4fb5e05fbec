import type { FitSummary } from '../nn/model'
import type { RoundRecord } from './events'
import type { Batch } from './round'

/** Takes the queried rows and answers how far apart they and all queried rows are. */
export type Buy = (rows: readonly number[]) => {
  readonly diversityCumulative: number | null
  readonly spread: Readonly<Record<string, number>>
}

/** A round as it is stored; `fit` is the training of the model that was evaluated. */
export const roundRecord = (
  about: Pick<RoundRecord, 'round' | 'labeled' | 'metrics' | 'timings' | 'proxyTimings'>,
  fit: FitSummary | null,
  batch: Batch['record'],
  { diversityCumulative, spread }: ReturnType<Buy>,
): RoundRecord => ({
  round: about.round,
  labeled: about.labeled,
  metrics: about.metrics,
  trainLoss: fit?.loss ?? null,
  trainAccuracy: fit?.accuracy ?? null,
  steps: fit?.steps ?? 0,
  epochs: fit?.epochs ?? 0,
  lossCurve: thinned(fit?.lossCurve ?? []),
  ...batch,
  diagnostics: { ...(fit?.auxiliaryLoss === undefined ? {} : { auxiliary_loss: fit.auxiliaryLoss }), ...batch.diagnostics, ...spread },
  diversityCumulative,
  timings: about.timings,
  ...(about.proxyTimings === undefined ? {} : { proxyTimings: about.proxyTimings }),
})

/** Points of a loss curve that a record keeps. */
const curvePoints = 100

/** At most `curvePoints` values at even distances, the first and the last among them. */
function thinned(curve: readonly number[]): readonly number[] {
  if (curve.length <= curvePoints) return curve
  return Array.from({ length: curvePoints }, (_, i) => curve[Math.round((i * (curve.length - 1)) / (curvePoints - 1))])
}
