import type { Dataset } from '@engine/data/dataset'
import { fitScaling } from '@engine/data/scaling'
import { randomFrom } from '@engine/core/random'
import { checkInputs } from '@engine/nn/architectures'
import type { Backbone } from '@engine/nn/backbone'
import { createModel } from '@engine/nn/createModel'
import type { Executor } from '@engine/nn/executor'
import type { FeatureMaker } from './extract'

const batchRows = 512

/** What a backbone is, for the feature store: arithmetic differs between backends. */
export const backboneNetwork = (backboneSha256: string, { id, precision }: Pick<Executor, 'id' | 'precision'>) => ({
  backbone: backboneSha256,
  backend: id,
  precision,
})

/** The outputs of a backbone in inference mode, its inputs scaled as when it was trained. Refuses samples of another shape. */
export function openBackboneMaker(backbone: Backbone, { train, kind, valueRange }: Dataset, executor: Executor): FeatureMaker {
  checkInputs(backbone, train.shape)
  const all = Int32Array.from({ length: train.rows }, (_, row) => row)
  const scaling = { ...fitScaling(train, all, 'auto', kind, valueRange), ...backbone.scaling }
  const model = createModel(
    {
      layers: [...backbone.layers, { type: 'dense', units: 2 }],
      init: 'he-uniform',
      inputShape: backbone.inputShape,
      classes: 2,
      backbone,
    },
    executor,
  )
  model.initialize(randomFrom('features'), 'pretrained')
  return {
    batch: batchRows,
    make: async (first, count) => {
      const { embedding } = await model.outputs({ pool: train, scaling, index: all.subarray(first, first + count) })
      return { data: Float32Array.from(embedding.data), width: embedding.cols }
    },
    dispose: model.dispose,
  }
}
