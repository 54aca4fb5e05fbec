import { selectionSpace, type SelectionSpace, type SpaceOptions } from '../core/distances'
import { throwIfCancelled } from '../core/errors'
import { kMeansPlusPlus } from '../core/kMeansPlusPlus'
import { argMax } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Citation, ScoreFunction, Strategy } from './contract'
import { batchSize, noRows, poolRows } from './query'

const sources: readonly Citation[] = [
  {
    authors: 'Ash, Zhang, Krishnamurthy, Langford, Agarwal',
    title: 'Deep batch active learning by diverse, uncertain gradient lower bounds',
    venue: 'ICLR',
    year: 2020,
    url: 'https://arxiv.org/abs/1906.03671',
  },
]

/** p − e_ŷ of every row of probabilities (n × C): the output error of the hallucinated label ŷ = argmax p. */
export function residuals(probabilities: Matrix): Matrix<Float64Array> {
  const { rows, cols } = probabilities
  const data = Float64Array.from(probabilities.data)
  for (let i = 0; i < rows; i++) data[i * cols + argMax(data, i * cols, cols)] -= 1
  return { data, rows, cols }
}

/** Points (p − e_ŷ) ⊗ h in R^(C·d): the last layer's weight gradients, as factors (A§6). */
export const gradientEmbeddings = (probabilities: Matrix, embeddings: Matrix, options?: Omit<SpaceOptions, 'left'>): SelectionSpace =>
  selectionSpace(embeddings, { ...options, left: residuals(probabilities) })

/** Squared norm of every gradient embedding, or its squared distance to the nearest of the `chosen` positions (A§6). */
export function badgeScores(
  probabilities: Matrix,
  embeddings: Matrix,
  chosen: ArrayLike<number> = [],
  rows?: ArrayLike<number>,
): Float64Array {
  const space = gradientEmbeddings(probabilities, embeddings, { rows })
  if (chosen.length === 0) return space.squaredNorms
  const nearest = new Float64Array(space.size).fill(Infinity)
  for (let c = 0; c < chosen.length; c++) space.relax(chosen[c], nearest)
  return nearest
}

/** ‖p − e_ŷ‖·‖h‖, the length that `badge` samples by, as a score of its own. */
export const gradientEmbeddingNormScore: ScoreFunction<Record<string, never>> = {
  id: 'gradient-embedding-norm',
  title: 'Gradient embedding norm',
  params: z.strictObject({}),
  needs: () => ['proba', 'embedding'],
  floor: 0,
  async score({ model, rows, time }) {
    const [probabilities, embeddings] = [await model.probabilities(rows), await model.embeddings(rows)]
    return time('score', () => badgeScores(probabilities, embeddings, [], rows).map(Math.sqrt))
  },
  async outputErrors({ model, rows }) {
    return residuals(await model.probabilities(rows))
  },
}

/** D² sampling of gradient embeddings, the longest first (A§6). Scores are squared norms. */
export const badge: Strategy<Record<string, never>> = {
  id: 'badge',
  title: 'BADGE',
  summary: 'Samples a batch of long and mutually distant last-layer gradients: uncertain and diverse at once.',
  sources,
  params: z.strictObject({}),
  needs: () => ['proba', 'embedding'],
  modelFree: false,
  async select(query) {
    throwIfCancelled(query.signal)
    if (query.pool.length === 0) return noRows
    const { model, pool, kernels } = query
    const probabilities = await model.probabilities(pool)
    const embeddings = await model.embeddings(pool)
    const space = query.time('score', () => gradientEmbeddings(probabilities, embeddings, { kernels, rows: pool }))
    const picks = query.time('choose', () => kMeansPlusPlus(space, batchSize(query), 'max-norm', query.random, query.signal))
    return { rows: poolRows(query, picks), scores: space.squaredNorms }
  },
}
