import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { badInput, inField } from '@engine/core/errors'
import { splitReference } from '@engine/data/readArray'
import { isFeatureFile } from '@engine/study/expand'
import type { FeatureStore } from '../../lab/prepareFeatures'
import { createScratch } from '../datasets/source/scratch'
import { withFile } from '../errors'
import { openFeatureArray } from './arrayFile'
import { backboneNetwork } from './backbone'
import { extractionKey } from './extract'
import { findIntact, isIntact } from './files'
import { requireFit } from './importFeatures'
import { fileKey, findKey, requireFeatures } from './store'
import { sha256Of } from './writer'

/** The feature store in a folder. Large files are hashed once for each time they change. */
export function featureStore(store: string): FeatureStore {
  const hashed = new Map<string, { readonly stamp: string; readonly sha256: Promise<string> }>()
  const hashOf = async (file: string, name: string): Promise<string> => {
    const { size, mtimeMs } = await withFile(name, () => stat(file))
    const stamp = `${size} ${mtimeMs}`
    const known = hashed.get(file)
    if (known?.stamp === stamp) return known.sha256
    const sha256 = sha256Of(file, name)
    hashed.set(file, { stamp, sha256 })
    sha256.catch(() => hashed.delete(file))
    return sha256
  }
  return {
    identify: (features, baseDir, dataset) =>
      inField('data.features', async () => {
        if (!isFeatureFile(features)) {
          const stored = await requireFeatures(store, features, dataset)
          if (await isIntact(store, stored, hashOf)) return stored.sha256
          throw badInput(`the stored features "${features}" are damaged: their values changed since they were stored`, {
            found: features,
            expected: 'features that are as they were stored: remove these and make them again',
          })
        }
        const { file, key } = splitReference(features)
        const path = resolve(baseDir, file)
        const sha256 = await hashOf(path, file)
        if ((await findKey(store, fileKey(dataset.sha256, features, sha256))) !== undefined) return sha256
        const scratch = await createScratch(join(store, '.work'))
        try {
          requireFit(await openFeatureArray(path, key, scratch), dataset, features)
        } finally {
          await scratch.dispose()
        }
        return sha256
      }),
    has: async ({ datasetSha256, from }, files) => {
      if (from.type === 'onnx') return false
      const key =
        from.type === 'file'
          ? fileKey(datasetSha256, from.reference, files[from.reference])
          : extractionKey({
              dataset: { sha256: datasetSha256 },
              network: backboneNetwork(from.backboneSha256, {
                id: from.backend,
                precision: from.backend === 'reference' ? 'float64' : 'float32',
              }),
            })
      return (await findIntact(store, key, hashOf)) !== undefined
    },
  }
}
