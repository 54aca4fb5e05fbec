import type { LabelSet, NeighbourList, SampleSet } from '@contract/types'
import type { SelectionKernels } from '@engine/core/distances'
import { badInput, throwIfCancelled } from '@engine/core/errors'
import { matrix, type Matrix } from '@engine/core/matrix'
import type { Dataset } from '@engine/data/dataset'
import { gatherRows, identityScaling, sampleSize } from '@engine/data/gather'
import { fitScaling } from '@engine/data/scaling'
import { layoutMap, type MapFrame } from '@engine/maps/layout'
import { nearestAmong } from '@engine/maps/neighbours'
import type { MapRequest, NeighboursRequest, SamplesRequest } from '../../lab/ports'

/** Lays out the whole training array in its standardised inputs; `breathe` lets messages in, about every 20 ms. */
export async function mapOf(
  dataset: Dataset,
  { method, seed }: MapRequest,
  kernels: SelectionKernels,
  emit: (frame: MapFrame) => void,
  breathe: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const all = Int32Array.from({ length: dataset.train.rows }, (_, row) => row)
  let rested = performance.now()
  for (const frame of layoutMap(standardized(dataset)(all), { method, seed, kernels })) {
    throwIfCancelled(signal)
    if (frame !== null) emit(frame)
    if (performance.now() - rested < 20) continue
    await breathe()
    rested = performance.now()
  }
}

/** The class of every row of the training array. */
export const labelsOf = ({ train, classNames }: Dataset): LabelSet => ({ classNames, labels: train.labels })

/** Raw values and labels of rows of the training array. */
export function samplesOf(dataset: Dataset, { rows }: SamplesRequest): SampleSet {
  const { train, kind, valueRange, classNames } = dataset
  checkRows(rows, train.rows)
  const values = new Float32Array(rows.length * sampleSize(train))
  gatherRows({ pool: train, scaling: identityScaling, index: Int32Array.from(rows) }, 0, rows.length, values)
  return { kind, shape: train.shape, valueRange, classNames, rows, labels: rows.map((row) => train.labels[row]), values }
}

/** The rows of `among` nearest to a row, itself left out, in the standardised inputs. */
export function neighboursOf(dataset: Dataset, { row, among, k }: NeighboursRequest, kernels: SelectionKernels): NeighbourList {
  checkRows([row, ...among], dataset.train.rows)
  const others = among.filter((other) => other !== row)
  const features = standardized(dataset)
  const near = nearestAmong(features(Int32Array.from(others)), features(Int32Array.of(row)), k, kernels)
  return { rows: Array.from(near.rows, (at) => others[at]), distances: [...near.distances] }
}

function standardized({ train, kind }: Dataset): (rows: Int32Array) => Matrix {
  const scaling = fitScaling(
    train,
    Int32Array.from({ length: train.rows }, (_, row) => row),
    'auto',
    kind,
    null,
  )
  return (index) => {
    const data = new Float32Array(index.length * sampleSize(train))
    gatherRows({ pool: train, scaling, index }, 0, index.length, data)
    return matrix(data, index.length, sampleSize(train))
  }
}

function checkRows(rows: readonly number[], count: number): void {
  const stray = rows.find((row) => row >= count)
  if (stray !== undefined) throw badInput(`row ${stray} is not in the data set`, { found: String(stray), expected: `0 … ${count - 1}` })
}
