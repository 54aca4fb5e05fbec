import type { ModelInfo, PretrainProgress } from '@contract/models'
import type { Dataset } from '@engine/data/dataset'
import { createBackbone } from '@engine/nn/backbone'
import type { Executor } from '@engine/nn/executor'
import { pretrain } from '@engine/nn/pretrain'
import type { PretrainAssignment } from '../../lab/ports'
import { systemClock } from '../clock'
import { nodeHasher } from '../datasets/files'
import { addModel, modelInfo } from './library'

/** What a process has at hand for pre-training. */
export interface PretrainTools {
  readonly models: string
  readonly dataset: Dataset
  readonly executor: Executor
  readonly breathe: () => Promise<void>
  readonly signal: AbortSignal
  readonly onProgress: (progress: PretrainProgress) => void
}

/** Pre-trains a backbone and puts it into the model library. */
export async function pretrainModel({ spec, name, key, isWanted }: PretrainAssignment, tools: PretrainTools): Promise<ModelInfo> {
  const { models, dataset, executor, breathe, signal, onProgress } = tools
  const steps = pretrain(spec, dataset, { executor, pause: breathe, now: systemClock.ticks, signal })
  for (;;) {
    const next = await steps.next()
    if (next.done !== true) {
      onProgress(next.value)
      continue
    }
    const { loss, accuracy, ...parts } = next.value
    const backbone = createBackbone({ name, ...parts }, nodeHasher())
    const about = { key, source: dataset.id, method: spec.method, loss, accuracy }
    return modelInfo((await addModel(models, backbone, about, isWanted)).model)
  }
}
