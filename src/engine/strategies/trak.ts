import { badInput, throwIfCancelled } from '../core/errors'
import { choleskyFactor, dot, meanRow, requireFinite, squaredNorms } from '../core/linear'
import { transposed, type Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { layersParam } from './entropyGradnorm'
import { classesOf, pastModels, targetNll, targetParam, targetReads, targetRows } from './influence'
import { hallucinated, gradientNeeds } from './lossGradients'
import { noRows, takeBest } from './query'

const params = z.strictObject({
  target: targetParam,
  layers: layersParam.default('last'),
  projection: z.int().min(1).max(8192).default(256).meta({
    title: 'Projection',
    description: 'Dimension that gradients are projected to at random.',
  }),
  lambda: z.number().min(0).default(0.001).meta({
    title: 'Ridge λ',
    description: 'Added to the diagonal of XᵀX, as a share of its mean entry; 0 needs at least as many candidates as dimensions.',
  }),
  checkpoints: z.int().min(1).max(100).default(4).meta({
    title: 'Models',
    description: 'Last epochs of the fit that take the place of independently trained models; each has its own projection.',
  }),
})

/**
 * TRAK (A§8.2) with candidates in the place of training rows, under their predicted labels: what the target's margin would gain from
 * each, corrected for the curvature XᵀX of the candidates' own gradient features.
 */
export const trak: Strategy<z.infer<typeof params>> = {
  id: 'trak',
  title: 'TRAK',
  summary: 'Labels the samples to which a linearised model attributes most of its margin on the target.',
  sources: [
    {
      authors: 'Park, Georgiev, Ilyas, Leclerc, Madry',
      title: 'TRAK: Attributing model behavior at scale',
      venue: 'ICML',
      year: 2023,
      url: 'https://arxiv.org/abs/2303.14186',
    },
  ],
  params,
  needs: ({ layers }) => [...new Set([...gradientNeeds(layers), 'gradients' as const])],
  reads: ({ target }) => targetReads(target),
  targetClasses: ({ target }) => classesOf(target),
  training: ({ checkpoints }) => ({ checkpoints }),
  modelFree: false,
  async select(query, { target: wanted, layers, projection: dimension, lambda, checkpoints }) {
    throwIfCancelled(query.signal)
    const { model, pool, random, signal } = query
    if (pool.length === 0) return noRows
    const target = await targetRows(query, wanted)
    if (target.rows.length === 0) return takeBest(query, new Float64Array(pool.length))
    const labels = hallucinated(await model.probabilities(pool))
    const past = pastModels(model, checkpoints)
    const attributed = new Float64Array(pool.length)
    const doubt = new Float64Array(pool.length)
    for (const [m, { model: view }] of past.entries()) {
      throwIfCancelled(signal)
      const features = async (rows: Int32Array, of: Int32Array): Promise<Matrix<Float64Array>> =>
        view.projectedGradients(rows, marginErrors(await view.logProbabilities(rows), of), {
          dimension,
          random: random.fork('projection', m),
          layers,
        })
      const own = await features(pool, labels)
      requireFinite(squaredNorms(own), 'the gradient', pool)
      const towards = meanRow(await features(target.rows, target.labels))
      attributions(own, towards, lambda).forEach((value, i) => (attributed[i] += value / past.length))
      const p = await view.probabilities(pool)
      labels.forEach((label, i) => (doubt[i] += (1 - p.data[i * p.cols + label]) / past.length))
    }
    const best = takeBest(
      query,
      attributed.map((value, i) => value * doubt[i]),
    )
    return { ...best, diagnostics: { target_nll: await targetNll(model, target) } }
  },
}

/** ∂f/∂z of the margin f = z_y − log Σ_{j≠y} exp z_j: 1 at the label, minus the softmax of the other classes (n × C). */
export function marginErrors({ data, rows, cols }: Matrix, labels: Int32Array): Matrix<Float64Array> {
  const out = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    const from = i * cols
    const label = labels[i]
    let top = -Infinity
    for (let c = 0; c < cols; c++) if (c !== label && data[from + c] > top) top = data[from + c]
    let sum = 0
    for (let c = 0; c < cols; c++) if (c !== label) sum += Math.exp(data[from + c] - top)
    for (let c = 0; c < cols; c++) out[from + c] = c === label ? 1 : -Math.exp(data[from + c] - top) / sum
  }
  return { data: out, rows, cols }
}

/** X (XᵀX + λ·mean(diag)·I)⁻¹ t of features X (n × k) and a target feature t (k): one number per row. */
export function attributions(features: Matrix<Float64Array>, target: Float64Array, lambda: number): Float64Array {
  const { data, rows, cols: k } = features
  const columns = transposed(features).data
  const gram = new Float64Array(k * k)
  let trace = 0
  for (let a = 0; a < k; a++) {
    for (let b = 0; b <= a; b++) gram[a * k + b] = gram[b * k + a] = dot(columns, a * rows, columns, b * rows, rows)
    trace += gram[a * k + a]
  }
  if (trace === 0) return new Float64Array(rows)
  for (let a = 0; a < k; a++) gram[a * k + a] += (lambda * trace) / k
  const solution = solve({ data: gram, rows: k, cols: k }, target)
  return Float64Array.from({ length: rows }, (_, i) => dot(data, i * k, solution, 0, k))
}

/** Solves G s = t for a symmetric positive definite G (k × k); refuses one that is singular up to rounding. */
function solve(gram: Matrix<Float64Array>, target: Float64Array): Float64Array {
  const k = target.length
  const factor = choleskyFactor(gram, 1e-12)
  if (factor === null) {
    throw badInput('the gradient features of the candidates are linearly dependent', {
      path: 'lambda',
      expected: 'lambda above 0, or a projection to fewer dimensions than there are candidates',
    })
  }
  const s = target.slice()
  for (let a = 0; a < k; a++) s[a] = (s[a] - dot(factor, a * k, s, 0, a)) / factor[a * k + a]
  for (let a = k - 1; a >= 0; a--) {
    s[a] /= factor[a * k + a]
    for (let b = 0; b < a; b++) s[b] -= factor[a * k + b] * s[a]
  }
  return s
}
