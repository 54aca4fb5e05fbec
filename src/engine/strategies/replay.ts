import { badInput, throwIfCancelled } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { batchSize } from './query'

const params = z.strictObject({
  selections: z.string().min(1).meta({
    title: 'Selections',
    description: 'The selections.csv of an earlier result folder, or another file with its columns seed, round, order and row.',
  }),
  strategy: z
    .string()
    .min(1)
    .optional()
    .meta({ title: 'Recorded strategy', description: 'Whose picks to repeat; needed when the file holds several strategies.' }),
})

/** Labels what an earlier run labelled, in its order. The host parses the file (`parseRecorded`) and hands the rows over in the query. */
export const replay: Strategy<z.infer<typeof params>> = {
  id: 'replay',
  title: 'Replay',
  summary: 'Repeats recorded selections, so that training can vary while the labelled sets stay the same.',
  sources: [],
  params,
  needs: () => [],
  wholePool: true,
  modelFree: true,
  async select(query, { selections }) {
    throwIfCancelled(query.signal)
    const wanted = batchSize(query)
    const rows = Int32Array.from(query.recorded?.[query.round] ?? []).slice(0, wanted)
    if (rows.length < wanted) {
      throw badInput(`${selections} has too few rows for round ${query.round + 1}`, {
        file: selections,
        found: `${rows.length} rows`,
        expected: `${wanted} rows`,
      })
    }
    const left = new Set(query.pool)
    for (const row of rows) {
      if (left.delete(row)) continue
      throw badInput(`row ${row} of round ${query.round + 1} in ${selections} is not in the pool`, {
        file: selections,
        found: `row ${row}`,
        expected: 'a row that is neither labelled nor held out, once',
      })
    }
    return { rows }
  },
}
