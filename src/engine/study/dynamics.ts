import type { Random } from '../core/random'
import { meanNearestOf, pairsOf, spreadMoments, spreadNames, spreadOf, type Pairs, type Spread } from '../metrics/spread'
import { positionOf } from './partition'
import type { Setting } from './setting'

/** Random batches that a batch is compared with. */
const draws = 20
/** Unlabelled rows from which they are drawn, and that coverage is asked about. */
const referenceRows = 128
/** Rows of a batch that are measured, and those of them that are compared; larger batches are sampled. */
const measuredRows = 50
const comparedRows = 24

export interface Dynamics {
  /** The batch among the rows that were left before it (ascending), and everything queried so far, the batch included, among the pool. */
  describe(round: number, left: Int32Array, batch: ArrayLike<number>, queried: ArrayLike<number>): Readonly<Record<string, number>>
}

/** Rows to compare with: how they lie to each other, and what batches drawn from them look like, by size. */
interface Reference {
  readonly rows: Int32Array
  readonly pairs: Pairs
  readonly delta: number | null
  readonly random: Random
  readonly moments: Map<number, ReturnType<typeof spreadMoments>>
}

/**
 * Every diversity measure of a batch in the fixed feature space, with its ratio to random batches of the same size and its distance
 * from them in their standard deviations (A§14). Draws come from streams that all strategies of a repeat share, and sets are described
 * whatever order they were bought in, so that equal sets get equal numbers.
 */
export function createDynamics({ streams, features, partition, deps, classes }: Setting): Dynamics {
  const { kernels, dataset } = deps
  const { labels } = dataset.train
  let order: Int32Array | undefined
  let wholePool: Reference | undefined
  const referenceOf = (isThere: (row: number) => boolean, random: Random): Reference => {
    order ??= streams.dynamics('order').shuffle(partition.pool.slice())
    const rows = order.filter(isThere).subarray(0, referenceRows)
    const pairs = pairsOf(features(rows), kernels)
    return { rows, pairs, delta: meanNearestOf(pairs, rows.length), random, moments: new Map() }
  }
  const optionsOf = ({ rows: cover, delta }: Reference, rows: ArrayLike<number>) => ({
    cover: Int32Array.from(cover, (_, i) => i),
    delta,
    labels: Int32Array.from(rows, (row) => labels[row]),
    classes,
  })

  const momentsOf = (reference: Reference, size: number): ReturnType<typeof spreadMoments> => {
    const known = reference.moments.get(size)
    if (known !== undefined) return known
    const options = optionsOf(reference, reference.rows)
    const random = reference.random.fork(size)
    const drawn = Array.from({ length: draws }, () => spreadOf(reference.pairs, random.sample(reference.rows.length, size), options))
    const found = spreadMoments(drawn)
    reference.moments.set(size, found)
    return found
  }

  const entries = (prefix: string, reference: Reference, set: Int32Array, random: Random): Readonly<Record<string, number>> => {
    const positions = sampleOf(set.length, measuredRows, random.fork('measured'))
    const rows = [...reference.rows, ...positions.map((i) => set[i])]
    const pairs = pairsOf(features(Int32Array.from(rows)), kernels, reference.pairs)
    const options = optionsOf(reference, rows)
    const members = positions.map((_, i) => reference.rows.length + i)
    const value = spreadOf(pairs, members, options)
    const size = Math.min(members.length, comparedRows)
    const compared =
      size === members.length
        ? value
        : spreadOf(
            pairs,
            sampleOf(members.length, size, random.fork('compared')).map((i) => members[i]),
            options,
          )
    const isComparable = size < reference.rows.length
    return entriesOf(prefix, value, compared, isComparable ? momentsOf(reference, size) : null)
  }

  return {
    describe: (round, left, batch, queried) => {
      if (batch.length === 0) return {}
      const random = streams.dynamics('batch', round)
      const around = referenceOf((row) => positionOf(left, row) >= 0, random.fork('draws'))
      wholePool ??= referenceOf(() => true, streams.dynamics('pool'))
      return {
        ...entries('batch', around, Int32Array.from(batch), random),
        ...entries('cumulative', wholePool, Int32Array.from(queried).sort(), streams.dynamics('cumulative', round)),
      }
    },
  }
}

/** Positions of all rows, or of a random `most` of them, ascending. */
const sampleOf = (count: number, most: number, random: Random): Int32Array =>
  count <= most ? Int32Array.from({ length: count }, (_, i) => i) : random.sample(count, most).sort()

function entriesOf(
  prefix: string,
  value: Spread,
  compared: Spread,
  moments: ReturnType<typeof spreadMoments> | null,
): Readonly<Record<string, number>> {
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
