import { throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { batchSize } from './query'

/** The upper line: the run trains once on every row of the pool. */
export const fullData: Strategy<Record<string, never>> = {
  id: 'full-data',
  title: 'All data',
  summary: 'Trains once on the whole pool: the line that selection tries to reach with fewer labels.',
  sources: [],
  params: z.strictObject({}),
  needs: () => [],
  modelFree: true,
  line: true,
  async select(query) {
    throwIfCancelled(query.signal)
    return { rows: query.pool.slice(0, batchSize(query)) }
  },
}
