import { basename } from 'node:path'
import type { ModelImport, ModelInfo } from '@contract/models'
import { badInput } from '@engine/core/errors'
import { addModel, modelInfo, requireFreeName } from './library'
import { readModelFile } from './modelFile'

/**
 * Brings a backbone into the library from files that were chosen together: one weights file of torch with its architecture (any `.json`
 * among them), or the `.json` of a Keras model with its weight files.
 */
export async function bringModel(
  models: string,
  paths: readonly string[],
  { name, inputShape }: Omit<ModelImport, 'files'>,
): Promise<{ model: ModelInfo; known: boolean }> {
  const [weights, texts] = [/\.(safetensors|npz)$/i, /\.json$/i].map((ending) => paths.filter((path) => ending.test(path)))
  const [main, ...others] = weights.length > 0 ? weights : texts
  if (main === undefined || others.length > 0 || texts.length > 1)
    throw badInput('the files of one model are needed', {
      path: 'files',
      found: paths.map((path) => basename(path)).join(', '),
      expected: 'a .safetensors or .npz with its architecture .json, or the model.json of a Keras model with its weight files',
    })
  if (name !== undefined) await requireFreeName(models, name)
  const { backbone, source } = readModelFile(main, basename(main), {
    // The folder of files that a page sent has no name to take.
    name: name ?? (basename(main) === 'model.json' ? 'keras-model' : undefined),
    inputShape,
    architecture: weights.length > 0 ? texts[0] : undefined,
  })
  const about = { key: null, source, method: 'imported', loss: null, accuracy: null } as const
  const { model, known } = await addModel(models, backbone, about, name !== undefined)
  return { model: modelInfo(model), known }
}
