import { badInput, throwIfCancelled, unsupported } from '../core/errors'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { pointsOf, spaceParam } from './coreSet'
import { batchSize, noRows } from './query'

const params = z.strictObject({
  command: z.array(z.string().min(1)).min(1).max(100).meta({
    title: 'Command',
    description: 'Program and arguments, started without a shell in the folder of the study; two paths follow: the query and the answer.',
  }),
  timeLimit: z
    .number()
    .min(1)
    .max(86_400)
    .default(600)
    .meta({ title: 'Time limit', description: 'Seconds after which the command is stopped.' }),
  space: spaceParam,
  version: z.string().max(200).default('').meta({
    title: 'Version',
    description: 'Free text that is part of the identity of a run: change it when the program has changed, so that runs are computed anew.',
  }),
})

/** The id whose parameter `command` a host must be allowed to start. */
export const externalId = 'external'

/** A batch chosen by a program of the user; the host starts it (`Query.external`). */
export const external: Strategy<z.infer<typeof params>> = {
  id: externalId,
  title: 'External command',
  summary: 'Asks a program of yours, in any language, which samples to label; it never sees the labels of the pool.',
  sources: [],
  params,
  needs: ({ space }) => (space === 'embedding' ? ['proba', 'embedding'] : ['proba']),
  modelFree: false,
  async select(query, { command, timeLimit, space }) {
    throwIfCancelled(query.signal)
    const { pool, labeled, labels, classes, round, model } = query
    if (pool.length === 0 || query.k === 0) return noRows
    if (query.external === undefined) throw unsupported('an external command is started by a study only', { expected: 'querent run' })
    const request = {
      command,
      timeLimit,
      pool,
      features: await pointsOf(query, space, pool),
      probabilities: await model.probabilities(pool),
      labeled,
      labels,
      labeledFeatures: await pointsOf(query, space, labeled),
      labeledProbabilities: await model.probabilities(labeled),
      k: batchSize(query),
      round,
      classes,
    }
    const rows = await query.external(request)
    requireBatch(rows, pool, request.k, command.join(' '))
    return { rows: Int32Array.from(rows) }
  },
}

function requireBatch(rows: readonly number[], pool: Int32Array, k: number, command: string): void {
  const wrong = (found: string, expected: string): never => {
    throw badInput(`${command} answered ${found}`, { path: 'command', found, expected })
  }
  const left = new Set(pool)
  for (const row of rows) {
    if (left.delete(row)) continue
    wrong(pool.includes(row) ? `row ${row} twice` : `row ${row}, which is not in the pool`, 'rows of the array pool, each once')
  }
  if (rows.length !== k) wrong(`${rows.length} rows`, `${k} rows`)
}
