import { throwIfCancelled } from '../core/errors'
import type { SelectionKernels } from '../core/distances'
import { requireFinite, squaredNorms, unitRows } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Strategy } from './contract'
import { drawnBatch, noRows, takeBest, withLabeled } from './query'

const params = z.strictObject({
  neighbours: z.number().int().min(1).max(1000).default(10).meta({
    title: 'Neighbours',
    description: 'Nearest labelled samples that a candidate is compared with; all of them when fewer are labelled.',
  }),
})

/** Of the points after the first n: positions of the k nearest to each of those n, nearest first (n × k); of equals the lower one. */
export function nearestLabeled(points: Matrix, n: number, k: number, kernels: SelectionKernels): Int32Array {
  const norms = squaredNorms(points)
  const products = kernels.open(points)
  const candidates = Int32Array.from({ length: n }, (_, i) => i)
  const dots = new Float64Array(n)
  const nearest = new Int32Array(n * k)
  const distances = new Float64Array(n * k).fill(Infinity)
  for (let j = n; j < points.rows; j++) {
    products(j, candidates, n, dots)
    for (let i = 0; i < n; i++) {
      const distance = norms[i] + norms[j] - 2 * dots[i]
      let at = (i + 1) * k - 1
      if (distance >= distances[at]) continue
      for (; at > i * k && distances[at - 1] > distance; at--) {
        distances[at] = distances[at - 1]
        nearest[at] = nearest[at - 1]
      }
      distances[at] = distance
      nearest[at] = j
    }
  }
  return nearest
}

/** ln of the smallest positive number: a probability of 0 weighs no more than that. */
const leastLog = -745

/** Mean over k neighbours of KL(p of the neighbour ‖ p of row i) for the first n rows of log-probabilities (A§11.2). */
export function contrastiveScores({ data, cols }: Matrix, neighbours: Int32Array, n: number): Float64Array {
  const scores = new Float64Array(n)
  const k = neighbours.length / n
  for (let i = 0; i < n; i++) {
    for (let t = i * k; t < (i + 1) * k; t++) {
      for (let c = 0; c < cols; c++) {
        const there = data[neighbours[t] * cols + c]
        const here = data[i * cols + c]
        if (there !== -Infinity) scores[i] += (Math.exp(there) * (there - (here < leastLog ? leastLog : here))) / k
      }
    }
  }
  return scores
}

/** Candidates that are predicted otherwise than the labelled samples next to them (A§11.2). */
export const cal: Strategy<z.infer<typeof params>> = {
  id: 'cal',
  title: 'CAL',
  summary: 'Labels the samples whose prediction differs most from those of their nearest labelled neighbours.',
  sources: [
    {
      authors: 'Margatina, Vernikos, Barrault, Aletras',
      title: 'Active learning by acquiring contrastive examples',
      venue: 'EMNLP',
      year: 2021,
      url: 'https://arxiv.org/abs/2109.03764',
    },
  ],
  params,
  needs: () => ['proba', 'embedding'],
  modelFree: false,
  async select(query, { neighbours }) {
    throwIfCancelled(query.signal)
    const { pool, labeled, model, kernels } = query
    if (pool.length === 0) return noRows
    if (labeled.length === 0) return { ...drawnBatch(query), mode: 'random' }
    const rows = withLabeled(query)
    const logProbabilities = await model.logProbabilities(rows)
    const embeddings = await model.embeddings(rows)
    const scores = query.time('score', () => {
      requireFinite(squaredNorms(embeddings), 'the squared norm of the features', rows)
      const nearest = nearestLabeled(unitRows(embeddings), pool.length, Math.min(neighbours, labeled.length), kernels)
      return contrastiveScores(logProbabilities, nearest, pool.length)
    })
    return takeBest(query, scores)
  },
}
