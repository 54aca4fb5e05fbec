import { mostPairedRows } from '../nn/auxiliary'
import { strategies } from '../strategies/registry'
import { entryPath } from './entries'
import type { DatasetFacts } from './feasible'
import { chooserOf, type RunPlan } from './runHash'
import type { Finding, Study } from './spec'

/** Target classes that a data set does not have. */
export function classProblems({ strategy, shadow }: RunPlan, study: Study, { name, classes }: DatasetFacts): Finding[] {
  return [strategy, ...shadow].flatMap((entry): Finding[] => {
    const named = strategies.get(entry.id)?.targetClasses?.(entry.params) ?? []
    const stray = named.find((label) => label >= classes)
    if (stray === undefined) return []
    return [
      {
        code: 'unknown-class',
        severity: 'error',
        path: `${entryPath(study, entry)}.target`,
        message: `${entry.name} aims at class ${stray}, and ${name} has the classes 0 to ${classes - 1}`,
        found: String(stray),
        expected: `class numbers from 0 to ${classes - 1}`,
      },
    ]
  })
}

/** Batches larger than an auxiliary module pairs; a run starts with `initial` labels. */
export function pairingProblems({ strategy, protocol, training, model }: RunPlan, { name }: DatasetFacts, initial: number): Finding[] {
  const chooser = chooserOf(strategy)
  const { auxiliary, withValidation = false } = strategies.get(chooser.id)?.training?.(chooser.params) ?? {}
  // A linear model has no module.
  if (auxiliary === undefined || model.type === 'linear') return []
  const batchSize = strategies.get(strategy.id)?.proxy?.(strategy.params).training.batchSize ?? training.batchSize
  const batch = Math.min(batchSize, initial + strategy.rounds * protocol.query + (withValidation ? protocol.validation : 0))
  if (batch <= mostPairedRows) return []
  return [
    {
      code: 'unfit-model',
      severity: 'error',
      path: 'training.batchSize',
      message: `${strategy.name} learns to predict losses, and on ${name} it would with batches of ${batch} rows`,
      found: String(batchSize),
      expected: `at most ${mostPairedRows}`,
    },
  ]
}
