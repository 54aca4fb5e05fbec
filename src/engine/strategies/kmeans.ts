import { throwIfCancelled } from '../core/errors'
import { kMeans, perClusterMedoid } from '../core/kMeans'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { pointsOf, spaceParam } from './coreSet'
import { batchSize, noRows, poolRows } from './query'

const params = z.strictObject({ space: spaceParam })

/** Clusters the pool into as many groups as rows are wanted and labels the member nearest each centre (A§2.4). */
export const kmeans: Strategy<z.infer<typeof params>> = {
  id: 'kmeans',
  title: 'k-means',
  summary: 'Clusters the pool and labels one central sample per cluster: representative and diverse, blind to uncertainty.',
  sources: [
    {
      authors: 'Zhdanov',
      title: 'Diverse mini-batch active learning',
      venue: 'arXiv 1901.05954',
      year: 2019,
      url: 'https://arxiv.org/abs/1901.05954',
    },
  ],
  params,
  needs: ({ space }) => (space === 'embedding' ? ['embedding'] : []),
  modelFree: false,
  async select(query, { space }) {
    throwIfCancelled(query.signal)
    const { pool, random, kernels, signal } = query
    if (pool.length === 0) return noRows
    const points = await pointsOf(query, space, pool)
    return query.time('choose', () => ({
      rows: poolRows(query, perClusterMedoid(points, kMeans(points, batchSize(query), { random, kernels, signal, rows: pool }))),
    }))
  },
}
