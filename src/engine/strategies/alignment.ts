import { throwIfCancelled } from '../core/errors'
import type { Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import { z } from '../core/zod'
import type { ModelView, Query, Strategy } from './contract'
import { layersParam } from './entropyGradnorm'
import {
  combined,
  drawnLabels,
  gradientNeeds,
  gradientNorms2,
  hallucinated,
  logitTangents,
  meanGradient,
  norm2,
  oneHot,
  outputErrors,
  unit,
  type Direction,
} from './lossGradients'
import { labeledRows, noRows, takeBest } from './query'

export const alignmentScoreParams = z.strictObject({
  labelMode: z.enum(['argmax', 'expected-abs', 'rms', 'magnitude', 'sampled']).default('argmax').meta({
    title: 'Labels of candidates',
    description:
      'The alignment under the most probable label, or its size; the mean size or the root mean square over all labels; or labels drawn from the model, their gradients averaged and normalised.',
  }),
  similarity: z.enum(['dot', 'cos']).default('dot').meta({
    title: 'Similarity',
    description: 'Inner product, which rewards long gradients, or cosine.',
  }),
  sign: z
    .union([z.literal(1), z.literal(-1)])
    .default(1)
    .meta({
      title: 'Sign',
      description: '1 queries aligned gradients first, −1 opposed ones (as the published code does).',
    }),
  layers: layersParam.default('last'),
  draws: z.int().min(1).max(100).default(3).meta({
    title: 'Draws',
    description: 'Labels drawn per sample where labels are sampled.',
  }),
})

const params = z.strictObject({
  target: z.enum(['val-true', 'val-sampled', 'train', 'pool-pseudo']).default('val-true').meta({
    title: 'Target',
    description:
      'Whose mean gradient the candidates are compared with: validation rows with true labels or labels drawn from the model, the labelled rows (near 0 once they are fitted), or the pool with its predicted labels.',
  }),
  ...alignmentScoreParams.shape,
})

export type AlignmentParams = z.infer<typeof params>
export type AlignmentScoreParams = z.infer<typeof alignmentScoreParams>

/** The target gradient V (A§9.3) and its length; for cosines it is scaled to 1, so that several draws count alike. */
export async function alignmentTarget(
  query: Query,
  { target, similarity, layers, draws }: AlignmentParams,
): Promise<{ readonly direction: Direction; readonly length: number }> {
  const { model, classes } = query
  const rows = target === 'train' ? query.labeled : target === 'pool-pseudo' ? query.pool : query.validation.rows
  if (target === 'val-sampled') {
    const probabilities = await model.probabilities(rows)
    const drawn: Direction[] = []
    for (let draw = 0; draw < draws; draw++) {
      const labels = drawnLabels(probabilities, rows, query.random.fork('target', draw))
      drawn.push(await meanGradient(model, rows, oneHot(labels, classes), layers))
    }
    const even = drawn.map(() => 1 / draws)
    const mean = combined(drawn, even)
    return { direction: similarity === 'cos' ? combined(drawn.map(unit), even) : mean, length: Math.sqrt(norm2(mean)) }
  }
  const labels =
    target === 'train'
      ? labeledRows(query).labels
      : target === 'val-true'
        ? query.validation.labels
        : hallucinated(await model.probabilities(rows))
  const mean = await meanGradient(model, rows, oneHot(labels, classes), layers)
  return { direction: similarity === 'cos' ? unit(mean) : mean, length: Math.sqrt(norm2(mean)) }
}

/** What a hallucinated gradient of each pool row has in common with the mean gradient of labelled rows, outside a run. */
export async function alignmentWith(
  { pool, target }: { readonly pool: ModelView; readonly target: ModelView },
  rows: Int32Array,
  { labels, classes }: { readonly labels: Int32Array; readonly classes: number },
  params: AlignmentScoreParams,
  random: Random,
): Promise<Float64Array> {
  const all = Int32Array.from(labels, (_, row) => row)
  const mean = await meanGradient(target, all, oneHot(labels, classes), params.layers)
  return alignmentScores(pool, rows, params.similarity === 'cos' ? unit(mean) : mean, params, random)
}

/** One score per row: how far its gradient under hallucinated labels agrees with `target`, times `sign` (A§9.3). */
export async function alignmentScores(
  model: ModelView,
  rows: Int32Array,
  target: Direction,
  { labelMode, similarity, sign, layers, draws }: AlignmentScoreParams,
  random: Random,
): Promise<Float64Array> {
  const p = await model.probabilities(rows)
  const u = await logitTangents(model, rows, target, layers)
  const { cols: classes } = p
  const mean = expected(p, u)
  const towards = (targets: Matrix): Float64Array => mean.map((pbar, i) => pbar - rowProduct(targets, u, i))
  const lengths = async (targets: Matrix): Promise<Float64Array> =>
    (await gradientNorms2(model, rows, outputErrors(p, targets), layers)).map(Math.sqrt)

  /** Similarity of every row's gradient with these (soft) labels. */
  const similarityTo = async (targets: Matrix, normalised = similarity === 'cos'): Promise<Float64Array> => {
    const products = towards(targets)
    if (!normalised) return products
    const norms = await lengths(targets)
    return products.map((product, i) => (norms[i] === 0 ? 0 : product / norms[i]))
  }

  const signed = (scores: Float64Array): Float64Array => (sign === 1 ? scores : scores.map((score) => -score))
  if (labelMode === 'sampled') {
    const counts = { data: new Float64Array(p.data.length), rows: p.rows, cols: classes }
    for (let draw = 0; draw < draws; draw++)
      drawnLabels(p, rows, random.fork('labels', draw)).forEach((label, i) => (counts.data[i * classes + label] += 1 / draws))
    return signed(await similarityTo(counts, true))
  }
  if (labelMode === 'argmax' || labelMode === 'magnitude') {
    const scores = await similarityTo(oneHot(hallucinated(p), classes))
    return signed(labelMode === 'argmax' ? scores : scores.map(Math.abs))
  }
  const sums = new Float64Array(rows.length)
  for (let c = 0; c < classes; c++) {
    const own = await similarityTo(oneHot(new Int32Array(rows.length).fill(c), classes))
    own.forEach((value, i) => (sums[i] += p.data[i * classes + c] * (labelMode === 'rms' ? value * value : Math.abs(value))))
  }
  return signed(labelMode === 'rms' ? sums.map(Math.sqrt) : sums)
}

/** Σ_c p_c u_c of every row. */
const expected = (p: Matrix, u: Matrix): Float64Array => Float64Array.from({ length: p.rows }, (_, i) => rowProduct(p, u, i))

function rowProduct(a: Matrix, b: Matrix, i: number): number {
  let sum = 0
  for (let c = i * a.cols; c < (i + 1) * a.cols; c++) sum += a.data[c] * b.data[c]
  return sum
}

/** Alignment of each candidate's gradient with a target gradient. Without a target gradient (V = 0) all scores are 0: lower rows first. */
export const alignment: Strategy<AlignmentParams> = {
  id: 'alignment',
  title: 'Gradient alignment',
  summary: 'Labels the samples whose gradient points where the mean gradient of validation rows (or of the pool) points.',
  sources: [
    {
      authors: 'Xia, Malladi, Gururangan, Arora, Chen',
      title: 'LESS: Selecting influential data for targeted instruction tuning',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2402.04333',
    },
    {
      authors: 'Pruthi, Liu, Kale, Sundararajan',
      title: 'Estimating training data influence by tracing gradient descent',
      venue: 'NeurIPS',
      year: 2020,
      url: 'https://arxiv.org/abs/2002.08484',
    },
  ],
  params,
  needs: ({ layers }) => gradientNeeds(layers),
  reads: ({ target }) => (target === 'val-true' || target === 'val-sampled' ? ['validation'] : []),
  effective: ({ draws, ...rest }) => (rest.labelMode === 'sampled' || rest.target === 'val-sampled' ? { ...rest, draws } : rest),
  modelFree: false,
  async select(query, own) {
    throwIfCancelled(query.signal)
    if (query.pool.length === 0) return noRows
    const target = await alignmentTarget(query, own)
    throwIfCancelled(query.signal)
    const scores = await alignmentScores(query.model, query.pool, target.direction, own, query.random)
    return { ...takeBest(query, scores), diagnostics: { target_norm: target.length } }
  },
}
