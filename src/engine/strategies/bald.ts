import type { Matrix } from '../core/matrix'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'
import { passesParams, scorePasses, type PassesParams } from './stochasticPasses'

/** H(mean of the passes) − mean of their H, in nats (M matrices n × C → n): what the label would tell about the weights (A§4). */
export function mutualInformation(passes: readonly Matrix[]): Float64Array {
  const { rows, cols } = passes[0]
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let information = 0
    for (let c = i * cols; c < (i + 1) * cols; c++) {
      let mean = 0
      let own = 0
      for (const { data } of passes) {
        mean += data[c] / passes.length
        own += logProduct(data[c]) / passes.length
      }
      information += own - logProduct(mean)
    }
    out[i] = Math.max(0, information) // below 0 is rounding
  }
  return out
}

/** p log p, 0 at 0. */
const logProduct = (p: number): number => (p === 0 ? 0 : p * Math.log(p))

/** Mutual information of label and weights, in [0, ln C] (A§4). */
export const baldScore: ScoreFunction<PassesParams> = {
  id: 'bald',
  title: 'BALD',
  params: passesParams,
  needs: () => ['sampledProba'],
  floor: 0,
  score: (source, params) =>
    scorePasses(
      source,
      params,
      mutualInformation,
      'bald measures how far stochastic passes disagree; this model is deterministic, so that every score would be 0',
    ),
}

export const bald = byScore(baldScore, {
  summary: 'Labels the samples on which stochastic passes of the network disagree although each is sure of itself.',
  sources: [
    {
      authors: 'Houlsby, Huszár, Ghahramani, Lengyel',
      title: 'Bayesian active learning for classification and preference learning',
      venue: 'arXiv 1112.5745',
      year: 2011,
      url: 'https://arxiv.org/abs/1112.5745',
    },
    {
      authors: 'Gal, Islam, Ghahramani',
      title: 'Deep Bayesian active learning with image data',
      venue: 'ICML',
      year: 2017,
      url: 'https://arxiv.org/abs/1703.02910',
    },
  ],
})
