import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'

/** Entropy in nats of every row of log-probabilities (n × C → n), with p log p = 0 at p = 0. */
export function entropies({ data, rows, cols }: Matrix): Float64Array {
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let sum = 0
    for (let c = i * cols; c < (i + 1) * cols; c++) if (data[c] !== -Infinity) sum -= Math.exp(data[c]) * data[c]
    out[i] = sum
  }
  return out
}

/** H(p) in [0, ln C] (A§3). */
export const entropyScore: ScoreFunction<Record<string, never>> = {
  id: 'entropy',
  title: 'Entropy',
  params: z.strictObject({}),
  needs: () => ['proba'],
  floor: 0,
  async score({ model, rows, time }) {
    const logProbabilities = await model.logProbabilities(rows)
    return time('score', () => entropies(logProbabilities))
  },
}

export const entropy = byScore(entropyScore, {
  summary: 'Labels the samples whose predicted class distribution has the largest entropy.',
  sources: [
    { authors: 'Shannon', title: 'A mathematical theory of communication', venue: 'Bell System Technical Journal', year: 1948 },
    { authors: 'Settles', title: 'Active learning literature survey', venue: 'University of Wisconsin–Madison, TR 1648', year: 2009 },
  ],
})
