import { hashValue } from '../core/hash'
import { strategies, strategyOf } from '../strategies/registry'
import type { RunSpec, StrategyEntry } from './spec'

/** A run's spec without its data set, repeat and machine: what one cell of the grid and one strategy make of the study. */
export type RunPlan = Pick<RunSpec, 'data' | 'model' | 'training' | 'protocol' | 'strategy' | 'shadow' | 'metrics' | 'keep'>

/** A strategy by what it does: its name and its rounds left aside. */
export type Method = Pick<StrategyEntry, 'id' | 'params'>

/** The parameters that can change what a method selects. */
export const effectiveParams = ({ id, params }: Method): Readonly<Record<string, unknown>> =>
  strategies.get(id)?.effective?.(params) ?? params

/** Who chooses in a run that `strategy` leads: itself, or the base method of its proxy. */
export const chooserOf = (strategy: Method): Method => strategies.get(strategy.id)?.proxy?.(strategy.params).base ?? strategy

/** Who chooses the first batch of an empty start. */
export function opener(firstBatch: string, strategy: Method): Method {
  return firstBatch === 'strategy'
    ? strategy
    : { id: firstBatch, params: strategyOf(firstBatch).params.parse({}) as StrategyEntry['params'] }
}

/** SHA-256 (hex) of everything that can change a run's numbers or files. */
export const runHash = (spec: RunSpec): string =>
  hashValue({
    ...relevantParts(spec, spec.files, spec.backboneSha256),
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
export function relevantParts(
  { data, model, training, protocol, strategy, shadow, metrics, keep }: RunPlan,
  files: RunSpec['files'] = {},
  backbone?: string,
): Readonly<Record<string, unknown>> {
  const content = (path: string | null): string | null => (path === null ? null : (files[path] ?? path))
  const { features, ...inputs } = data
  const { momentum, nesterov, decay, weightStart, shrink, perturb, ...train } = training
  const { query, subPool, dataStart, firstBatch, initial, initialSampling, initialRows, seed, vary, validation, evaluateAt } = protocol
  const isLine = strategies.get(strategy.id)?.line === true
  const first = dataStart === 'empty' ? opener(firstBatch, strategy) : strategy
  const seesAll = [strategy, first].every((method) => strategies.get(chooserOf(method).id)?.wholePool === true)
  const queried = {
    rounds: strategy.rounds,
    query,
    subPool: seesAll ? null : subPool,
    weightStart,
    ...(evaluateAt ? { evaluateAt } : {}),
    ...(weightStart === 'shrink-perturb' ? { shrink, perturb } : {}),
    shadow: shadow.map((entry) => ({ name: entry.name, ...methodByContent(entry, content) })),
    ...(dataStart === 'empty'
      ? { dataStart, first: methodByContent(first, content) }
      : { dataStart, initialSampling, ...(initialSampling === 'file' ? { initialRows: content(initialRows) } : { initial }) }),
  }
  return {
    data: { ...inputs, split: content(data.split), ...(features ? { features: featureContent(features, content) } : {}) },
    model: modelParts(model, backbone),
    training: {
      ...train,
      ...(training.optimizer === 'sgd' ? { momentum, nesterov } : {}),
      ...(training.milestones.length > 0 ? { decay } : {}),
    },
    protocol: { seed, vary, validation },
    strategy: methodByContent(strategy, content),
    metrics,
    keep,
    queried: isLine ? null : queried,
    // Other models start the one fit of a line from fresh weights, whatever the study says.
    ...(isLine && model.type === 'finetune' ? { weightStart } : {}),
  }
}

/** A backbone counts by its content; how the head is trained first counts where that is done. */
function modelParts(model: RunPlan['model'], backbone: string | undefined): Readonly<Record<string, unknown>> {
  if (model.type !== 'finetune') return { ...model }
  const { headEpochs, ...rest } = model
  return { ...rest, ...(backbone === undefined ? {} : { backbone }), ...(model.tuning === 'lp-ft' ? { headEpochs } : {}) }
}

/** Two arrays of one file are different features. */
function featureContent(features: string, content: (path: string) => string | null): string {
  const at = features.indexOf('#')
  return `${content(features)}${at < 0 ? '' : features.slice(at)}`
}

function methodByContent(method: Method, content: (path: string) => string | null): Method {
  const params = effectiveParams(method)
  const file = typeof params.selections === 'string' ? { selections: content(params.selections) } : {}
  const { base } = params as { readonly base?: Method | string }
  return { id: method.id, params: { ...params, ...file, ...(typeof base === 'object' ? { base: methodByContent(base, content) } : {}) } }
}
