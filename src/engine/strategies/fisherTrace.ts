import { squaredNorms } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'
import { layersParam } from './entropyGradnorm'
import { expectedOverLabels } from './expectedGradients'

const params = z.strictObject({ layers: layersParam.default('last-weight') })

/** Σ_c p_c·‖p − e_c‖² = 1 − Σp² of every row of probabilities (n × C; A§2.1), as Σp(1 − p). */
export function giniImpurities({ data, rows, cols }: Matrix): Float64Array {
  const values = new Float64Array(rows)
  for (let i = 0; i < rows; i++) for (let c = i * cols; c < (i + 1) * cols; c++) values[i] += data[c] * (1 - data[c])
  return values
}

/** Trace of a sample's Fisher information matrix: Σ_c p_c·‖∇CE_c‖² (A§2.1). */
export const fisherTraceScore: ScoreFunction<z.infer<typeof params>> = {
  id: 'fisher-trace',
  title: 'Fisher trace',
  params,
  needs: ({ layers }) => (layers === 'all' ? ['proba', 'gradients'] : ['proba', 'embedding']),
  floor: 0,
  async score(source, { layers }) {
    if (layers === 'all') return expectedOverLabels(source, sums)
    const [probabilities, embeddings] = [await source.model.probabilities(source.rows), await source.model.embeddings(source.rows)]
    return source.time('score', () => {
      const lengths = squaredNorms(embeddings)
      return giniImpurities(probabilities).map((gini, i) => gini * (lengths[i] + (layers === 'last' ? 1 : 0)))
    })
  },
}

function sums({ data, rows, cols }: Matrix): Float64Array {
  const totals = new Float64Array(rows)
  for (let t = 0; t < data.length; t++) totals[Math.floor(t / cols)] += data[t]
  return totals
}

export const fisherTrace = byScore(fisherTraceScore, {
  summary: 'Labels the samples that carry most Fisher information about the parameters: the expected squared gradient length.',
  sources: [
    {
      authors: 'Zhang, Oles',
      title: 'The value of unlabeled data for classification problems',
      venue: 'ICML',
      year: 2000,
    },
  ],
})
