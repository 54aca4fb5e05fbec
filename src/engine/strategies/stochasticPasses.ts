import { unsupported } from '../core/errors'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { ScoreSource } from './contract'

/** How many passes a method that reads stochastic predictions asks for. */
export const passesParams = z.strictObject({
  passes: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(10)
    .meta({ title: 'Passes', description: 'Stochastic forward passes with dropout on.' }),
})

export type PassesParams = z.infer<typeof passesParams>

/** Predictions held at a time; a row's passes do not depend on what else is asked. */
const mostPredictions = 200_000

/** One number per candidate from its M predictions (M matrices n × C → n), asked for in parts; `refusal`: why a deterministic model will not do. */
export async function scorePasses(
  { model, rows, time }: ScoreSource,
  { passes }: PassesParams,
  score: (sampled: readonly Matrix[]) => Float64Array,
  refusal: string,
): Promise<Float64Array> {
  if (!model.sampledProbabilities) {
    throw unsupported(refusal, { expected: 'a model with dropout, or probabilities of several passes (--mc-probs)' })
  }
  const scores = new Float64Array(rows.length)
  const atOnce = Math.max(1, Math.floor(mostPredictions / passes))
  for (let from = 0; from < rows.length; from += atOnce) {
    const sampled = await model.sampledProbabilities(rows.subarray(from, from + atOnce), passes)
    time('score', () => scores.set(score(sampled), from))
  }
  return scores
}
