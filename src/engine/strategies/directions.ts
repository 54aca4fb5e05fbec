import { selectionSpace, type SelectionSpace, type SpaceOptions } from '../core/distances'
import { squaredNorms } from '../core/linear'
import type { Matrix } from '../core/matrix'

/**
 * Points with the direction of output error ⊗ embedding (n × C, n × d), or of the embedding alone, and the lengths given. A sample
 * without a direction gets length 0.
 */
export const directedSpace = (
  lengths: Float64Array,
  embeddings: Matrix,
  errors: Matrix<Float64Array> | undefined,
  options: Omit<SpaceOptions, 'left'>,
): SelectionSpace => selectionSpace(embeddings, { ...options, left: scaledFactors(lengths, embeddings, errors) })

function scaledFactors(lengths: Float64Array, embeddings: Matrix, errors: Matrix<Float64Array> | undefined): Matrix<Float64Array> {
  const cols = errors?.cols ?? 1
  const data = errors ? errors.data.slice() : new Float64Array(lengths.length).fill(1)
  const norms = squaredNorms(embeddings)
  const errorNorms = errors && squaredNorms(errors)
  for (let i = 0; i < lengths.length; i++) {
    const length = Math.sqrt(norms[i] * (errorNorms?.[i] ?? 1))
    const scale = length > 0 ? lengths[i] / length : 0
    for (let c = i * cols; c < (i + 1) * cols; c++) data[c] *= scale
  }
  return { data, rows: lengths.length, cols }
}
