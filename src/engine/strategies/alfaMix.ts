import { badInput, throwIfCancelled } from '../core/errors'
import { kMeans, perClusterMedoid } from '../core/kMeans'
import { argMax, dot, requireFinite, squaredDistance, unitRows } from '../core/linear'
import { takeRows, type FloatArray, type Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { learnedMixFlips } from './alfaMixLearned'
import type { Query, Strategy } from './contract'
import { batchSize, drawnBatch, labeledRows, noRows, poolRows, withLabeled } from './query'

const params = z.strictObject({
  mixing: z.enum(['closed-form', 'learned']).default('closed-form').meta({
    title: 'Mixing',
    description:
      'How a feature moves towards an anchor: one step up the gradient of the loss of its own prediction, or five steps of Adam.',
  }),
  alphaCap: z.number().min(0.001).max(1).optional().meta({
    title: 'Cap',
    description: 'First bound and step of the search, divided by √d; left out: 0.2, and 0.03125 with learned mixing.',
  }),
})

type Params = z.infer<typeof params>

const capOf = ({ alphaCap, mixing }: Params): number => alphaCap ?? (mixing === 'closed-form' ? 0.2 : 0.03125)

/** The last layer: weight C × d and bias C. */
export interface Head {
  readonly weight: Matrix
  readonly bias: FloatArray
}

/** Mean feature of the labelled rows of each class; of a class without any, the mean of all (A§11.1; classes × d). */
export function anchorsOf(features: Matrix, labels: Int32Array, classes: number): Matrix<Float64Array> {
  const { cols } = features
  const sums = new Float64Array((classes + 1) * cols)
  const counts = new Float64Array(classes + 1)
  labels.forEach((label, i) => {
    for (const group of [label, classes]) {
      counts[group]++
      for (let j = 0; j < cols; j++) sums[group * cols + j] += features.data[i * cols + j]
    }
  })
  const data = new Float64Array(classes * cols)
  for (let c = 0; c < classes; c++) {
    const group = counts[c] > 0 ? c : classes
    for (let j = 0; j < cols; j++) data[c * cols + j] = sums[group * cols + j] / counts[group]
  }
  return { data, rows: classes, cols }
}

/** Outputs W h + b of row `row` (C). */
export function outputsOf({ weight, bias }: Head, features: Matrix, row: number): Float64Array {
  const { cols } = features
  return Float64Array.from(bias, (b, c) => b + dot(features.data, row * cols, weight.data, c * cols, cols))
}

/** p − e_ŷ of one row of outputs, ŷ their largest. */
export function hallucinatedError(outputs: Float64Array): Float64Array {
  const top = argMax(outputs)
  const errors = outputs.map((z) => Math.exp(z - outputs[top]))
  const sum = errors.reduce((a, b) => a + b)
  for (let c = 0; c < errors.length; c++) errors[c] /= sum
  errors[top] -= 1
  return errors
}

/**
 * Whether the prediction of a row changes by a step of length cap/√d · ‖a − h‖ up the gradient of the loss of its own prediction, for
 * some anchor a (A§11.1). For one row; the answer holds for any cap, as outputs move linearly: z + length · W g/‖g‖.
 */
export function closedFormFlips(head: Head, features: Matrix, row: number, anchors: Matrix): (cap: number) => boolean {
  const { cols } = features
  const { weight } = head
  const outputs = outputsOf(head, features, row)
  const top = argMax(outputs)
  const errors = hallucinatedError(outputs)
  const gradient = new Float64Array(cols)
  for (let c = 0; c < errors.length; c++) for (let j = 0; j < cols; j++) gradient[j] += errors[c] * weight.data[c * cols + j]
  const norm = Math.sqrt(dot(gradient, 0, gradient, 0, cols))
  if (norm === 0) return () => false
  const change = outputs.map((_, c) => dot(weight.data, c * cols, gradient, 0, cols) / norm)
  const lengths = Float64Array.from({ length: anchors.rows }, (_, c) =>
    Math.sqrt(squaredDistance(anchors.data, c * cols, features.data, row * cols, cols) / cols),
  )
  return (cap) => lengths.some((length) => argMax(outputs.map((z, c) => z + cap * length * change[c])) !== top)
}

/** Positions of the candidates whose prediction changes; the cap grows by itself until they are more than `wanted`, or it reaches 1. */
function unstable({ pool, signal }: Query, head: Head, points: Matrix, anchors: Matrix, given: Params, wanted: number): number[] {
  const flipsOf = given.mixing === 'learned' ? learnedMixFlips : closedFormFlips
  const flips = Array.from(pool, (_, i) => flipsOf(head, points, i, anchors))
  const found = new Set<number>()
  for (let times = 1, cap = 0; found.size <= wanted && cap < 1; times++) {
    throwIfCancelled(signal)
    cap = Math.min(1, times * capOf(given))
    for (const [i, flip] of flips.entries()) if (!found.has(i) && flip(cap)) found.add(i)
  }
  return [...found].sort((a, b) => a - b)
}

function requireClasses({ rows, labels }: ReturnType<typeof labeledRows>, classes: number): void {
  const at = labels.findIndex((label) => label >= classes)
  if (at < 0) return
  throw badInput(`row ${rows[at]} has label ${labels[at]}, and the last layer ${classes} classes`, {
    path: `row ${rows[at]}`,
    found: String(labels[at]),
    expected: `0 … ${classes - 1}`,
  })
}

/** Candidates whose prediction changes when their features are mixed a little with those of a class, one per k-means cluster (A§11.1). */
export const alfaMix: Strategy<Params> = {
  id: 'alfa-mix',
  title: 'ALFA-Mix',
  summary: 'Labels a varied batch of samples whose prediction changes when their features move a little towards those of labelled classes.',
  sources: [
    {
      authors: 'Parvaneh, Abbasnejad, Teney, Haffari, van den Hengel, Shi',
      title: 'Active learning by feature mixing',
      venue: 'CVPR',
      year: 2022,
      url: 'https://arxiv.org/abs/2203.07034',
    },
  ],
  params,
  needs: () => ['embedding', 'lastLayer'],
  effective: (given) => ({ mixing: given.mixing, alphaCap: capOf(given) }),
  modelFree: false,
  async select(query, given) {
    throwIfCancelled(query.signal)
    const { pool, labeled, labels, model, random, kernels, signal } = query
    if (pool.length === 0) return noRows
    const k = batchSize(query)
    if (labeled.length === 0) return { ...drawnBatch(query), mode: 'random' }
    const rows = withLabeled(query)
    const points = await model.embeddings(rows)
    const head = await model.lastLayer()
    requireClasses(labeledRows(query), head.weight.rows)
    const found = query.time('score', () => {
      requireFinite(
        points.data.map(Math.abs),
        'a feature',
        Int32Array.from(points.data, (_, t) => rows[Math.floor(t / points.cols)]),
      )
      const own = takeRows(
        points,
        Int32Array.from(labeled, (_, i) => pool.length + i),
      )
      return unstable(query, head, points, anchorsOf(own, labels, head.weight.rows), given, k)
    })
    return query.time('choose', () => {
      const candidates = unitRows(takeRows(points, found))
      const clusters = kMeans(candidates, k, { random, kernels, signal })
      const chosen = Int32Array.from(perClusterMedoid(candidates, clusters), (i) => found[i])
      const isChosen = new Set(chosen)
      const others = Array.from(pool, (_, i) => i).filter((i) => !isChosen.has(i))
      const filled = random.sample(others.length, k - chosen.length)
      return {
        rows: poolRows(query, Int32Array.from([...chosen, ...Array.from(filled, (i) => others[i])])),
        diagnostics: { candidates: found.length },
      }
    })
  },
}
