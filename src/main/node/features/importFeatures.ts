import { basename, join } from 'node:path'
import type { FeatureProgress } from '@contract/features'
import { badInput, throwIfCancelled, type CancelSignal } from '@engine/core/errors'
import { splitReference } from '@engine/data/readArray'
import { createScratch } from '../datasets/source/scratch'
import { openFeatureArray, type FeatureArray } from './arrayFile'
import { findIntact } from './files'
import { fileKey, renamed, type StoredFeatures } from './store'
import { openFeatureWriter, sha256Of } from './writer'

/** The data set that features belong to. */
export interface FeatureDataset {
  readonly name: string
  readonly sha256: string
  /** of the training array */
  readonly rows: number
}

export interface FeatureImport {
  readonly store: string
  /** absolute path */
  readonly file: string
  /** as the user names it, with `#key` where the file holds several arrays */
  readonly reference: string
  readonly dataset: FeatureDataset
  /** name in the store; of the file when left out */
  readonly name?: string
  readonly signal?: CancelSignal
  readonly onProgress?: (progress: FeatureProgress) => void
}

/** Rows that a message about bad values lists. */
const mostListed = 10

/**
 * Copies features from a file of any framework into the store, as float32. Refuses another number of rows than the data set has,
 * numbers that are no floating-point numbers, values that are not finite (naming their rows), and features that say that they were
 * made of other data. The same file for the same data is copied once.
 */
export async function importFeatures(request: FeatureImport): Promise<StoredFeatures> {
  const { store, file, reference, dataset, name, signal, onProgress } = request
  const { key: array } = splitReference(reference)
  const key = fileKey(dataset.sha256, reference, await sha256Of(file, reference))
  const known = await findIntact(store, key)
  if (known !== undefined) return name === undefined ? known : renamed(store, known, name)
  const scratch = await createScratch(join(store, '.work'))
  try {
    const source = await openFeatureArray(file, array, scratch)
    requireFit(source, dataset, reference)
    const writer = await openFeatureWriter(store, key, dataset.rows, { fresh: true })
    try {
      let rows = 0
      let bad = 0
      const listed: number[] = []
      for await (const { values, width } of source.chunks()) {
        throwIfCancelled(signal)
        for (const row of rowsNotFinite(values, width)) {
          bad++
          if (listed.length < mostListed) listed.push(rows + row)
        }
        rows += values.length / width
        if (rows > dataset.rows) break
        if (bad === 0) await writer.append(values, width, 0)
        onProgress?.({ rows, total: dataset.rows })
      }
      requireRows(rows, dataset, reference)
      if (bad > 0) throw notFinite(reference, listed, bad)
      return await writer.finish({
        name: name ?? basename(file).replace(/\.[^.]*$/, ''),
        dataset: dataset.name,
        datasetSha256: dataset.sha256,
        backboneSha256: null,
        source: `file ${basename(file)}${array === undefined ? '' : `#${array}`}`,
        settings: {},
      })
    } catch (error) {
      await writer.discard()
      throw error
    }
  } finally {
    await scratch.dispose()
  }
}

/** Refuses features that are told to belong to other data, or to another number of rows. */
export function requireFit(
  { datasetSha256, rows }: Pick<FeatureArray, 'datasetSha256' | 'rows'>,
  dataset: FeatureDataset,
  reference: string,
): void {
  if (datasetSha256 !== null && datasetSha256 !== dataset.sha256)
    throw badInput(`${reference}: these features were made of other data than ${dataset.name} is now`, {
      file: reference,
      path: 'data.features',
      found: `features of SHA-256 ${datasetSha256}`,
      expected: `features of SHA-256 ${dataset.sha256}`,
    })
  if (rows !== null) requireRows(rows, dataset, reference)
}

function requireRows(rows: number, dataset: FeatureDataset, reference: string): void {
  if (rows === dataset.rows) return
  throw badInput(`${reference}: one row of features for each training row of ${dataset.name} is needed`, {
    file: reference,
    path: 'data.features',
    found: `${rows} rows`,
    expected: `${dataset.rows} rows`,
  })
}

/** Rows of a chunk with a NaN or an infinity in them. */
export function rowsNotFinite(values: Float32Array, width: number): number[] {
  const rows: number[] = []
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) {
      const row = Math.floor(i / width)
      rows.push(row)
      i = (row + 1) * width - 1
    }
  return rows
}

export const notFinite = (source: string, rows: readonly number[], count: number): Error =>
  badInput(
    `${source}: ${count === 1 ? 'a row has' : `${count} rows have`} features that are not finite numbers: ${count === 1 ? 'row' : 'rows'} ${rows.join(', ')}${count > rows.length ? ', …' : ''}`,
    {
      file: source,
      path: `row ${rows[0]}`,
      expected: 'finite numbers within the range of float32',
    },
  )
