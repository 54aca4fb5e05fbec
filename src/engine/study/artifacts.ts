import { entropies } from '../strategies/entropy'
import type { Matrix } from '../core/matrix'
import type { RunEventBody } from './events'

/** Arrays that `run.keep` asks for, by what they hold and the round. */
const named = (what: string, round: number): string => `${what}-${String(round).padStart(3, '0')}`

/** n × 2: row and score of every candidate; of the run's own method, or of shadow k. */
export function scoresArtifact(round: number, candidates: Int32Array, scores: Float64Array, shadow?: number): RunEventBody {
  const data = new Float64Array(2 * candidates.length)
  for (let i = 0; i < candidates.length; i++) {
    data[2 * i] = candidates[i]
    data[2 * i + 1] = scores[i]
  }
  const suffix = shadow === undefined ? '' : `-shadow-${shadow}`
  return { type: 'artifact', name: `${named('scores', round)}${suffix}`, data, shape: [candidates.length, 2] }
}

/** Columns of an outlook. */
export const outlookColumns = ['row', 'predicted', 'confidence', 'margin', 'entropy'] as const

/**
 * n × 5, float32: what the model of a round says about rows, before the batch of that round is labelled: predicted class, its
 * probability, lead over the second class, entropy in nats.
 */
export function outlookArtifact(round: number, rows: Int32Array, logProbabilities: Matrix): RunEventBody {
  const { data, cols } = logProbabilities
  const entropy = entropies(logProbabilities)
  const out = new Float32Array(rows.length * outlookColumns.length)
  for (let i = 0; i < rows.length; i++) {
    let [first, second, predicted] = [-Infinity, -Infinity, 0]
    for (let c = 0; c < cols; c++) {
      const value = data[i * cols + c]
      if (value > first) [second, first, predicted] = [first, value, c]
      else if (value > second) second = value
    }
    const confidence = Math.exp(first)
    out.set([rows[i], predicted, confidence, confidence - Math.exp(second), entropy[i]], i * outlookColumns.length)
  }
  return { type: 'artifact', name: named('outlook', round), data: out, shape: [rows.length, outlookColumns.length] }
}

/** n × d: last-layer inputs of the pool's rows. */
export const embeddingsArtifact = (round: number, { data, rows, cols }: Matrix): RunEventBody => ({
  type: 'artifact',
  name: named('embeddings', round),
  data,
  shape: [rows, cols],
})

/** One tensor of the weights, in its shape. */
export const weightsArtifact = (
  round: number,
  name: string,
  data: Float32Array | Float64Array,
  shape: readonly number[],
): RunEventBody => ({
  type: 'artifact',
  name: `${named('weights', round)}-${name}`,
  data,
  shape,
})
