import { argMax } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'
import { passesParams, scorePasses, type PassesParams } from './stochasticPasses'

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

/** 1 − fraction of stochastic passes that vote the modal class, in [0, 1 − 1/C] (A§3). */
export const variationRatioScore: ScoreFunction<PassesParams> = {
  id: 'variation-ratio',
  title: 'Variation ratio',
  params: passesParams,
  needs: () => ['sampledProba'],
  floor: 0,
  score: (source, params) =>
    scorePasses(
      source,
      params,
      variationRatios,
      'variation-ratio counts the votes of stochastic passes; this model is deterministic (1 − p of the modal class is least-confidence)',
    ),
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
