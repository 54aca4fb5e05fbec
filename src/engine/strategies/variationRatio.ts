import { unsupported } from '../core/errors'
import { argMax } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'

/** 1 − the share of passes that vote for the most voted class (M matrices n × C → n). */
export function variationRatios(passes: readonly Matrix[]): Float64Array {
  const { rows, cols } = passes[0]
  const out = new Float64Array(rows)
  const votes = new Int32Array(cols)
  for (let i = 0; i < rows; i++) {
    votes.fill(0)
    for (const { data } of passes) {
      const vote = argMax(data, i * cols, cols)
      votes[vote]++
      if (Number.isNaN(data[i * cols + vote])) out[i] = NaN
    }
    out[i] += 1 - Math.max(...votes) / passes.length
  }
  return out
}

export const variationRatioParams = z.strictObject({
  passes: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(10)
    .meta({ title: 'Passes', description: 'Stochastic forward passes with dropout on; each casts one vote per sample.' }),
})

/** Predictions held at a time; a row's passes do not depend on what else is asked. */
const mostPredictions = 200_000

/** 1 − fraction of stochastic passes that vote the modal class, in [0, 1 − 1/C] (A§3). */
export const variationRatioScore: ScoreFunction<z.infer<typeof variationRatioParams>> = {
  id: 'variation-ratio',
  title: 'Variation ratio',
  params: variationRatioParams,
  needs: () => ['sampledProba'],
  floor: 0,
  async score({ model, rows, time }, { passes }) {
    if (!model.sampledProbabilities) {
      throw unsupported(
        'variation-ratio counts the votes of stochastic passes; this model is deterministic (1 − p of the modal class is least-confidence)',
        { expected: 'a model with dropout, or probabilities of several passes (--mc-probs)' },
      )
    }
    const scores = new Float64Array(rows.length)
    const atOnce = Math.max(1, Math.floor(mostPredictions / passes))
    for (let from = 0; from < rows.length; from += atOnce) {
      const sampled = await model.sampledProbabilities(rows.subarray(from, from + atOnce), passes)
      time('score', () => scores.set(variationRatios(sampled), from))
    }
    return scores
  },
}

export const variationRatio = byScore(variationRatioScore, {
  summary: 'Labels the samples on which stochastic passes of the network disagree most about the class.',
  sources: [
    { authors: 'Freeman', title: 'Elementary applied statistics', venue: 'Wiley', year: 1965 },
    {
      authors: 'Gal, Islam, Ghahramani',
      title: 'Deep Bayesian active learning with image data',
      venue: 'ICML',
      year: 2017,
      url: 'https://arxiv.org/abs/1703.02910',
    },
  ],
})
