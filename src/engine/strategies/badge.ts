import { selectionSpace, type SelectionSpace, type SpaceOptions } from '../core/distances'
import { throwIfCancelled } from '../core/errors'
import { kMeansPlusPlus } from '../core/kMeansPlusPlus'
import { argMax } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Citation, ScoreFunction, Strategy } from './contract'
import { directedSpace } from './directions'
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

const params = z.strictObject({
  normalize: z.enum(['none', 'unit']).default('none').meta({
    title: 'Normalize',
    description: 'Gradients as they are, or all of length 1, which leaves their directions and with them diversity alone.',
  }),
  first: z
    .enum(['max-norm', 'random'])
    .default('max-norm')
    .meta({ title: 'First pick', description: 'Where sampling begins: the longest gradient, or a random candidate.' }),
  gradient: z.enum(['weight', 'weight-and-bias', 'features']).default('weight').meta({
    title: 'Gradient',
    description: "The last layer's weight, its bias too, or the features h alone, which know nothing of the prediction.",
  }),
})

export type BadgeParams = z.infer<typeof params>

/** The points that BADGE samples, for any of its variants (A§6); `probabilities` play no part in those of the features alone. */
function badgeSpace(
  probabilities: Matrix | undefined,
  embeddings: Matrix,
  { normalize, gradient }: BadgeParams,
  options: Omit<SpaceOptions, 'left'>,
): SelectionSpace {
  const features = gradient === 'weight-and-bias' ? withOne(embeddings) : embeddings
  const errors = probabilities && residuals(probabilities)
  if (normalize === 'unit') return directedSpace(new Float64Array(features.rows).fill(1), features, errors, options)
  return selectionSpace(features, errors ? { ...options, left: errors } : options)
}

/** (h, 1) of every row: what the bias adds to a last layer's gradient. */
function withOne({ data, rows, cols }: Matrix): Matrix<Float64Array> {
  const wide = new Float64Array(rows * (cols + 1)).fill(1)
  for (let i = 0; i < rows; i++) wide.set(data.subarray(i * cols, (i + 1) * cols), i * (cols + 1))
  return { data: wide, rows, cols: cols + 1 }
}

/** D² sampling of gradient embeddings (A§6), or of one of the variants that public code calls by the same name. Scores are squared norms. */
export const badge: Strategy<BadgeParams> = {
  id: 'badge',
  title: 'BADGE',
  summary: 'Samples a batch of long and mutually distant last-layer gradients: uncertain and diverse at once.',
  sources,
  params,
  needs: ({ gradient }) => (gradient === 'features' ? ['embedding'] : ['proba', 'embedding']),
  // Without the defaults, so that runs of plain BADGE keep their hash and their stream.
  effective: (all) => {
    const plain: Readonly<Record<string, unknown>> = params.parse({})
    return Object.fromEntries(Object.entries(all).filter(([name, value]) => value !== plain[name]))
  },
  modelFree: false,
  async select(query, own) {
    throwIfCancelled(query.signal)
    if (query.pool.length === 0) return noRows
    const { model, pool, kernels } = query
    const probabilities = own.gradient === 'features' ? undefined : await model.probabilities(pool)
    const embeddings = await model.embeddings(pool)
    const space = query.time('score', () => badgeSpace(probabilities, embeddings, own, { kernels, rows: pool }))
    const first = own.first === 'random' ? 'uniform' : own.first
    const picks = query.time('choose', () => kMeansPlusPlus(space, batchSize(query), first, query.random, query.signal))
    return { rows: poolRows(query, picks), scores: space.squaredNorms }
  },
}
