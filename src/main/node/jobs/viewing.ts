import type { DatasetFacts, LabelSet, NeighbourList, SampleSet, SplitInfo } from '@contract/types'
import type { SelectionKernels } from '@engine/core/distances'
import { badInput, throwIfCancelled } from '@engine/core/errors'
import { matrix, type Matrix } from '@engine/core/matrix'
import { unlabeledRows, type Dataset, type LabeledPool } from '@engine/data/dataset'
import { gatherRows, sampleSize } from '@engine/data/gather'
import { fitScaling } from '@engine/data/scaling'
import { layoutMap, type MapFrame } from '@engine/maps/layout'
import { nearestAmong } from '@engine/maps/neighbours'
import type { LabelsRequest, MapRequest, NeighboursRequest, SamplesRequest } from '../../lab/ports'
import { shapeWithin, shrinkSample } from './shrink'

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

/** The class of every row of an array. */
export const labelsOf = (dataset: Dataset, { part }: Pick<LabelsRequest, 'part'>): LabelSet => ({
  classNames: dataset.classNames,
  labels: poolOf(dataset, part).labels,
})

function poolOf({ id, train, test }: Dataset, part: LabelsRequest['part']): LabeledPool {
  if (part !== 'test') return train
  if (test === null) throw badInput(`data set "${id}" has no test array`, { path: 'part', found: 'test', expected: 'train' })
  return test
}

/** What a library keeps besides the numbers. */
export interface Words {
  readonly valueNames: readonly string[]
  readonly texts: readonly string[] | null
}

/** Raw values and labels of rows of an array. */
export function samplesOf(dataset: Dataset, { rows, part, within }: SamplesRequest, { valueNames, texts }: Words): SampleSet {
  const { kind, valueRange, classNames } = dataset
  const pool = poolOf(dataset, part)
  checkRows(rows, pool.rows)
  const fullSize = sampleSize(pool)
  const shape = texts !== null ? [0] : within === undefined ? pool.shape : shapeWithin(kind, pool.shape, within)
  const size = shape.reduce((a, b) => a * b, 1)
  const values = new (pool.data instanceof Uint8Array ? Uint8Array : Float32Array)(rows.length * size)
  rows.forEach((row, i) => {
    if (size === 0) return
    const sample = pool.data.subarray(row * fullSize, (row + 1) * fullSize)
    if (size === fullSize) values.set(sample, i * size)
    else shrinkSample(kind, sample, pool.shape, shape, values, i * size)
  })
  return {
    kind,
    shape,
    fullShape: pool.shape,
    valueRange,
    classNames,
    valueNames: valueNames.slice(0, size),
    rows,
    labels: rows.map((row) => pool.labels[row]),
    values,
    texts,
  }
}

/** Rows of each class among some rows; those without a label count nowhere. */
function countsOf(labels: Int32Array, classes: number, rows?: ArrayLike<number>): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (let i = 0; i < (rows ?? labels).length; i++) {
    const label = labels[rows === undefined ? i : rows[i]]
    if (label >= 0) counts[label]++
  }
  return counts
}

/** Rows of each class in the arrays of a data set. */
export const classesOf = ({ train, test, classNames }: Dataset): Pick<DatasetFacts, 'classNames' | 'train' | 'test' | 'unlabeled'> => ({
  classNames,
  train: countsOf(train.labels, classNames.length),
  test: test === null ? [] : countsOf(test.labels, classNames.length),
  unlabeled: unlabeledRows(train.labels).length,
})

/** Rows of each class in the parts of a split. */
export const splitInfo = (
  { train, classNames }: Dataset,
  name: string,
  path: string,
  rows: Readonly<Record<'train' | 'validation' | 'test', ArrayLike<number>>>,
): SplitInfo => {
  const counts = (part: ArrayLike<number>): number[] => countsOf(train.labels, classNames.length, part)
  return { name, path, train: counts(rows.train), validation: counts(rows.validation), test: counts(rows.test) }
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
