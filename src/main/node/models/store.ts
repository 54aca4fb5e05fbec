import { extname, resolve } from 'node:path'
import { inField } from '@engine/core/errors'
import type { BackboneStore, KnownBackbone } from '../../lab/prepareBackbones'
import { addModel, findByKey, isIntact, layersOfStored, listModels, requireModel, requireWeights } from './library'
import { readModelFile } from './modelFile'

/** Whether a study names a weights file, and not a model of the library. */
export const isModelFile = (ref: string): boolean => /[/\\]/.test(ref) || ['.safetensors', '.npz', '.json'].includes(extname(ref))

/** The model library in the folder `models`. */
export function backboneStore(models: string): BackboneStore {
  return {
    named: async (ref, baseDir, inputShape): Promise<KnownBackbone> => {
      if (!isModelFile(ref)) {
        const stored = await requireModel(models, ref)
        await requireWeights(models, stored)
        const { name, inputShape: shape, sha256 } = stored
        return { name, layers: layersOfStored(stored), inputShape: shape, sha256, isStored: true }
      }
      const { backbone } = await inField('model.backbone', () => readModelFile(resolve(baseDir, ref), ref, { inputShape }))
      const isStored = (await listModels(models)).some(({ sha256 }) => sha256 === backbone.id)
      return { ...backbone, sha256: backbone.id, isStored }
    },
    keep: async (ref, baseDir, inputShape) => {
      const { backbone, source } = readModelFile(resolve(baseDir, ref), ref, { inputShape })
      await addModel(models, backbone, { key: null, source, method: 'imported', loss: null, accuracy: null })
    },
    made: async (key) => {
      const stored = await findByKey(models, key)
      return stored !== undefined && (await isIntact(models, stored)) ? stored.sha256 : undefined
    },
  }
}
