import { badInput } from '../core/errors'
import { argMax } from '../core/linear'
import type { Random } from '../core/random'
import { unlabeled, type Dataset, type LabeledPool } from '../data/dataset'
import type { SplitRows } from './runFiles'
import type { RunSpec } from './spec'
import type { Streams } from './streams'
import { unlabeledMessage } from './unlabeled'

/** Share of the training array held out when a study asks for the provided test array and there is none. */
export const fallbackTestFraction = 0.2

/** Which rows a run trains on, reserves and tests on; all ascending. */
export interface Partition {
  /** rows of the training array that may be labelled */
  readonly pool: Int32Array
  /** rows of the training array reserved for validation and charged as labels */
  readonly validation: Int32Array
  readonly test: { readonly source: LabeledPool; readonly rows: Int32Array; readonly heldOut: boolean }
}

/** How many rows of the training array `data.test` holds out. */
export function heldOutCount(test: RunSpec['data']['test'], rows: number, hasTest: boolean): number {
  if (test === 'provided') return hasTest ? 0 : Math.round(fallbackTestFraction * rows)
  return test < 1 ? Math.round(test * rows) : test
}

/** Splits a data set by the study's split file, or by the split stream. */
export function partitionOf(
  dataset: Pick<Dataset, 'id' | 'train' | 'test'>,
  spec: Pick<RunSpec, 'data' | 'protocol'>,
  split: SplitRows | undefined,
  streams: Streams,
): Partition {
  const { train } = dataset
  const file = spec.data.split ?? undefined
  if (file !== undefined && split === undefined) throw badInput(`${file} was not read`, { file, path: 'data.split' })
  let pool: Int32Array
  let test: Partition['test']
  if (split !== undefined) {
    for (const rows of [split.train, split.validation, split.test]) checkRows(rows, train.rows, file)
    checkDisjoint([split.train, split.validation, split.test], train.rows, file)
    pool = ascending(split.train)
    if (split.test.length === 0 && dataset.test === null)
      throw badInput(`${file} names no test rows, and ${dataset.id} has no test array`, { file, path: 'test', expected: 'rows' })
    test = split.test.length > 0 ? { source: train, rows: ascending(split.test), heldOut: true } : wholeTest(dataset.test!)
  } else {
    const count = heldOutCount(spec.data.test, train.rows, dataset.test !== null)
    if (count >= train.rows || (count === 0 && spec.data.test !== 'provided')) {
      throw badInput(`data.test holds out ${count} of ${train.rows} rows`, {
        path: 'data.test',
        found: String(spec.data.test),
        expected: `1 … ${train.rows - 1} rows`,
      })
    }
    const shuffled = streams.split('test').shuffle(Int32Array.from({ length: train.rows }, (_, i) => i))
    test =
      count === 0 && dataset.test !== null
        ? wholeTest(dataset.test)
        : { source: train, rows: shuffled.slice(0, count).sort(), heldOut: true }
    pool = count === 0 ? shuffled.sort() : shuffled.slice(count).sort()
  }
  if (split !== undefined && split.validation.length > 0) return { pool, validation: ascending(split.validation), test }
  const reserved = spec.protocol.validation
  if (reserved >= pool.length)
    throw badInput(`protocol.validation takes ${reserved} of ${pool.length} pool rows`, {
      path: 'protocol.validation',
      found: String(reserved),
      expected: `at most ${pool.length - 1}`,
    })
  const validation = streams
    .split('validation')
    .sample(pool.length, reserved)
    .map((i) => pool[i])
    .sort()
  return { pool: without(pool, validation), validation, test }
}

const wholeTest = (source: LabeledPool): Partition['test'] => ({
  source,
  rows: Int32Array.from({ length: source.rows }, (_, i) => i),
  heldOut: false,
})

const ascending = (rows: ArrayLike<number>): Int32Array => Int32Array.from(rows).sort()

/** The rows of the ascending list `all` that are not in `taken`. */
export function without(all: Int32Array, taken: ArrayLike<number>): Int32Array {
  if (taken.length === 0 || all.length === 0) return all
  const gone = new Uint8Array(all[all.length - 1] + 1)
  for (let i = 0; i < taken.length; i++) gone[taken[i]] = 1
  return all.filter((row) => gone[row] === 0)
}

/** Position of a row in an ascending list; −1 when it is not there. */
export function positionOf(rows: Int32Array, row: number): number {
  let low = 0
  let high = rows.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    if (rows[middle] === row) return middle
    if (rows[middle] < row) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** Refuses rows that the training array does not have. */
export function checkRows(rows: ArrayLike<number>, count: number, file: string | undefined): void {
  for (let i = 0; i < rows.length; i++) {
    if (Number.isInteger(rows[i]) && rows[i] >= 0 && rows[i] < count) continue
    throw badInput(`${file}: ${rows[i]} is no row of the training array`, {
      file,
      found: String(rows[i]),
      expected: `a row, 0 … ${count - 1}`,
    })
  }
}

/** Refuses rows without a label: what a label would say cannot be simulated. */
export function checkLabels({
  deps: { dataset },
  partition,
}: {
  readonly deps: { readonly dataset: Dataset }
  readonly partition: Partition
}): void {
  const { pool, validation, test } = partition
  const { labels } = dataset.train
  const held = test.source === dataset.train ? test.rows : []
  const unknown = [...pool, ...validation, ...held].filter((row) => labels[row] === unlabeled).sort((a, b) => a - b)
  if (unknown.length === 0) return
  throw badInput(unlabeledMessage(dataset.id, unknown), {
    path: 'dataset',
    found: `${unknown.length} rows without a label`,
    expected: 'labels for all rows, or a data.split file whose rows all have one',
  })
}

/** Refuses a row that is in the parts more than once. */
export function checkDisjoint(parts: readonly ArrayLike<number>[], count: number, file: string | undefined): void {
  const seen = new Uint8Array(count)
  for (const rows of parts)
    for (let i = 0; i < rows.length; i++) {
      if (seen[rows[i]] === 1)
        throw badInput(`${file}: row ${rows[i]} is there twice`, { file, found: String(rows[i]), expected: 'each row in one part, once' })
      seen[rows[i]] = 1
    }
}

/**
 * The rows a seeded run starts with, in draw order. `stratified`: classes in the pool's proportions (largest remainders), at least
 * one row each as long as `count` allows.
 */
export function initialRows(
  pool: Int32Array,
  labels: Int32Array,
  classes: number,
  count: number,
  sampling: 'random' | 'stratified',
  random: Random,
): Int32Array {
  if (count > pool.length)
    throw badInput(`protocol.initial asks for ${count} of ${pool.length} pool rows`, {
      path: 'protocol.initial',
      found: String(count),
      expected: `at most ${pool.length}`,
    })
  const drawn = random.sample(pool.length, pool.length).map((i) => pool[i])
  if (sampling === 'random') return drawn.slice(0, count)
  const quota = stratifiedQuota(drawn, labels, classes, count)
  return drawn.filter((row) => quota[labels[row]]-- > 0)
}

function stratifiedQuota(rows: Int32Array, labels: Int32Array, classes: number, count: number): Int32Array {
  const sizes = new Int32Array(classes)
  for (const row of rows) sizes[labels[row]]++
  const share = Array.from(sizes, (size) => (count * size) / rows.length)
  const quota = Int32Array.from(share, Math.floor)
  // What is left goes to classes without a row first, then by remainder; of equals the lower class.
  const claim = share.map((own, c) => (quota[c] === 0 && own > 0 ? 1 : own - quota[c]))
  const rest = count - quota.reduce((a, b) => a + b, 0)
  const claimants = claim.map((_, c) => c).sort((a, b) => claim[b] - claim[a] || a - b)
  for (const c of claimants.slice(0, rest)) quota[c]++
  // A class without a row takes one from the class that has most.
  for (let c = 0; c < classes; c++) {
    const largest = argMax(quota)
    if (quota[c] > 0 || sizes[c] === 0 || quota[largest] < 2) continue
    quota[c]++
    quota[largest]--
  }
  return quota
}
