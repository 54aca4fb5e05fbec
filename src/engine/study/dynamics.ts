import type { Random } from '../core/random'
import {
  coverageOf,
  layoutOf,
  meanNearestOf,
  pairsOf,
  spreadMoments,
  spreadNames,
  volumeOf,
  type Moments,
  type Pairs,
  type Spread,
  type Volume,
} from '../metrics/spread'
import { positionOf } from './partition'
import type { Setting } from './setting'

/** Random batches that a batch is compared with (A§14). */
const draws = 100
/** Rows of the pool that coverage is asked about, and others from which random batches are drawn; a run keeps to those that are left. */
const coverRows = 96
const drawnRows = 160
/** Rows of a batch that are measured and compared; larger batches are sampled. */
const measuredRows = 50
/** Rows on which log-determinant and Vendi score are compared: they cost the cube of them. */
const volumeRows = 24

export interface Dynamics {
  /** The batch among the rows that were left before it (ascending), and everything queried so far, the batch included, among the pool. */
  describe(round: number, left: Int32Array, batch: ArrayLike<number>, queried: ArrayLike<number>): Readonly<Record<string, number>>
}

/** A random batch and what was measured of it. */
interface Drawn {
  readonly batch: Int32Array
  readonly volume: Volume
}

type AllMoments = Readonly<Record<keyof Spread, Moments | null>>

/** What is to be covered, what batches are drawn from (positions among the sampled rows), and what such batches look like, by size. */
interface Reference {
  readonly cover: Int32Array
  readonly drawn: Int32Array
  readonly delta: number | null
  readonly moments: Map<number, AllMoments>
}

/**
 * Every diversity measure of a batch in the fixed feature space, with its ratio to random batches of the same size and its distance
 * from them in their standard deviations (A§14). Draws come from streams that all strategies of a repeat share, and sets are described
 * whatever order they were bought in, so that equal sets get equal numbers.
 */
export function createDynamics({ streams, features, partition, deps, classes }: Setting): Dynamics {
  const { kernels, dataset } = deps
  const { labels } = dataset.train
  let known: { readonly rows: Int32Array; readonly pairs: Pairs; readonly orders: readonly Int32Array[] } | undefined
  let wholePool: Reference | undefined
  const volumes = new Map<number, Drawn[]>()
  const sampled = () => {
    if (known === undefined) {
      const rows = streams
        .dynamics('order')
        .shuffle(partition.pool.slice())
        .subarray(0, coverRows + drawnRows)
      const random = streams.dynamics('draws')
      const orders = Array.from({ length: draws }, (_, i) => random.fork(i).shuffle(upTo(rows.length)))
      known = { rows, pairs: pairsOf(features(rows), kernels), orders }
    }
    return known
  }
  /** Of a small pool three eighths are to be covered, so that there are others to draw. */
  const referenceOf = (isThere: (row: number) => boolean): Reference => {
    const { rows, pairs } = sampled()
    const covered = Math.min(coverRows, Math.floor((3 * rows.length) / 8))
    const there = upTo(rows.length).filter((i) => isThere(rows[i]))
    const cover = there.filter((i) => i < covered)
    return { cover, drawn: there.subarray(cover.length), delta: meanNearestOf(pairs, cover), moments: new Map() }
  }
  const labelsOf = (rows: Int32Array): Int32Array => rows.map((row) => labels[row])

  /** The first rows of one random order each that are still there: from round to round most of these batches stay as they are. */
  const batchesOf = (drawn: Int32Array, size: number): Int32Array[] => {
    const { rows, orders } = sampled()
    const isDrawn = new Uint8Array(rows.length)
    for (const i of drawn) isDrawn[i] = 1
    return orders.map((order) => order.filter((i) => isDrawn[i] === 1).subarray(0, size))
  }
  /** Measured again only when another batch has come into a place. */
  const volumeAt = (place: number, batch: Int32Array): Volume => {
    const before = volumes.get(batch.length) ?? []
    volumes.set(batch.length, before)
    if (!before[place]?.batch.every((row, t) => row === batch[t])) before[place] = { batch, volume: volumeOf(sampled().pairs, batch) }
    return before[place].volume
  }

  /** What batches of `size` random rows look like; none of their rows is among those that are to be covered. */
  const momentsOf = ({ cover, drawn, delta, moments }: Reference, size: number): AllMoments => {
    const before = moments.get(size)
    if (before !== undefined) return before
    const { rows, pairs } = sampled()
    const options = { cover, delta, labels: labelsOf(rows), classes }
    const batches = batchesOf(drawn, size)
    const found = {
      ...spreadMoments(batches.map((batch) => layoutOf(pairs, batch, options))),
      ...spreadMoments(batches.map((batch) => coverageOf(pairs, batch, options))),
      ...spreadMoments(batches.map((batch, place) => volumeAt(place, batch.subarray(0, volumeRows)))),
    }
    moments.set(size, found)
    return found
  }

  const entries = (prefix: string, reference: Reference, set: Int32Array, random: Random): Readonly<Record<string, number>> => {
    const own = new Set(set)
    const cover = reference.cover.map((i) => sampled().rows[i]).filter((row) => !own.has(row))
    const measured = sampleOf(set.length, measuredRows, random.fork('measured')).map((i) => set[i])
    const rows = Int32Array.of(...measured, ...cover)
    const [members, others] = [upTo(measured.length), upTo(cover.length).map((i) => measured.length + i)]
    const pairs = pairsOf(features(rows), kernels, measured.length)
    const options = { cover: others, delta: reference.delta, labels: labelsOf(rows), classes }
    const some = (most: number): Int32Array => sampleOf(members.length, most, random.fork('compared', most))
    const layout = { ...layoutOf(pairs, members, options), ...coverageOf(pairs, members, options) }
    const volume = volumeOf(pairs, members)
    // Few rows are left to draw from: halves of them still differ.
    const size = Math.min(members.length, reference.drawn.length >> 1)
    const volumeSize = Math.min(size, volumeRows)
    const compared = {
      ...(size === members.length ? layout : { ...layoutOf(pairs, some(size), options), ...coverageOf(pairs, some(size), options) }),
      ...(volumeSize === members.length ? volume : volumeOf(pairs, some(volumeSize))),
    }
    return entriesOf(prefix, { ...layout, ...volume }, compared, size > 0 ? momentsOf(reference, size) : null)
  }

  return {
    describe: (round, left, batch, queried) => {
      if (batch.length === 0) return {}
      const random = streams.dynamics('batch', round)
      const around = referenceOf((row) => positionOf(left, row) >= 0)
      wholePool ??= referenceOf(() => true)
      return {
        ...entries('batch', around, Int32Array.from(batch), random),
        ...entries('cumulative', wholePool, Int32Array.from(queried).sort(), streams.dynamics('cumulative', round)),
      }
    },
  }
}

const upTo = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i)

/** Positions of all rows, or of a random `most` of them, ascending. */
const sampleOf = (count: number, most: number, random: Random): Int32Array =>
  count <= most ? upTo(count) : random.sample(count, most).sort()

function entriesOf(prefix: string, value: Spread, compared: Spread, moments: AllMoments | null): Readonly<Record<string, number>> {
  const out: Record<string, number> = {}
  for (const name of spreadNames) {
    const [own, same, random] = [value[name], compared[name], moments?.[name]]
    if (own !== null) out[`${prefix}.${name}`] = own
    if (same === null || !random) continue
    if (random.mean !== 0) out[`${prefix}.${name}.ratio`] = same / random.mean
    // Batches that are all alike have no scale.
    if (random.sd > 1e-9 * Math.abs(random.mean)) out[`${prefix}.${name}.z`] = (same - random.mean) / random.sd
  }
  return out
}
