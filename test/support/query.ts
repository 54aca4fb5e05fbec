import { rowOf, takeRows, type FloatArray, type Matrix } from '@engine/core/matrix'
import { squaredNorms } from '@engine/core/linear'
import { randomFrom, type Random } from '@engine/core/random'
import { adamDirection, adamTerms } from '@engine/nn/adamDirection'
import type { TensorNorms } from '@engine/nn/model'
import { arrayQuery, arrayView, type ArrayQuery, type ArraySource } from '@engine/strategies/arrayView'
import type { ModelView, Query } from '@engine/strategies/contract'
import { logitTangents, meanGradient } from '@engine/strategies/lossGradients'

export { arrayQuery, arrayView }

/** Row-major matrix of nested rows, in float64. */
export const matrixOf = (rows: readonly (readonly number[])[]): Matrix<Float64Array> => ({
  data: Float64Array.from(rows.flat()),
  rows: rows.length,
  cols: rows[0]?.length ?? 0,
})

/** rows × cols standard normal numbers. */
export function normals(random: Random, rows: number, cols: number, scale = 1): Matrix<Float64Array> {
  return { data: Float64Array.from({ length: rows * cols }, () => scale * random.normal()), rows, cols }
}

export const toFloat32 = (m: Matrix): Matrix<Float32Array> => ({ data: Float32Array.from(m.data), rows: m.rows, cols: m.cols })

export const range = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i)

/** The view with norms of all layers given as arrays, row i being sample i. */
export function withTensorNorms(view: ModelView, norms: TensorNorms): ModelView {
  return {
    ...view,
    capabilities: new Set([...view.capabilities, 'tensorNorms' as const]),
    tensorNorms: async (rows) => ({
      squared: takeRows(norms.squared, rows),
      outputError: Float64Array.from(rows, (row) => norms.outputError[row]),
      tensors: norms.tensors,
    }),
  }
}

/** The view with gradients of the last layer for those of all layers: a network of that layer alone. */
export const withGradients = (view: ModelView): ModelView => ({
  ...view,
  capabilities: new Set([...view.capabilities, 'gradients' as const]),
  async gradientNorms(rows, errors) {
    const [e, h] = [squaredNorms(errors), squaredNorms(await view.embeddings(rows))]
    return matrixOf(Array.from(e, (error, i) => [error * h[i], error]))
  },
  meanGradient: (rows, targets) => meanGradient(view, rows, targets, 'last'),
  logitTangents: (rows, direction) => logitTangents(view, rows, direction, 'last'),
  async adamProducts(rows, errors, { form, moments }, directions) {
    const terms = adamTerms(form, moments?.step ?? 0)
    const [first, second] = [moments?.first, moments?.second].map((tensors) => tensors?.flatMap((tensor) => [...tensor]))
    const gammas = (await formed(view, rows, errors)).map((gradient) =>
      gradient.map((g, t) => adamDirection(form, terms, first?.[t] ?? 0, second?.[t] ?? 0, g)),
    )
    const flat = directions.map((direction) => direction.flatMap((tensor) => [...tensor]))
    return {
      products: matrixOf(gammas.map((gamma) => flat.map((direction) => inner(gamma, direction)))),
      squared: Float64Array.from(gammas, (gamma) => inner(gamma, gamma)),
    }
  },
  async projectedGradients(rows, errors, { dimension, random }) {
    const gradients = await formed(view, rows, errors)
    const columns = Array.from({ length: dimension }, (_, k) => [...normals(random.fork(k), 1, gradients[0]?.length ?? 0).data])
    return {
      ...matrixOf(gradients.map((gradient) => columns.map((column) => inner(gradient, column) / Math.sqrt(dimension)))),
      cols: dimension,
    }
  },
})

const inner = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, t) => sum + value * b[t], 0)

/** Gradients of the last layer, weight and bias, one list of numbers per row. */
async function formed(view: ModelView, rows: Int32Array, errors: Matrix): Promise<number[][]> {
  const embeddings = await view.embeddings(rows)
  return Array.from(rows, (_, i) => {
    const [error, h] = [[...rowOf(errors, i)], [...rowOf(embeddings, i)]]
    return [...error.flatMap((e) => h.map((value) => e * value)), ...error]
  })
}

/** The view with losses (N × 1) that a module predicted; the norms of their gradients are the losses' squares. */
export const withLosses = (view: ModelView, losses: Matrix): ModelView => ({
  ...view,
  capabilities: new Set([...view.capabilities, 'lossPrediction' as const]),
  predictedLosses: async (rows) => Float64Array.from(takeRows(losses, rows).data),
  predictedLossNorms: async (rows) => matrixOf(Array.from(takeRows(losses, rows).data, (loss) => [loss * loss, 0])),
})

/** Everything a strategy can ask about N samples, drawn from a seed. */
export interface Samples {
  readonly source: Required<Pick<ArraySource, 'logits' | 'embeddings' | 'sampledProbabilities' | 'weight'>>
  readonly norms: TensorNorms
  /** N × 1 */
  readonly losses: Matrix
  readonly inputs: Matrix
  readonly labels: Int32Array
  readonly classes: number
  /** rows that methods get as validation rows */
  readonly reserved: Int32Array
}

export function randomSamples(seed: string, n: number, { classes = 4, width = 6 } = {}): Samples {
  const random = randomFrom(seed)
  const squared = normals(random.fork('norms'), n, 4)
  return {
    source: {
      logits: normals(random.fork('logits'), n, classes, 2),
      embeddings: normals(random.fork('embeddings'), n, width),
      weight: normals(random.fork('weight'), classes, width),
      sampledProbabilities: Array.from({ length: 10 }, (_, pass) => distributions(random.fork('pass', pass), n, classes)),
    },
    norms: {
      squared: { ...squared, data: squared.data.map((value) => value * value) },
      outputError: Float64Array.from({ length: n }, () => 0.1 + random.next()),
      tensors: ['0.weight', '0.bias', '1.weight', '1.bias'],
    },
    losses: normals(random.fork('losses'), n, 1),
    inputs: normals(random.fork('inputs'), n, width + 1),
    labels: Int32Array.from({ length: n }, () => random.int(classes)),
    classes,
    reserved: range(0, 4),
  }
}

function distributions(random: Random, n: number, classes: number): Matrix<Float64Array> {
  const data = new Float64Array(n * classes)
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: classes }, () => -Math.log(1 - random.next()))
    const sum = row.reduce((a, b) => a + b)
    row.forEach((value, c) => (data[i * classes + c] = value / sum))
  }
  return { data, rows: n, cols: classes }
}

export const viewOf = (samples: Samples): ModelView =>
  withLosses(withGradients(withTensorNorms(arrayView(samples.source), samples.norms)), samples.losses)

/** A query whose first `labeled` samples are labelled; the others are the pool unless `pool` says otherwise. */
export function sampleQuery(
  samples: Samples,
  {
    labeled = 0,
    k,
    seed = 'selection',
    ...rest
  }: { labeled?: number; k: number; seed?: string } & Partial<Omit<ArrayQuery, 'k' | 'labeled'>>,
): Query {
  const pool = rest.pool ?? range(labeled, samples.inputs.rows)
  return arrayQuery({
    pool,
    oracle: pool.map((row) => samples.labels[row]),
    labeled: range(0, labeled),
    labels: samples.labels.slice(0, labeled),
    classes: samples.classes,
    model: viewOf(samples),
    inputs: samples.inputs,
    random: randomFrom(seed),
    validation: { rows: samples.reserved, labels: samples.reserved.map((row) => samples.labels[row]) },
    k,
    ...rest,
  })
}

/** Byte copy of arrays, to see later whether somebody wrote into them. */
export const copies = (arrays: readonly (FloatArray | Int32Array)[]): (FloatArray | Int32Array)[] => arrays.map((array) => array.slice())
