import { argMax, dot, requireFinite, rowProducts, squaredNorms } from '../core/linear'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { Capability } from '../nn/model'
import type { ModelView } from './contract'
import type { Layers } from './entropyGradnorm'

/** A direction in the space of the chosen parameters: one array per tensor; of the last layer its weight (C × d) and bias (C). */
export type Direction = readonly FloatArray[]

/** What gradients of the loss need of a model. */
export const gradientNeeds = (layers: Layers): readonly Capability[] => (layers === 'all' ? ['proba', 'gradients'] : ['proba', 'embedding'])

/** The most probable class of every row; the lower one of equals. */
export const hallucinated = ({ data, rows, cols }: Matrix): Int32Array =>
  Int32Array.from({ length: rows }, (_, i) => argMax(data, i * cols, cols))

/** One class per row, drawn from its predicted distribution (n × C); the stream is forked by row number. */
export function drawnLabels({ data, cols }: Matrix, rows: Int32Array, random: Random): Int32Array {
  return rows.map((row, i) => {
    let left = random.fork(row).next()
    for (let c = 0; c < cols - 1; c++) {
      left -= data[i * cols + c]
      if (left < 0) return c
    }
    return cols - 1
  })
}

/** n × C rows with `weight` (1 when left out) at the label and 0 elsewhere. */
export function oneHot(labels: Int32Array, classes: number, weights?: Float64Array): Matrix<Float64Array> {
  const data = new Float64Array(labels.length * classes)
  labels.forEach((label, i) => (data[i * classes + label] = weights?.[i] ?? 1))
  return { data, rows: labels.length, cols: classes }
}

/** ∂/∂z of −Σ t_c log p_c: (Σt) p − t, for soft labels t (n × C; A§2.1). */
export function outputErrors(probabilities: Matrix, targets: Matrix): Matrix<Float64Array> {
  const { data, rows, cols } = probabilities
  const out = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    let mass = 0
    for (let c = i * cols; c < (i + 1) * cols; c++) mass += targets.data[c]
    for (let c = i * cols; c < (i + 1) * cols; c++) out[c] = mass * data[c] - targets.data[c]
  }
  return { data: out, rows, cols }
}

/** Mean over the rows of the gradient of the cross-entropy with soft labels (n × C); zeros without rows. */
export async function meanGradient(model: ModelView, rows: Int32Array, targets: Matrix, layers: Layers): Promise<Float64Array[]> {
  if (layers === 'all') return model.meanGradient(rows, targets)
  const errors = outputErrors(await model.probabilities(rows), targets)
  const embeddings = await model.embeddings(rows)
  const { data, cols: d } = embeddings
  const inputs = squaredNorms(embeddings)
  requireFinite(
    squaredNorms(errors).map((error, i) => error * inputs[i]),
    'the gradient',
    rows,
  )
  const weight = new Float64Array(errors.cols * d)
  const bias = new Float64Array(errors.cols)
  for (let i = 0; i < errors.rows; i++) {
    for (let c = 0; c < errors.cols; c++) {
      const error = errors.data[i * errors.cols + c] / errors.rows
      bias[c] += error
      for (let t = 0; t < d; t++) weight[c * d + t] += error * data[i * d + t]
    }
  }
  return layers === 'last' ? [weight, bias] : [weight]
}

/** n × C derivatives u of the logits along a direction: ⟨∇CE_c, V⟩ = p·u − u_c (A§9.3). */
export async function logitTangents(
  model: ModelView,
  rows: Int32Array,
  direction: Direction,
  layers: Layers,
): Promise<Matrix<Float64Array>> {
  if (layers === 'all') return model.logitTangents(rows, direction)
  const [weight, bias] = direction
  const tangents = rowProducts(await model.embeddings(rows), weight)
  if (bias !== undefined) for (let at = 0; at < tangents.data.length; at++) tangents.data[at] += bias[at % bias.length]
  return tangents
}

/** n squared norms of the gradients with these output errors (n × C). */
export async function gradientNorms2(model: ModelView, rows: Int32Array, errors: Matrix, layers: Layers): Promise<Float64Array> {
  if (layers === 'all') {
    const { data, cols } = await model.gradientNorms(rows, errors)
    return Float64Array.from({ length: rows.length }, (_, i) => data.subarray(i * cols, (i + 1) * cols).reduce((a, b) => a + b, 0))
  }
  const inputs = squaredNorms(await model.embeddings(rows))
  const bias = layers === 'last' ? 1 : 0
  return squaredNorms(errors).map((error, i) => error * (inputs[i] + bias))
}

/** Squared Euclidean norm of a direction. */
export const norm2 = (direction: Direction): number => direction.reduce((sum, part) => sum + dot(part, 0, part, 0, part.length), 0)

/** ⟨a, b⟩ of two directions. */
export const product = (a: Direction, b: Direction): number => a.reduce((sum, part, t) => sum + dot(part, 0, b[t], 0, part.length), 0)

/** Σ factor · direction; all directions alike. */
export function combined(directions: readonly Direction[], factors: readonly number[]): Float64Array[] {
  return directions[0].map((part, t) => {
    const sum = new Float64Array(part.length)
    directions.forEach((direction, k) => {
      for (let i = 0; i < sum.length; i++) sum[i] += factors[k] * direction[t][i]
    })
    return sum
  })
}

/** The direction with length 1; one of length 0 stays. */
export function unit(direction: Direction): Float64Array[] {
  const length = Math.sqrt(norm2(direction))
  return direction.map((part) => Float64Array.from(part, (value) => (length > 0 ? value / length : 0)))
}
