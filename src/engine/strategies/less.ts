import { throwIfCancelled, unsupported } from '../core/errors'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Query, Strategy } from './contract'
import { layersParam } from './entropyGradnorm'
import { checkpointInfluence, classesOf, pastModels, targetNll, targetParam, targetReads, targetRows, type TargetRows } from './influence'
import { drawnLabels, gradientNeeds, hallucinated } from './lossGradients'
import { noRows, takeBest } from './query'

export const projectionParam = z.int().min(1).max(65_536).nullable()

const params = z.strictObject({
  target: targetParam,
  labelMode: z
    .union([z.enum(['argmax', 'sample', 'expected', 'true']), z.literal(true)]) // YAML reads a bare true
    .default('argmax')
    .meta({
      title: 'Labels of candidates',
      description:
        'The most probable label, labels drawn from the model (their scores averaged), every label weighted by its probability, or the true label: an oracle, for comparison only.',
    }),
  gradient: z.enum(['adam', 'sgd']).default('adam').meta({
    title: 'Update',
    description: "What a candidate's gradient does to the parameters: a step of Adam from the saved moments, or of plain SGD.",
  }),
  form: z.enum(['code', 'paper']).default('code').meta({
    title: 'Adam form',
    description: "As in the authors' code (no bias correction, ε inside the root), or as in the paper.",
  }),
  similarity: z
    .enum(['cos', 'dot'])
    .default('cos')
    .meta({ title: 'Similarity', description: 'Cosine, or inner product, which rewards long gradients.' }),
  items: z.enum(['mean-of-cosines', 'cosine-of-mean']).default('mean-of-cosines').meta({
    title: 'Target rows',
    description: 'Mean of the cosines with every target row (code), or cosine with their mean gradient (paper).',
  }),
  aggregate: z.enum(['mean', 'max']).default('mean').meta({
    title: 'Target groups',
    description: 'Target rows are grouped by class: mean of the groups, or the group a candidate helps most.',
  }),
  checkpoints: z.int().min(1).max(100).default(4).meta({
    title: 'Checkpoints',
    description: 'Last epochs of the fit that influence is summed over, weighted by their learning rates.',
  }),
  layers: layersParam.default('last'),
  draws: z.int().min(1).max(100).default(3).meta({ title: 'Draws', description: 'Labels drawn per candidate with sampled labels.' }),
  projection: projectionParam.default(null).meta({
    title: 'Projection',
    description: 'Dimension that gradients are projected to at random; none: exact gradients.',
  }),
})

export type LessParams = z.infer<typeof params>

const isTrue = (labelMode: LessParams['labelMode']): boolean => String(labelMode) === 'true'

/** Influence of training on a candidate upon the loss of target rows, followed along the last epochs of training (A§8.1). */
export const less: Strategy<LessParams> = {
  id: 'less',
  title: 'LESS',
  summary: 'Labels the samples whose optimiser step, at the last epochs of training, points where validation rows want to go.',
  sources: [
    {
      authors: 'Xia, Malladi, Gururangan, Arora, Chen',
      title: 'LESS: Selecting influential data for targeted instruction tuning',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2402.04333',
    },
  ],
  params,
  needs: ({ layers, projection }) => [...new Set([...gradientNeeds(layers), ...(projection === null ? [] : (['gradients'] as const))])],
  reads: ({ target, labelMode, gradient }) => [
    ...targetReads(target),
    ...(isTrue(labelMode) ? (['oracle'] as const) : []),
    ...(gradient === 'adam' ? (['moments'] as const) : []),
  ],
  targetClasses: ({ target }) => classesOf(target),
  training: ({ checkpoints }) => ({ checkpoints }),
  effective: ({ form, items, draws, ...rest }) => ({
    ...rest,
    labelMode: String(rest.labelMode),
    ...(rest.gradient === 'adam' && { form }),
    ...(rest.similarity === 'cos' && { items }),
    ...(rest.labelMode === 'sample' && { draws }),
  }),
  modelFree: false,
  async select(query, own) {
    throwIfCancelled(query.signal)
    if (query.pool.length === 0) return noRows
    const target = await targetRows(query, own.target)
    const probabilities = await query.model.probabilities(query.pool)
    const scores = await lessScores(query, own, target, labelingsOf(query, own, probabilities))
    const combined = own.labelMode === 'expected' ? weighted(scores, probabilities) : meanOf(scores)
    const best = takeBest(query, combined)
    return target.rows.length === 0 ? best : { ...best, diagnostics: { target_nll: await targetNll(query.model, target) } }
  },
}

/** The labels that candidates are scored with, one list per scoring. */
function labelingsOf({ pool, classes, random, oracle }: Query, { labelMode, draws }: LessParams, probabilities: Matrix): Int32Array[] {
  if (isTrue(labelMode)) {
    if (oracle === undefined) throw unsupported('labelMode: true needs the true labels of the pool', { path: 'labelMode' })
    return [oracle]
  }
  if (labelMode === 'argmax') return [hallucinated(probabilities)]
  if (labelMode === 'sample')
    return Array.from({ length: draws }, (_, draw) => drawnLabels(probabilities, pool, random.fork('labels', draw)))
  return Array.from({ length: classes }, (_, label) => new Int32Array(pool.length).fill(label))
}

/** One score per candidate and labelling: Σ over checkpoints of weight × similarity, then over the target's classes. */
export async function lessScores(
  { model, pool, random, signal }: Query,
  { gradient, form, similarity, items, aggregate, checkpoints, layers, projection }: LessParams,
  target: TargetRows,
  labelings: readonly Int32Array[],
): Promise<Float64Array[]> {
  const groups = byClass(target)
  if (groups.length === 0) return labelings.map(() => new Float64Array(pool.length))
  const columns = aggregate === 'mean' ? 1 : groups.length
  const past = pastModels(model, checkpoints)
  const rate = past.reduce((sum, { learningRate }) => sum + learningRate, 0)
  const sums = labelings.map(() => new Float64Array(pool.length * columns))
  for (const checkpoint of past) {
    throwIfCancelled(signal)
    const found = await checkpointInfluence(checkpoint, pool, labelings, groups, {
      layers,
      similarity,
      items,
      merged: aggregate === 'mean',
      form: gradient === 'adam' ? form : null,
      projection: projection === null ? null : { dimension: projection, random: random.fork('projection') },
    })
    const weight = checkpoint.learningRate / rate
    found.forEach(({ data }, s) => data.forEach((value, at) => (sums[s][at] += weight * value)))
  }
  return sums.map((sum) => largest(sum, pool.length, columns))
}

/** Target rows of each class that has any. */
function byClass({ rows, labels }: TargetRows): TargetRows[] {
  return [...new Set(labels)]
    .sort((a, b) => a - b)
    .map((label) => {
      const own = rows.map((_, i) => i).filter((i) => labels[i] === label)
      return { rows: own.map((i) => rows[i]), labels: own.map((i) => labels[i]) }
    })
}

/** The largest value of every row (n × G). */
const largest = (values: Float64Array, n: number, groups: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => values.subarray(i * groups, (i + 1) * groups).reduce((a, b) => Math.max(a, b)))

/** Σ_c p_c · score_c. */
function weighted(scores: readonly Float64Array[], { data, cols }: Matrix): Float64Array {
  return scores[0].map((_, i) => scores.reduce((sum, score, c) => sum + data[i * cols + c] * score[i], 0))
}

const meanOf = (scores: readonly Float64Array[]): Float64Array =>
  scores[0].map((_, i) => scores.reduce((sum, score) => sum + score[i], 0) / scores.length)
