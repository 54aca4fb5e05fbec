import type { Matrix } from '../core/matrix'
import type { Rows } from '../data/dataset'
import { fitFeatureScaling, memoryFeatures, readScaled, type FeatureSource } from '../data/features'
import { gatherRows, identityScaling, sampleSize } from '../data/gather'
import type { Model } from '../nn/model'
import type { Setting } from './setting'

/** What a proxy reads of the rows of the training array. */
export interface ProxyFeatures {
  /** shape of one row, as the proxy's network sees it */
  readonly shape: readonly number[]
  readonly rows: (index: Int32Array) => Rows
  /** The rows (n × d) as they were made, before the proxy's scaling. */
  read(index: Int32Array): Matrix
  dispose(): void
}

/** Without any features made by a network: the inputs as the study scales them. */
export const inputFeatures = ({ deps: { dataset, executor }, rows }: Setting): ProxyFeatures => ({
  shape: dataset.train.shape,
  rows,
  read: (index) => {
    const cols = sampleSize(dataset.train)
    const data = executor.allocate(index.length * cols)
    gatherRows(rows(index), 0, index.length, data)
    return { data, rows: index.length, cols }
  },
  dispose: () => undefined,
})

/** Stored features, each column standardised on the pool when the proxy reads them; rows are read when they are asked for. */
export function storedFeatures(source: FeatureSource, { deps: { executor }, partition }: Setting, dispose = () => {}): ProxyFeatures {
  const { width } = source
  let scaling: ReturnType<typeof fitFeatureScaling> | undefined
  return {
    shape: [width],
    rows: (index) => {
      scaling ??= fitFeatureScaling(source, partition.pool)
      const data = executor.allocate(index.length * width)
      readScaled(source, index, scaling, data)
      return {
        pool: { data, rows: index.length, shape: [width] },
        scaling: identityScaling,
        index: Int32Array.from({ length: index.length }, (_, i) => i),
      }
    },
    read: (index) => source.read(index),
    dispose,
  }
}

/** Rows per forward pass: bounds what a pass returns at a time. */
const passRows = 4096

/** The last layer's inputs of all rows of the training array, as the model is now. */
export async function modelFeatures(model: Model, setting: Setting): Promise<ProxyFeatures> {
  const { deps, rows } = setting
  const count = deps.dataset.train.rows
  const width = (await model.lastLayer()).weight.cols
  const target = (deps.featureStore ?? ((n, cols) => memoryFeatures(n, cols, 'features of the run')))(count, width)
  try {
    for (let from = 0; from < count; from += passRows) {
      const index = Int32Array.from({ length: Math.min(passRows, count - from) }, (_, i) => from + i)
      const { embedding } = await model.outputs(rows(index), deps.signal)
      target.write(from, Float32Array.from(embedding.data))
    }
  } catch (error) {
    target.dispose()
    throw error
  }
  return storedFeatures(target, setting, () => target.dispose())
}
