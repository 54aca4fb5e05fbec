import { throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { drawnBatch } from './query'

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
    return drawnBatch(query)
  },
}
