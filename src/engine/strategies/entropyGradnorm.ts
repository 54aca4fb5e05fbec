import { squaredNorms } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { TensorNorms } from '../nn/model'
import { byScore } from './combinators'
import type { ScoreFunction } from './contract'
import { entropies } from './entropy'

export const layersParam = z.enum(['all', 'last', 'last-weight']).meta({
  title: 'Layers',
  description: 'Whose parameters the gradient is taken for: every layer, or (in closed form) the last one, with its bias or without.',
})

export type Layers = z.infer<typeof layersParam>

export const entropyGradnormParams = z.strictObject({
  layers: layersParam.default('all'),
  normMode: z.enum(['tensor-sum', 'global-l2']).default('tensor-sum').meta({
    title: 'Norm',
    description: "Sum of the norms of each weight and bias tensor (as in the authors' code), or the norm of the whole gradient.",
  }),
  component: z.enum(['full', 'output', 'activation']).default('full').meta({
    title: 'Component',
    description: 'The whole norm, its factor from the output error ‖dH/dz‖, or what is left of it: the factor from the activations.',
  }),
})

export type EntropyGradnormParams = z.infer<typeof entropyGradnormParams>

/** dH/dzᵢ = −pᵢ(log pᵢ + H) of every row of log-probabilities (n × C; A§2.1). */
export function entropyOutputErrors(logProbabilities: Matrix): Matrix<Float64Array> {
  const { data, rows, cols } = logProbabilities
  const entropy = entropies(logProbabilities)
  const out = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    for (let c = i * cols; c < (i + 1) * cols; c++) out[c] = data[c] === -Infinity ? 0 : -Math.exp(data[c]) * (data[c] + entropy[i])
  }
  return { data: out, rows, cols }
}

/** ‖dH/dz‖ of every row of log-probabilities. */
export const outputNorms = (logProbabilities: Matrix): Float64Array => squaredNorms(entropyOutputErrors(logProbabilities)).map(Math.sqrt)

type LastLayer = Pick<EntropyGradnormParams, 'layers' | 'normMode'>

/** The last layer's other factor (n × d → n): ‖h‖ + 1 or √(‖h‖² + 1) with the bias, ‖h‖ without. */
export function activationNorms(embeddings: Matrix, { layers, normMode }: LastLayer): Float64Array {
  return squaredNorms(embeddings).map((h) => {
    if (layers === 'last-weight') return Math.sqrt(h)
    return normMode === 'tensor-sum' ? Math.sqrt(h) + 1 : Math.sqrt(h + 1)
  })
}

/** Norm of the entropy's gradient in the last layer (n × C, n × d → n; A§7.1). */
export function lastLayerNorms(logProbabilities: Matrix, embeddings: Matrix, layer: LastLayer): Float64Array {
  const activation = activationNorms(embeddings, layer)
  return outputNorms(logProbabilities).map((output, i) => output * activation[i])
}

/** One norm per sample from its squared norm per parameter tensor (n × T): the sum of the tensors' norms, or that of the whole gradient. */
export function combinedNorms({ data, rows, cols }: Matrix, normMode: EntropyGradnormParams['normMode']): Float64Array {
  const norms = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let sum = 0
    for (let t = i * cols; t < (i + 1) * cols; t++) sum += normMode === 'tensor-sum' ? Math.sqrt(data[t]) : data[t]
    norms[i] = normMode === 'tensor-sum' ? sum : Math.sqrt(sum)
  }
  return norms
}

/** Every layer, from one squared norm per sample and parameter tensor; the activation component is 0 where the output error is 0. */
export function allLayerNorms(
  { squared, outputError }: TensorNorms,
  { normMode, component }: Pick<EntropyGradnormParams, 'normMode' | 'component'>,
): Float64Array {
  const full = combinedNorms(squared, normMode)
  return component !== 'activation' ? full : full.map((norm, i) => (outputError[i] === 0 ? 0 : norm / outputError[i]))
}

/** Norm of the gradient of the prediction's entropy with respect to the parameters (A§7.1). */
export const entropyGradnormScore: ScoreFunction<EntropyGradnormParams> = {
  id: 'entropy-gradnorm',
  title: 'Entropy gradient norm',
  params: entropyGradnormParams,
  needs: ({ layers, component }) => {
    if (component === 'output') return ['proba']
    return layers === 'all' ? ['tensorNorms'] : component === 'activation' ? ['embedding'] : ['proba', 'embedding']
  },
  effective: ({ layers, normMode, component }) => {
    if (component === 'output') return { component }
    return layers === 'last-weight' ? { layers, component } : { layers, normMode, component } // one tensor has one norm
  },
  floor: 0,
  async score({ model, rows, time }, params) {
    if (params.component === 'output') {
      const logProbabilities = await model.logProbabilities(rows)
      return time('score', () => outputNorms(logProbabilities))
    }
    if (params.layers === 'all') {
      const norms = await model.tensorNorms(rows)
      return time('score', () => allLayerNorms(norms, params))
    }
    const embeddings = await model.embeddings(rows)
    if (params.component === 'activation') return time('score', () => activationNorms(embeddings, params))
    const logProbabilities = await model.logProbabilities(rows)
    return time('score', () => lastLayerNorms(logProbabilities, embeddings, params))
  },
  async outputErrors({ model, rows }) {
    return entropyOutputErrors(await model.logProbabilities(rows))
  },
}

export const entropyGradnorm = byScore(entropyGradnormScore, {
  summary: 'Labels the samples whose predictive entropy would change the parameters most.',
  sources: [
    {
      authors: 'Wang, Li et al.',
      title: 'Boosting active learning via improving test performance',
      venue: 'AAAI',
      year: 2022,
      url: 'https://arxiv.org/abs/2112.05683',
    },
    {
      authors: 'Gul, Elmahallawy, Madria, Tripathy',
      title: 'LPLgrad: Optimizing active learning through gradient norm sample selection and auxiliary model training',
      venue: 'arXiv 2411.15217',
      year: 2024,
      url: 'https://arxiv.org/abs/2411.15217',
    },
  ],
})
