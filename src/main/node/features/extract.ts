import type { FeatureProgress } from '@contract/features'
import { badInput, throwIfCancelled, type CancelSignal } from '@engine/core/errors'
import { findIntact } from './files'
import { notFinite, rowsNotFinite, type FeatureDataset } from './importFeatures'
import { featureKey, type FeatureOrigin, type StoredFeatures } from './store'
import { openFeatureWriter } from './writer'

/** A network that makes features of the rows of one data set. */
export interface FeatureMaker {
  /** rows of one pass */
  readonly batch: number
  /** Features (count × width) of rows `first … first + count − 1`. */
  make(first: number, count: number): Promise<{ readonly data: Float32Array; readonly width: number }>
  dispose(): Promise<void> | void
}

export interface Extraction {
  readonly store: string
  readonly dataset: FeatureDataset
  /** what determines the outputs of the network */
  readonly network: NonNullable<FeatureOrigin['network']>
  readonly facts: Pick<StoredFeatures, 'name' | 'backboneSha256' | 'source' | 'settings'>
  /** Loads the network; asked only when features are missing. */
  open(): Promise<FeatureMaker>
  /** monotonic milliseconds */
  readonly ticks: () => number
  readonly signal?: CancelSignal
  readonly onProgress?: (progress: FeatureProgress) => void
  readonly breathe?: () => Promise<void>
}

/** Where the features of an extraction lie in the store, also before they are made. */
export const extractionKey = ({
  dataset,
  network,
}: { readonly dataset: Pick<FeatureDataset, 'sha256'> } & Pick<Extraction, 'network'>): string =>
  featureKey({ datasetSha256: dataset.sha256, network })

/**
 * Makes the features of every training row in batches, once per network and data set. What a stop leaves behind is continued by the
 * next call with the batches it would have made, so that the features do not depend on where it stopped. Refuses features that are
 * not finite, naming the rows.
 */
export async function extractFeatures(extraction: Extraction): Promise<StoredFeatures> {
  const { store, dataset, facts, ticks, signal, onProgress, breathe } = extraction
  const key = extractionKey(extraction)
  const known = await findIntact(store, key)
  if (known !== undefined) return known
  throwIfCancelled(signal)
  const maker = await extraction.open()
  try {
    const writer = await openFeatureWriter(store, key, dataset.rows)
    try {
      while (writer.done < dataset.rows) {
        onProgress?.({ rows: writer.done, total: dataset.rows })
        throwIfCancelled(signal)
        const first = writer.done
        const count = Math.min(maker.batch, dataset.rows - first)
        const start = ticks()
        const { data, width } = await maker.make(first, count)
        const took = ticks() - start
        if (data.length !== count * width)
          throw badInput(`${facts.source} gives ${data.length} values for ${count} rows`, { expected: `${count} × ${width}` })
        const bad = rowsNotFinite(data, width)
        if (bad.length > 0)
          throw notFinite(
            facts.source,
            bad.slice(0, 10).map((row) => first + row),
            bad.length,
          )
        await writer.append(data, width, took)
        await breathe?.()
      }
      onProgress?.({ rows: dataset.rows, total: dataset.rows })
      return await writer.finish({ ...facts, dataset: dataset.name, datasetSha256: dataset.sha256 })
    } finally {
      await writer.close()
    }
  } finally {
    await maker.dispose()
  }
}
