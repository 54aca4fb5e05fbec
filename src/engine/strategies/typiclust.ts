import { throwIfCancelled } from '../core/errors'
import { kMeans, miniBatchKMeans } from '../core/kMeans'
import { requireFinite, squaredNorms, unitRows } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Query, Strategy } from './contract'
import { batchSize, noRows, poolRows, withLabeled } from './query'
import { openTypicality, type Typicality } from './typicality'

export const typicalityParams = z.strictObject({
  squared: z.boolean().default(false).meta({
    title: 'Squared distances',
    description: "Typicality from squared distances, as in the authors' code, instead of distances, as in the paper.",
  }),
  neighbours: z.number().int().min(1).max(1000).default(20).meta({
    title: 'Neighbours',
    description: 'Nearest members of the cluster whose mean distance says how typical a sample is; at most half of the members.',
  }),
})

/** Shared by the methods that work in the fixed feature space. */
export const lengthParam = z
  .enum(['unit', 'none'])
  .default('unit')
  .meta({ title: 'Length', description: 'Features are divided by their length first, or taken as they are.' })

const params = typicalityParams.extend({
  maxClusters: z.number().int().min(1).max(10_000).default(500).meta({
    title: 'Most clusters',
    description: 'The pool is cut into as many clusters as labelled and wanted rows together, but no more than this.',
  }),
  minMembers: z.number().int().min(1).max(1000).default(6).meta({
    title: 'Smallest cluster',
    description: 'Clusters with fewer members are left out for as long as the others have candidates.',
  }),
  normalize: lengthParam,
})

type Params = z.infer<typeof params>

/** Above this many clusters Lloyd's algorithm gives way to mini-batches. */
const mostLloydClusters = 50

/** Positions of all rows (the pool, then the labelled) with equal cluster numbers together, by cluster number. */
function membersOf(clusters: ArrayLike<number>): Int32Array[] {
  const lists = new Map<number, number[]>()
  for (let i = 0; i < clusters.length; i++) {
    const list = lists.get(clusters[i])
    if (list) list.push(i)
    else lists.set(clusters[i], [i])
  }
  return [...lists].sort(([a], [b]) => a - b).map(([, list]) => Int32Array.from(list))
}

/** Typicality of every row among the rows of its cluster (n × d, n → n; A§10.1); 0 for a row that is alone. */
export function typicalities(features: Matrix, clusters: ArrayLike<number>, options: z.infer<typeof typicalityParams>): Float64Array {
  const scores = new Float64Array(features.rows)
  for (const members of membersOf(clusters)) {
    const cluster = openTypicality(features, members, options)
    for (const member of members) scores[member] = cluster.of(member)
  }
  return scores
}

/** Clusters in the order in which they are asked: few labelled rows first, then large ones; those too small come last. */
function inTurn(groups: readonly Int32Array[], unlabeled: number, minMembers: number): { kept: number[]; dropped: number[] } {
  const labelled = groups.map((members) => members.reduce((count, i) => count + (i >= unlabeled ? 1 : 0), 0))
  const order = groups.map((_, g) => g).sort((a, b) => labelled[a] - labelled[b] || groups[b].length - groups[a].length || a - b)
  return {
    kept: order.filter((g) => groups[g].length >= minMembers),
    dropped: order.filter((g) => groups[g].length < minMembers),
  }
}

function* picks(clusters: readonly Typicality[], { kept, dropped }: { kept: number[]; dropped: number[] }): Generator<number> {
  for (let turn of [kept, dropped]) {
    while (turn.length > 0) {
      for (const g of turn) if (clusters[g].left() > 0) yield clusters[g].take()
      turn = turn.filter((g) => clusters[g].left() > 0)
    }
  }
}

/** Clusters of all rows: those that were given, or new ones. */
function clustering(
  { clusters, labeled, pool, random, kernels, signal }: Query,
  rows: Int32Array,
  points: Matrix,
  k: number,
  most: number,
) {
  if (clusters) return rows.map((row) => clusters[row])
  if (pool.length === 0) return new Int32Array(0)
  const count = Math.min(labeled.length + k, most)
  return (count > mostLloydClusters ? miniBatchKMeans : kMeans)(points, count, { random, kernels, signal, rows }).assignment
}

/**
 * The most typical sample of every cluster that has few labels (A§10.1). A cluster that has run out of candidates is passed over; those
 * below `minMembers` are asked when nothing else is left.
 */
export const typiclust: Strategy<Params> = {
  id: 'typiclust',
  title: 'TypiClust',
  summary: 'Labels the most typical sample of each cluster that has no label yet: made for the first few labels; needs no model.',
  sources: [
    {
      authors: 'Hacohen, Dekel, Weinshall',
      title: 'Active learning on a budget: opposite strategies suit high and low budgets',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2202.02794',
    },
  ],
  params,
  needs: () => [],
  modelFree: true,
  async select(query, { maxClusters, minMembers, normalize, ...options }) {
    throwIfCancelled(query.signal)
    const { pool, signal } = query
    if (pool.length === 0) return noRows
    const rows = withLabeled(query)
    const given = query.features(rows)
    requireFinite(squaredNorms(given), 'the squared norm of the features', rows)
    return query.time('choose', () => {
      const points = normalize === 'unit' ? unitRows(given) : given
      const groups = membersOf(clustering(query, rows, points, batchSize(query), maxClusters))
      const clusters = groups.map((members) => {
        throwIfCancelled(signal)
        return openTypicality(
          points,
          members.filter((i) => i < pool.length),
          options,
        )
      })
      const scores = new Float64Array(pool.length)
      groups.forEach((members, g) => members.forEach((i) => i < pool.length && (scores[i] = clusters[g].of(i))))
      const chosen: number[] = []
      const turns = picks(clusters, inTurn(groups, pool.length, minMembers))
      while (chosen.length < batchSize(query)) {
        throwIfCancelled(signal)
        chosen.push(turns.next().value as number)
      }
      return { rows: poolRows(query, Int32Array.from(chosen)), scores, diagnostics: { clusters: groups.length } }
    })
  },
}
