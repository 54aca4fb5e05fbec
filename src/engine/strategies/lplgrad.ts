import { throwIfCancelled } from '../core/errors'
import { kMeansPlusPlus } from '../core/kMeansPlusPlus'
import { argMax, requireFinite } from '../core/linear'
import { z } from '../core/zod'
import type { Capability } from '../nn/model'
import type { Query, Strategy } from './contract'
import { directedSpace } from './directions'
import { entropyScore } from './entropy'
import { combinedNorms, entropyGradnormParams, entropyGradnormScore, entropyOutputErrors } from './entropyGradnorm'
import {
  auxiliaryOf,
  auxiliaryParams,
  effectiveAuxiliary,
  learningLossSource,
  noModule,
  optionalLambda,
  predictedLossScore,
} from './learningLoss'
import { batchSize, noRows, poolRows, sourceOf, takeBest } from './query'

const params = z.strictObject({
  query: z.enum(['entropy-gradient', 'predicted-loss-gradient', 'predicted-loss', 'entropy']).default('entropy-gradient').meta({
    title: 'Query',
    description:
      "What is queried: the norm of the entropy's gradient (as in the authors' code), that of the predicted loss's gradient, the predicted loss itself, or plain entropy.",
  }),
  ...auxiliaryParams.shape,
  lambda: optionalLambda,
  ...entropyGradnormParams.shape,
  batch: z.enum(['topk', 'kmeans++']).default('topk').meta({
    title: 'Batch',
    description: 'The highest scores, or D² sampling on the entropy gradient embedding; of `query: entropy-gradient` only.',
  }),
})

export type LplgradParams = z.infer<typeof params>

function needs(own: LplgradParams): readonly Capability[] {
  if (own.query === 'entropy') return entropyScore.needs({})
  if (own.query !== 'entropy-gradient') return ['lossPrediction']
  const scored = entropyGradnormScore.needs(own)
  return own.batch === 'topk' ? scored : [...new Set<Capability>([...scored, 'proba', 'embedding'])]
}

function effectiveQuery(own: LplgradParams): Readonly<Record<string, unknown>> {
  const { query, layers, normMode, component, batch } = own
  if (query === 'predicted-loss-gradient') return { query, normMode }
  if (query !== 'entropy-gradient') return { query }
  return { query, ...entropyGradnormScore.effective?.({ layers, normMode, component }), batch }
}

async function scoresOf(query: Query, own: LplgradParams): Promise<Float64Array> {
  const source = sourceOf(query)
  switch (own.query) {
    case 'entropy-gradient':
      return entropyGradnormScore.score(source, own)
    case 'entropy':
      return entropyScore.score(source, {})
    case 'predicted-loss':
      return predictedLossScore.score(source, {})
    case 'predicted-loss-gradient': {
      const squared = await query.model.predictedLossNorms?.(query.pool)
      if (squared === undefined) throw noModule()
      return query.time('score', () => combinedNorms(squared, own.normMode))
    }
  }
}

/** Entropy gradient norms of a network that was trained together with a module that predicts losses (A§7.3). */
export const lplgrad: Strategy<LplgradParams> = {
  id: 'lplgrad',
  title: 'LPLgrad',
  summary: 'Lets a loss-predicting module shape the network, then labels the samples with the largest entropy gradient.',
  sources: [
    {
      authors: 'Gul, Elmahallawy, Madria, Tripathy',
      title: 'LPLgrad: Optimizing active learning through gradient norm sample selection and auxiliary model training',
      venue: 'arXiv 2411.15217',
      year: 2024,
      url: 'https://arxiv.org/abs/2411.15217',
    },
    learningLossSource,
  ],
  params,
  needs,
  effective: (own) => ({ ...effectiveAuxiliary(own), ...effectiveQuery(own) }),
  training: (own) => (own.lambda === 0 ? {} : { auxiliary: auxiliaryOf(own) }),
  modelFree: false,
  async select(query, own) {
    throwIfCancelled(query.signal)
    const { pool, model, kernels, random, signal } = query
    if (pool.length === 0) return noRows
    const scores = await scoresOf(query, own)
    if (own.batch === 'topk' || own.query !== 'entropy-gradient') return takeBest(query, scores)

    requireFinite(scores, 'the score', pool)
    const errors = entropyOutputErrors(await model.logProbabilities(pool))
    const embeddings = await model.embeddings(pool)
    return query.time('choose', () => {
      const space = directedSpace(scores, embeddings, errors, { kernels, rows: pool })
      return { rows: poolRows(query, kMeansPlusPlus(space, batchSize(query), argMax(scores), random, signal)), scores }
    })
  },
}
