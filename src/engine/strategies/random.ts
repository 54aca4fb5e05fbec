import { throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { drawnBatch } from './query'

const params = z.strictObject({
  withValidation: z.boolean().default(false).meta({
    title: 'Train on validation rows',
    description:
      'Trains on the reserved validation rows as well: what their labels, which every strategy is charged for, are worth without any method.',
  }),
})

/** Uniform draw without replacement. */
export const random: Strategy<z.infer<typeof params>> = {
  id: 'random',
  title: 'Random',
  summary: 'Labels a uniform random sample: the baseline every method must beat.',
  sources: [],
  params,
  needs: () => [],
  effective: ({ withValidation }) => (withValidation ? { withValidation } : {}),
  training: ({ withValidation }) => ({ withValidation }),
  reads: ({ withValidation }) => (withValidation ? ['validation'] : []),
  modelFree: true,
  async select(query) {
    throwIfCancelled(query.signal)
    return drawnBatch(query)
  },
}
