import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'
import { activationNorms, combinedNorms, entropyGradnormParams, layersParam } from './entropyGradnorm'
import { expectedOverLabels } from './expectedGradients'

const params = z.strictObject({
  layers: layersParam.default('last-weight'),
  normMode: entropyGradnormParams.shape.normMode,
})

/** Σ_c p_c·‖p − e_c‖ of every row of probabilities (n × C), where ‖p − e_c‖² = Σp² − 2p_c + 1. */
export function expectedErrorNorms({ data, rows, cols }: Matrix): Float64Array {
  const norms = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let squares = 0
    for (let c = i * cols; c < (i + 1) * cols; c++) squares += data[c] * data[c]
    for (let c = i * cols; c < (i + 1) * cols; c++) norms[i] += data[c] * Math.sqrt(Math.max(0, squares - 2 * data[c] + 1))
  }
  return norms
}

/** Expected length of the loss gradient over the model's own labels: Σ_c p_c·‖∇CE_c‖ (A§7.1). */
export const eglScore: ScoreFunction<z.infer<typeof params>> = {
  id: 'egl',
  title: 'Expected gradient length',
  params,
  needs: ({ layers }) => (layers === 'all' ? ['proba', 'gradients'] : ['proba', 'embedding']),
  effective: ({ layers, normMode }) => (layers === 'last-weight' ? { layers } : { layers, normMode }),
  floor: 0,
  async score(source, own) {
    if (own.layers === 'all') return expectedOverLabels(source, (squared) => combinedNorms(squared, own.normMode))
    const [probabilities, embeddings] = [await source.model.probabilities(source.rows), await source.model.embeddings(source.rows)]
    return source.time('score', () => {
      const activation = activationNorms(embeddings, own)
      return expectedErrorNorms(probabilities).map((error, i) => error * activation[i])
    })
  },
}

export const egl = byScore(eglScore, {
  summary: 'Labels the samples whose label, whatever it turns out to be, should move the parameters most.',
  sources: [
    {
      authors: 'Settles, Craven, Ray',
      title: 'Multiple-instance active learning',
      venue: 'NeurIPS',
      year: 2007,
    },
  ],
})
