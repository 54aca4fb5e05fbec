import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'

/** 1 − p_max of every row of probabilities (n × C → n). */
export function leastConfidences({ data, rows, cols }: Matrix): Float64Array {
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let max = data[i * cols]
    for (let c = 1; c < cols; c++) max = Math.max(max, data[i * cols + c])
    out[i] = 1 - max
  }
  return out
}

/** 1 − p_max in [0, 1 − 1/C] (A§3). */
export const leastConfidenceScore: ScoreFunction<Record<string, never>> = {
  id: 'least-confidence',
  title: 'Least confidence',
  params: z.strictObject({}),
  needs: () => ['proba'],
  floor: 0,
  async score({ model, rows, time }) {
    const probabilities = await model.probabilities(rows)
    return time('score', () => leastConfidences(probabilities))
  },
}

export const leastConfidence = byScore(leastConfidenceScore, {
  summary: 'Labels the samples whose most probable class is least probable.',
  sources: [
    {
      authors: 'Lewis, Gale',
      title: 'A sequential algorithm for training text classifiers',
      venue: 'SIGIR',
      year: 1994,
      url: 'https://arxiv.org/abs/cmp-lg/9407020',
    },
  ],
})
