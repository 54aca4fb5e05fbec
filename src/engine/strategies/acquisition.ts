import { throwIfCancelled } from '../core/errors'
import { kCenterGreedy } from '../core/kCenter'
import { kMeansPlusPlus } from '../core/kMeansPlusPlus'
import { argMax, requireFinite } from '../core/linear'
import { z } from '../core/zod'
import type { Capability } from '../nn/model'
import type { Strategy } from './contract'
import { directedSpace } from './directions'
import { entropyGradnormParams } from './entropyGradnorm'
import { batchSize, noRows, poolRows, sourceOf, takeBest } from './query'
import { scoreIds, scoreOf } from './scores'
import { passesParams } from './stochasticPasses'

const params = z.strictObject({
  score: z.enum(scoreIds).default('entropy').meta({ title: 'Score', description: 'What makes a sample worth a label.' }),
  batch: z.enum(['topk', 'kmeans++', 'kcenter']).default('topk').meta({
    title: 'Batch',
    description: 'How the batch is filled: the highest scores, D² sampling, or farthest first; all begin with the highest score.',
  }),
  ...entropyGradnormParams.shape,
  ...passesParams.shape,
})

type Params = z.infer<typeof params>

/** The parameters that belong to the chosen score. */
function ownParams(all: Params): Record<string, unknown> {
  const own = Object.keys(scoreOf(all.score).params.parse({}) as object)
  return Object.fromEntries(Object.entries(all).filter(([key]) => own.includes(key)))
}

function needs(all: Params): readonly Capability[] {
  const score = scoreOf(all.score)
  const scored = score.needs(all)
  if (all.batch === 'topk') return scored
  return [...new Set<Capability>([...scored, 'embedding', ...(score.outputErrors ? (['proba'] as const) : [])])]
}

/**
 * Any score with any way to fill the batch, so that diversity is one switch. `kmeans++` and `kcenter` see each candidate as a point
 * whose length is its score and whose direction is that of the score's last-layer gradient (A§7.3), or of the embedding for scores
 * without one.
 */
export const acquisition: Strategy<Params> = {
  id: 'acquisition',
  title: 'Acquisition',
  summary: 'Any score combined with any way to fill the batch: isolates what the score and what diversity contribute.',
  sources: [],
  params,
  needs,
  effective: (all) => {
    const own = ownParams(all)
    return { score: all.score, batch: all.batch, ...(scoreOf(all.score).effective?.(own) ?? own) }
  },
  modelFree: false,
  async select(query, all) {
    throwIfCancelled(query.signal)
    const { pool, model, kernels, random, signal } = query
    if (pool.length === 0) return noRows
    const score = scoreOf(all.score)
    const source = sourceOf(query)
    const scores = await score.score(source, all)
    if (all.batch === 'topk') return takeBest(query, scores)

    requireFinite(scores, 'the score', pool)
    const embeddings = await model.embeddings(pool)
    const errors = await score.outputErrors?.(source)
    return query.time('choose', () => {
      const lengths = scores.map((s) => s - score.floor)
      const space = directedSpace(lengths, embeddings, errors, { kernels, rows: pool })
      const k = batchSize(query)
      const first = argMax(scores)
      const picks =
        all.batch === 'kcenter' ? kCenterGreedy(space, [], k, first, signal).picks : kMeansPlusPlus(space, k, first, random, signal)
      return { rows: poolRows(query, picks), scores }
    })
  },
}
