import { badInput } from '../core/errors'
import { dot, meanRow, squaredNorms, unitRows } from '../core/linear'
import type { Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import { z } from '../core/zod'
import type { AdamForm } from '../nn/adamDirection'
import type { CheckpointView, ModelView, Query, Reading } from './contract'
import type { Layers } from './entropyGradnorm'
import { lastLayerAdam, type Influence, type LastLayerMoments } from './lastLayerAdam'
import {
  combined,
  gradientNorms2,
  hallucinated,
  logitTangents,
  meanGradient,
  oneHot,
  outputErrors,
  unit,
  type Direction,
} from './lossGradients'
import { labeledRows } from './query'

export const targetParam = z
  .union([
    z.enum(['val-true', 'train', 'pool-pseudo']),
    z.strictObject({ classes: z.array(z.int().min(0)).min(1).describe('class numbers') }),
  ])
  .default('val-true')
  .meta({
    title: 'Target',
    description:
      'What should get better: the validation rows, those of some classes ({ classes: [3, 5] }), the labelled rows, or the pool with its predicted labels.',
  })

export type Target = z.infer<typeof targetParam>

export const targetReads = (target: Target): readonly Reading[] => (target === 'train' || target === 'pool-pseudo' ? [] : ['validation'])

export const classesOf = (target: Target): readonly number[] => (typeof target === 'string' ? [] : target.classes)

/** Rows that stand for the target, with their labels. */
export interface TargetRows {
  readonly rows: Int32Array
  readonly labels: Int32Array
}

/** The target's rows; refuses classes without a validation row. */
export async function targetRows(query: Query, target: Target): Promise<TargetRows> {
  const { model, pool, validation } = query
  if (target === 'val-true') return validation
  if (target === 'train') return labeledRows(query)
  if (target === 'pool-pseudo') return { rows: pool, labels: hallucinated(await model.probabilities(pool)) }
  const missing = target.classes.find((label) => !validation.labels.includes(label))
  if (missing !== undefined) {
    throw badInput(`no validation row is of class ${missing}, which target.classes names`, {
      path: 'target',
      found: `class ${missing}`,
      expected: `classes among the ${validation.rows.length} validation rows; reserve more of them with protocol.validation`,
    })
  }
  const wanted = validation.rows.map((_, i) => i).filter((i) => target.classes.includes(validation.labels[i]))
  return { rows: wanted.map((i) => validation.rows[i]), labels: wanted.map((i) => validation.labels[i]) }
}

/** Mean −log p of the target's labels; NaN without rows. */
export async function targetNll(model: ModelView, { rows, labels }: TargetRows): Promise<number> {
  const { data, cols } = await model.logProbabilities(rows)
  let sum = 0
  labels.forEach((label, i) => (sum -= data[i * cols + label]))
  return sum / labels.length
}

/** The epochs to look back on; the model itself where nothing was trained, with an optimiser that has not begun. */
export function pastModels(model: ModelView, count: number): readonly CheckpointView[] {
  const kept = model.checkpoints?.() ?? []
  return kept.length > 0 ? kept.slice(-count) : [{ model, moments: null, learningRate: 1 }]
}

export interface InfluenceOptions {
  readonly layers: Layers
  readonly similarity: 'cos' | 'dot'
  /** of several target rows, the mean of their cosines (published code) or the cosine of their mean gradient (paper) */
  readonly items: 'mean-of-cosines' | 'cosine-of-mean'
  /** groups count together, as the mean of their similarities */
  readonly merged: boolean
  /** the update that a candidate's gradient makes; null: plain SGD */
  readonly form: AdamForm | null
  readonly projection: { readonly dimension: number; readonly random: Random } | null
}

/**
 * Influence at one checkpoint (A§8.1): for each labelling of the candidates, the similarity (n × G; n × 1 when groups are
 * merged) of each candidate's update with the gradient of each group of target rows.
 */
export async function checkpointInfluence(
  { model, moments }: CheckpointView,
  rows: Int32Array,
  labelings: readonly Int32Array[],
  groups: readonly TargetRows[],
  options: InfluenceOptions,
): Promise<Matrix<Float64Array>[]> {
  const influences = options.projection
    ? await projected(model, moments, rows, labelings, groups, { ...options, projection: options.projection })
    : await exact(model, moments, rows, labelings, groups, options)
  return influences.map(({ products, squared }) => {
    if (options.similarity === 'dot') return products
    const data = products.data.map((value, at) => {
      const length = Math.sqrt(squared[Math.floor(at / products.cols)])
      return length === 0 ? 0 : value / length
    })
    return { ...products, data }
  })
}

type Moments = CheckpointView['moments']

/** What a group of target rows asks for: for cosines a unit vector, or the mean of unit vectors. */
async function groupDirection(
  model: ModelView,
  { rows, labels }: TargetRows,
  { layers, similarity, items }: InfluenceOptions,
): Promise<Direction> {
  const p = await model.probabilities(rows)
  const plain = oneHot(labels, p.cols)
  if (similarity === 'dot') return meanGradient(model, rows, plain, layers)
  if (items === 'cosine-of-mean') return unit(await meanGradient(model, rows, plain, layers))
  const lengths = (await gradientNorms2(model, rows, outputErrors(p, plain), layers)).map((squared) =>
    squared === 0 ? 0 : 1 / Math.sqrt(squared),
  )
  return meanGradient(model, rows, oneHot(labels, p.cols, lengths), layers)
}

async function exact(
  model: ModelView,
  moments: Moments,
  rows: Int32Array,
  labelings: readonly Int32Array[],
  groups: readonly TargetRows[],
  options: InfluenceOptions,
): Promise<Influence[]> {
  const { layers, form, merged } = options
  const each: Direction[] = []
  for (const group of groups) each.push(await groupDirection(model, group, options))
  const directions = merged ? [meanOf(each)] : each
  const p = await model.probabilities(rows)
  const errorsOf = (labels: Int32Array): Matrix => outputErrors(p, oneHot(labels, p.cols))
  if (form === null) {
    const tangents: Matrix[] = []
    for (const direction of directions) tangents.push(await logitTangents(model, rows, direction, layers))
    const influences: Influence[] = []
    for (const labels of labelings) {
      const errors = errorsOf(labels)
      const data = new Float64Array(rows.length * directions.length)
      for (let i = 0; i < rows.length; i++)
        tangents.forEach((u, g) => (data[i * directions.length + g] = dot(errors.data, i * p.cols, u.data, i * p.cols, p.cols)))
      influences.push({
        products: { data, rows: rows.length, cols: directions.length },
        squared: await gradientNorms2(model, rows, errors, layers),
      })
    }
    return influences
  }
  if (layers === 'all') {
    const influences: Influence[] = []
    for (const labels of labelings) influences.push(await model.adamProducts(rows, errorsOf(labels), { form, moments }, directions))
    return influences
  }
  return lastLayerAdam(p, await model.embeddings(rows), form, lastLayerMoments(moments, directions[0]), directions, labelings)
}

/** Similarities are linear in the target, so their mean is that with the mean. */
const meanOf = (directions: readonly Direction[]): Direction =>
  combined(
    directions,
    directions.map(() => 1 / directions.length),
  )

/** Those of the weight, and of the bias where the direction has one. */
function lastLayerMoments(moments: Moments, like: Direction): LastLayerMoments {
  const of = (tensors: Direction | undefined): Direction =>
    tensors === undefined ? like.map(({ length }) => new Float64Array(length)) : tensors.slice(-2).slice(0, like.length)
  return { first: of(moments?.first), second: of(moments?.second), step: moments?.step ?? 0 }
}

async function projected(
  model: ModelView,
  moments: Moments,
  rows: Int32Array,
  labelings: readonly Int32Array[],
  groups: readonly TargetRows[],
  {
    layers,
    similarity,
    items,
    merged,
    form,
    projection,
  }: InfluenceOptions & { readonly projection: NonNullable<InfluenceOptions['projection']> },
): Promise<Influence[]> {
  const features = async (of: Int32Array, labels: Int32Array, adam: AdamForm | null): Promise<Matrix<Float64Array>> => {
    const p = await model.probabilities(of)
    return model.projectedGradients(of, outputErrors(p, oneHot(labels, p.cols)), {
      ...projection,
      layers,
      ...(adam !== null && { adam: { form: adam, moments } }),
    })
  }
  const each: Direction[] = []
  for (const group of groups) {
    const own = await features(group.rows, group.labels, null)
    if (similarity === 'dot') each.push([meanRow(own)])
    else each.push(items === 'mean-of-cosines' ? [meanRow(unitRows(own))] : unit([meanRow(own)]))
  }
  const targets = (merged ? [meanOf(each)] : each).map(([target]) => target)
  const influences: Influence[] = []
  for (const labels of labelings) {
    const own = await features(rows, labels, form)
    const data = new Float64Array(rows.length * targets.length)
    for (let i = 0; i < rows.length; i++)
      targets.forEach((target, g) => (data[i * targets.length + g] = dot(own.data, i * own.cols, target, 0, own.cols)))
    influences.push({ products: { data, rows: rows.length, cols: targets.length }, squared: squaredNorms(own) })
  }
  return influences
}
