import { selectionSpace } from '../core/distances'
import { throwIfCancelled } from '../core/errors'
import { kCenterGreedy } from '../core/kCenter'
import { meanRow, squaredDistance } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Query, Strategy } from './contract'
import { batchSize, noRows, withLabeled } from './query'

/** Where distances are measured; shared by the methods that cover a space. */
export const spaceParam = z.enum(['embedding', 'inputs']).default('embedding').meta({
  title: 'Space',
  description: "Where distances are measured: the last layer's inputs of the current model, or the standardised inputs.",
})

/** The rows as points of the chosen space (n × d). */
export const pointsOf = async (query: Query, space: 'embedding' | 'inputs', rows: Int32Array): Promise<Matrix> =>
  space === 'embedding' ? query.model.embeddings(rows) : query.features(rows)

const params = z.strictObject({
  space: spaceParam,
  start: z
    .enum(['medoid', 'random'])
    .default('medoid')
    .meta({ title: 'Start', description: 'First pick when nothing is labelled yet: the candidate nearest the mean, or a random one.' }),
})

/** Position of the row nearest the mean row; the first of equals. */
function medoid(points: Matrix): number {
  const mean = meanRow(points)
  let best = 0
  let least = Infinity
  for (let i = 0; i < points.rows; i++) {
    const distance = squaredDistance(points.data, i * points.cols, mean, 0, points.cols)
    if (distance < least) [best, least] = [i, distance]
  }
  return best
}

/**
 * Greedy k-centre around the labelled rows (A§5). A pick's score is its distance to the nearest centre when it was picked, another
 * candidate's the distance that is left after the batch: the batch is exactly the top of the scores.
 */
export const coreSet: Strategy<z.infer<typeof params>> = {
  id: 'core-set',
  title: 'Core-set',
  summary: 'Labels, one after the other, the sample farthest from everything labelled: covers the feature space, ignores uncertainty.',
  sources: [
    {
      authors: 'Sener, Savarese',
      title: 'Active learning for convolutional neural networks: a core-set approach',
      venue: 'ICLR',
      year: 2018,
      url: 'https://arxiv.org/abs/1708.00489',
    },
  ],
  params,
  needs: ({ space }) => (space === 'embedding' ? ['embedding'] : []),
  modelFree: false,
  async select(query, { space, start }) {
    throwIfCancelled(query.signal)
    const { pool, labeled, kernels, random, signal } = query
    if (pool.length === 0) return noRows
    const rows = withLabeled(query)
    const points = await pointsOf(query, space, rows)
    return query.time('choose', () => {
      const centers = Array.from(labeled, (_, i) => pool.length + i)
      const first = centers.length > 0 ? undefined : start === 'random' ? random.int(pool.length) : medoid(points)
      const { picks, radii, distances } = kCenterGreedy(selectionSpace(points, { kernels, rows }), centers, batchSize(query), first, signal)
      const scores = distances.slice(0, pool.length)
      picks.forEach((pick, t) => (scores[pick] = radii[t]))
      if (first !== undefined) scores[first] = radii.length > 1 ? radii[1] : scores.reduce((a, b) => Math.max(a, b === Infinity ? 0 : b), 0)
      return { rows: picks.map((i) => pool[i]), scores }
    })
  },
}
