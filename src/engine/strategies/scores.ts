import { gradientEmbeddingNormScore } from './badge'
import type { ScoreFunction } from './contract'
import { entropyScore } from './entropy'
import { entropyGradnormScore } from './entropyGradnorm'
import { leastConfidenceScore } from './leastConfidence'
import { marginScore } from './margin'
import { variationRatioScore } from './variationRatio'

export const scoreIds = ['entropy', 'least-confidence', 'margin', 'variation-ratio', 'entropy-gradnorm', 'gradient-embedding-norm'] as const
export type ScoreId = (typeof scoreIds)[number]

const byId: Readonly<Record<ScoreId, ScoreFunction>> = {
  entropy: entropyScore,
  'least-confidence': leastConfidenceScore,
  margin: marginScore,
  'variation-ratio': variationRatioScore,
  'entropy-gradnorm': entropyGradnormScore,
  'gradient-embedding-norm': gradientEmbeddingNormScore,
}

export const scoreOf = (id: ScoreId): ScoreFunction => byId[id]

/** What `acquisition.score` and `querent score` accept. */
export const scores: ReadonlyMap<string, ScoreFunction> = new Map(Object.entries(byId))
