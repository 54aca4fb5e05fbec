import { selectionSpace } from '../core/distances'
import { throwIfCancelled } from '../core/errors'
import { kCenterGreedy } from '../core/kCenter'
import { kMeansPlusPlus } from '../core/kMeansPlusPlus'
import { argMax, requireFinite, squaredNorms } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Capability } from '../nn/model'
import type { Strategy } from './contract'
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
 * n × C factors that give candidate i the direction of its output error ⊗ embedding, or of its embedding alone, and the length
 * `lengths[i]`. A candidate without a direction gets length 0.
 */
function scaledFactors(lengths: Float64Array, embeddings: Matrix, errors: Matrix<Float64Array> | undefined): Matrix<Float64Array> {
  const cols = errors?.cols ?? 1
  const data = errors ? errors.data.slice() : new Float64Array(lengths.length).fill(1)
  const norms = squaredNorms(embeddings)
  const errorNorms = errors && squaredNorms(errors)
  for (let i = 0; i < lengths.length; i++) {
    const length = Math.sqrt(norms[i] * (errorNorms?.[i] ?? 1))
    const scale = length > 0 ? lengths[i] / length : 0
    for (let c = i * cols; c < (i + 1) * cols; c++) data[c] *= scale
  }
  return { data, rows: lengths.length, cols }
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
      const space = selectionSpace(embeddings, { kernels, left: scaledFactors(lengths, embeddings, errors), rows: pool })
      const k = batchSize(query)
      const first = argMax(scores)
      const picks =
        all.batch === 'kcenter' ? kCenterGreedy(space, [], k, first, signal).picks : kMeansPlusPlus(space, k, first, random, signal)
      return { rows: poolRows(query, picks), scores }
    })
  },
}
