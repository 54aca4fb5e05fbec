import { sizeOf } from '../graph/ir'
import type { LayerSpec, Model } from '../nn/model'
import type { ProxyPlan } from '../strategies/contract'
import { modelOf } from './network'
import type { ProxyFeatures } from './proxyFeatures'
import type { Setting } from './setting'
import type { ModelSpec } from './spec'

/** Shape of the rows that a proxy on features reads, known before there are any. */
export const featureShape = ({ deps, spec }: Pick<Setting, 'deps' | 'spec'>): readonly number[] => {
  if (deps.features !== undefined) return [deps.features.width]
  return spec.model.type === 'finetune' && deps.backbone !== undefined ? [deps.backbone.width] : deps.dataset.train.shape
}

/** dense – BatchNorm – ReLU – dense (A§12.2) on rows of `shape`. */
export function proxyLayers(hidden: number | null, shape: readonly number[], classes: number): LayerSpec[] {
  return [
    ...(shape.length > 1 ? [{ type: 'flatten' } as const] : []),
    { type: 'dense', units: hidden ?? sizeOf(shape) },
    { type: 'batchnorm' },
    { type: 'relu', tap: true },
    { type: 'dense', units: classes },
  ]
}

/** The network a proxy is, as far as a study's fields can say it. */
export const proxyModel = ({ network }: ProxyPlan, own: ModelSpec, width: number): ModelSpec =>
  network.on === 'inputs' ? (network.model ?? own) : { type: 'mlp', hidden: [network.hidden ?? width], dropout: 0, init: 'torch-default' }

/** A run as the methods of its proxy see it: another network, training and streams, and rows of `features` where it reads any. */
export function proxySetting(plan: ProxyPlan, setting: Setting, features: ProxyFeatures | null): Setting {
  const { spec, streams } = setting
  const isOwn = plan.network.on === 'inputs' && plan.network.model === null
  return {
    ...setting,
    spec: {
      ...spec,
      model: proxyModel(plan, spec.model, sizeOf(features?.shape ?? featureShape(setting))),
      training: { ...spec.training, ...plan.training, weightStart: isOwn ? spec.training.weightStart : 'reinit-fresh' },
    },
    streams: { ...streams, weights: (round) => streams.proxy(round).weights, fit: (round) => streams.proxy(round).fit },
    rows: features?.rows ?? setting.rows,
  }
}

/** The untrained proxy. */
export function proxyNetwork({ network }: ProxyPlan, setting: Setting, shape: readonly number[]): Model {
  if (network.on === 'inputs') return modelOf(setting)
  return modelOf(setting, { layers: proxyLayers(network.hidden, shape, setting.classes), inputShape: shape })
}

/** The largest batch up to `most` that does not leave one row alone: its spread is nothing to normalise by. */
export function evenBatch(most: number, rows: number): number {
  let batch = Math.min(most, rows)
  while (batch > 2 && rows % batch === 1) batch--
  return batch
}
