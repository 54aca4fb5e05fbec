import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'

/** −(p₍₁₎ − p₍₂₎) of every row of probabilities (n × C → n); with one class p₍₂₎ = 0. */
export function negatedMargins({ data, rows, cols }: Matrix): Float64Array {
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let first = -Infinity
    let second = cols > 1 ? -Infinity : 0
    for (let c = i * cols; c < (i + 1) * cols; c++) {
      const p = data[c]
      // A NaN compares false with everything and would go unseen.
      if (Number.isNaN(p)) first = NaN
      else if (p > first) [first, second] = [p, cols > 1 ? first : 0]
      else if (p > second) second = p
    }
    out[i] = second - first
  }
  return out
}

/** Negated margin in [−1, 0] (A§3). */
export const marginScore: ScoreFunction<Record<string, never>> = {
  id: 'margin',
  title: 'Margin',
  params: z.strictObject({}),
  needs: () => ['proba'],
  floor: -1,
  async score({ model, rows, time }) {
    const probabilities = await model.probabilities(rows)
    return time('score', () => negatedMargins(probabilities))
  },
}

export const margin = byScore(marginScore, {
  summary: 'Labels the samples whose two most probable classes are closest.',
  sources: [
    {
      authors: 'Scheffer, Decomain, Wrobel',
      title: 'Active hidden Markov models for information extraction',
      venue: 'IDA',
      year: 2001,
    },
  ],
})
