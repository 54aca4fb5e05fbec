import { hashValue } from '../core/hash'
import { strategies } from '../strategies/registry'
import type { RunSpec, StrategyEntry } from './spec'

/** A run's spec without its data set, repeat and machine: what one cell of the grid and one strategy make of the study. */
export type RunPlan = Pick<RunSpec, 'data' | 'model' | 'training' | 'protocol' | 'strategy' | 'shadow' | 'metrics' | 'keep'>

/** The parameters that can change what a method selects. */
export const effectiveParams = ({ id, params }: Pick<StrategyEntry, 'id' | 'params'>): Readonly<Record<string, unknown>> =>
  strategies.get(id)?.effective?.(params) ?? params

/** SHA-256 (hex) of everything that can change a run's numbers or files. */
export const runHash = (spec: RunSpec): string =>
  hashValue({
    ...relevantParts(spec, spec.files),
    dataset: spec.dataset,
    datasetSha256: spec.datasetSha256,
    repeat: spec.repeat,
    backend: spec.backend,
    precision: spec.precision,
    semanticsVersion: spec.semanticsVersion,
  })

/**
 * The parts of a plan that count: names of the study, the data set and the strategy are left out, and so are fields that another
 * field switches off. Files count by their content. Two plans with equal parts are one run.
 */
export function relevantParts({ data, model, training, protocol, strategy, shadow, metrics, keep }: RunPlan, files: RunSpec['files'] = {}): Readonly<Record<string, unknown>> {
  const content = (path: string | null): string | null => (path === null ? null : (files[path] ?? path))
  const { momentum, nesterov, decay, weightStart, shrink, perturb, ...train } = training
  const { query, subPool, dataStart, firstBatch, initial, initialSampling, initialRows, seed, vary, validation } = protocol
  const isLine = strategies.get(strategy.id)?.line === true
  const queried = {
    rounds: strategy.rounds,
    query,
    subPool,
    weightStart,
    ...(weightStart === 'shrink-perturb' ? { shrink, perturb } : {}),
    shadow: shadow.map((entry) => ({ id: entry.id, name: entry.name, params: paramsByContent(entry, content) })),
    ...(dataStart === 'empty'
      ? { dataStart, firstBatch }
      : { dataStart, initialSampling, ...(initialSampling === 'file' ? { initialRows: content(initialRows) } : { initial }) }),
  }
  return {
    data: { ...data, split: content(data.split) },
    model,
    training: { ...train, ...(training.optimizer === 'sgd' ? { momentum, nesterov } : {}), ...(training.milestones.length > 0 ? { decay } : {}) },
    protocol: { seed, vary, validation },
    strategy: { id: strategy.id, params: paramsByContent(strategy, content) },
    metrics,
    keep,
    queried: isLine ? null : queried,
  }
}

const paramsByContent = (entry: StrategyEntry, content: (path: string) => string | null): Readonly<Record<string, unknown>> => {
  const params = effectiveParams(entry)
  return typeof params.selections === 'string' ? { ...params, selections: content(params.selections) } : params
}
