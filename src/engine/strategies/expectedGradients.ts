import type { Matrix } from '../core/matrix'
import type { ScoreSource } from './contract'

/** p − e_c of every row of probabilities (n × C): the output error of the loss with label c (A§2.1). */
export function labelErrors(probabilities: Matrix, c: number): Matrix<Float64Array> {
  const { rows, cols } = probabilities
  const data = Float64Array.from(probabilities.data)
  for (let i = 0; i < rows; i++) data[i * cols + c] -= 1
  return { data, rows, cols }
}

/**
 * Σ_c p_c·norm(∇CE_c) of every candidate over all layers: one backward pass per class. `norm` gets the squared norms of each
 * sample's parameter tensors (n × T) and answers one number per sample.
 */
export async function expectedOverLabels(source: ScoreSource, norm: (squared: Matrix) => Float64Array): Promise<Float64Array> {
  const { model, rows, time } = source
  const probabilities = await model.probabilities(rows)
  const { data, cols } = probabilities
  const total = new Float64Array(rows.length)
  for (let c = 0; c < cols; c++) {
    const squared = await model.gradientNorms(rows, labelErrors(probabilities, c))
    time('score', () => norm(squared).forEach((value, i) => (total[i] += data[i * cols + c] * value)))
  }
  return total
}
