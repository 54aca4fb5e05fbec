import { throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { batchSize, poolRows } from './query'

/** Uniform draw without replacement. */
export const random: Strategy<Record<string, never>> = {
  id: 'random',
  title: 'Random',
  summary: 'Labels a uniform random sample: the baseline every method must beat.',
  sources: [],
  params: z.strictObject({}),
  needs: () => [],
  modelFree: true,
  async select(query) {
    throwIfCancelled(query.signal)
    const positions = query.time('choose', () => query.random.sample(query.pool.length, batchSize(query)))
    return { rows: poolRows(query, positions) }
  },
}
