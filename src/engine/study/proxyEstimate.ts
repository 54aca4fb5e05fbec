import { planNetwork } from '../nn/network'
import { layersOf } from '../nn/architectures'
import type { ProxyPlan } from '../strategies/contract'
import { alignmentState, isCheckRound } from './featureAlignment'
import type { DatasetFacts } from './feasible'
import { proxyLayers } from './proxyNetwork'
import { proxyOf } from './proxyProblems'
import type { RunPlan } from './runHash'
import type { TrainingSpec } from './spec'

/** What a proxy costs, and how often its run fine-tunes to look at features. */
export interface ProxyCost {
  /** multiply-adds of one forward pass of the proxy */
  readonly operations: number
  readonly training: TrainingSpec
  /** the model makes features of every row before the first round */
  readonly makesFeatures: boolean
  /** most times that it makes them again, after a check */
  readonly updates: number
  /** Whether a round with so many labels may be a check round; asked in the order of the rounds. */
  isCheck(labels: number): boolean
}

/** The proxy of a plan, `target` being the size of its model; null where the model itself chooses. */
export function proxyCost(
  plan: RunPlan,
  facts: Pick<DatasetFacts, 'shape' | 'classes'>,
  target: { readonly operations: number; readonly embedding: number },
): ProxyCost | null {
  const { training, model, data } = plan
  const proxy = proxyOf(plan)
  if (proxy === null) return null
  const makesFeatures = proxy.network.on === 'features' && model.type === 'finetune' && !data.features
  const start = alignmentState([], 0)
  let [labeledBefore, checkedAt] = [0, 0]
  return {
    operations: proxyOperations(proxy, plan, facts, target),
    training: { ...training, ...proxy.training },
    makesFeatures,
    updates: proxy.alignment?.updates ?? 0,
    isCheck: (labels) => {
      const isOne = proxy.alignment !== undefined && isCheckRound(proxy.alignment, { ...start, labeledBefore, checkedAt }, labels)
      labeledBefore = labels
      if (isOne || checkedAt === 0) checkedAt = labels
      return isOne
    },
  }
}

function proxyOperations(
  { network }: ProxyPlan,
  { model }: RunPlan,
  { shape, classes }: Pick<DatasetFacts, 'shape' | 'classes'>,
  target: { readonly operations: number; readonly embedding: number },
): number {
  if (network.on === 'inputs' && network.model === null) return target.operations
  // The width of stored features is not known here: that of the model's own is as good a guess as any.
  const rows = network.on === 'features' && model.type === 'finetune' && target.embedding > 0 ? [target.embedding] : shape
  const layers = network.on === 'features' ? proxyLayers(network.hidden, rows, classes) : layersOf(network.model!, shape, classes)
  return planNetwork(layers, rows, classes).layers.reduce((sum, { operations }) => sum + operations, 0)
}
