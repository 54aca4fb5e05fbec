import { gradientEmbeddingNormScore } from './badge'
import { baldScore } from './bald'
import type { ScoreFunction } from './contract'
import { eglScore } from './egl'
import { entropyScore } from './entropy'
import { entropyGradnormScore } from './entropyGradnorm'
import { fisherTraceScore } from './fisherTrace'
import { leastConfidenceScore } from './leastConfidence'
import { marginScore } from './margin'
import { variationRatioScore } from './variationRatio'

export const scoreIds = [
  'entropy',
  'least-confidence',
  'margin',
  'variation-ratio',
  'bald',
  'entropy-gradnorm',
  'egl',
  'fisher-trace',
  'gradient-embedding-norm',
] as const
export type ScoreId = (typeof scoreIds)[number]

const byId: Readonly<Record<ScoreId, ScoreFunction>> = {
  entropy: entropyScore,
  'least-confidence': leastConfidenceScore,
  margin: marginScore,
  'variation-ratio': variationRatioScore,
  bald: baldScore,
  'entropy-gradnorm': entropyGradnormScore,
  egl: eglScore,
  'fisher-trace': fisherTraceScore,
  'gradient-embedding-norm': gradientEmbeddingNormScore,
}

export const scoreOf = (id: ScoreId): ScoreFunction => byId[id]

/** What `acquisition.score` and `querent score` accept. */
export const scores: ReadonlyMap<string, ScoreFunction> = new Map(Object.entries(byId))
