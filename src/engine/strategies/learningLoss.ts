import { type QuerentError, unsupported } from '../core/errors'
import { z } from '../core/zod'
import type { AuxiliarySpec } from '../nn/model'
import { byScore } from './combinators'
import type { Citation, ScoreFunction, Strategy } from './contract'

const mostWeight = 1000

/** How the module that predicts losses is trained. */
export const auxiliaryParams = z.strictObject({
  lambda: z.number().gt(0).max(mostWeight).default(1).meta({ title: 'Weight λ', description: "Weight of the module's loss in the total." }),
  loss: z.enum(['rank', 'mse']).default('rank').meta({
    title: 'Loss',
    description: 'What the module learns: which of two samples has the larger loss, or the value of the loss.',
  }),
  xi: z
    .number()
    .min(0)
    .max(mostWeight)
    .default(1)
    .meta({ title: 'Margin ξ', description: 'Gap that ranked predictions should keep; of `loss: rank` only.' }),
  detachAt: z.number().min(0).max(1).default(0.6).meta({
    title: 'Detach at',
    description: "Share of the training after which the module's loss no longer shapes the network; 1: never.",
  }),
  taps: z
    .enum(['all', 'first', 'last'])
    .default('all')
    .meta({ title: 'Taps', description: 'Hidden activations (or blocks) that the module reads.' }),
})

/** λ = 0 stands for no module at all. */
export const optionalLambda = z.number().min(0).max(mostWeight).default(1).meta({
  title: 'Weight λ',
  description: "Weight of the module's loss in the total; 0 trains without a module, exactly as other methods do.",
})

export type AuxiliaryParams = z.infer<typeof auxiliaryParams>

export const auxiliaryOf = ({ lambda, loss, xi, detachAt, taps }: AuxiliaryParams): AuxiliarySpec => ({ lambda, loss, xi, detachAt, taps })

/** The parameters that can change the training. */
export function effectiveAuxiliary({ lambda, loss, xi, detachAt, taps }: AuxiliaryParams): Readonly<Record<string, unknown>> {
  if (lambda === 0) return { lambda }
  return { lambda, loss, ...(loss === 'rank' ? { xi } : {}), detachAt, taps }
}

/** How queries that need the module are refused outside of a run that trains one. */
export const noModule = (): QuerentError =>
  unsupported('predicted losses come from a module that is trained along with the network', { expected: 'a run, with lambda above 0' })

/** The loss that the module predicts. */
export const predictedLossScore: ScoreFunction<unknown> = {
  id: 'predicted-loss',
  title: 'Predicted loss',
  params: z.unknown(),
  needs: () => ['lossPrediction'],
  floor: -Infinity,
  async score({ model, rows }) {
    if (model.predictedLosses === undefined) throw noModule()
    return model.predictedLosses(rows)
  },
}

export const learningLossSource: Citation = {
  authors: 'Yoo, Kweon',
  title: 'Learning loss for active learning',
  venue: 'CVPR',
  year: 2019,
  url: 'https://arxiv.org/abs/1905.03677',
}

/** The k largest predicted losses (A§7.2). */
export const learningLoss: Strategy<AuxiliaryParams> = {
  ...byScore(predictedLossScore, {
    summary: 'Trains a small module to predict the loss of every sample, and labels those with the largest prediction.',
    sources: [learningLossSource],
  }),
  id: 'learning-loss',
  title: 'Learning loss',
  params: auxiliaryParams,
  effective: effectiveAuxiliary,
  training: (params) => ({ auxiliary: auxiliaryOf(params) }),
}
