import { createReferenceExecutor } from '@backends/reference/executor'
import { identityScaling } from '@engine/data/gather'
import { modelFromArrays } from '@engine/nn/fromStateDict'
import { scoreOf } from '@engine/strategies/scores'
import { scoreSource } from '@engine/strategies/query'
import { describe, expect, it } from 'vitest'
import { arrayView, matrixOf, range } from '../support/query'
import { readReference, relativeError } from '../support/reference'

interface Network {
  readonly parameters: Readonly<Record<string, number[] | number[][]>>
  readonly input: number[][]
  readonly entropy: number[]
  readonly lplgrad_entropy_gradnorm: number[]
  readonly lplgrad_expected_gradnorm: number[]
  readonly global_norm_all_layers: number[]
  readonly global_norm_last_layer: number[]
}

const { mlp } = readReference<{ readonly mlp: Network }>('entropy-gradient-norm')
const input = matrixOf(mlp.input)
const tensors = new Map(
  Object.entries(mlp.parameters).map(([name, value]) => {
    const rows = value as number[][]
    const shape = Array.isArray(rows[0]) ? [rows.length, rows[0].length] : [rows.length]
    return [name, { shape, data: Float64Array.from(value.flat()) }]
  }),
)

describe('entropy gradient norms of a model against the LPLgrad authors', async () => {
  const model = await modelFromArrays({ tensors, inputShape: [input.cols] }, createReferenceExecutor())
  const view = arrayView({
    network: {
      model,
      rowsOf: (index) => ({ pool: { data: input.data, rows: input.rows, shape: [input.cols] }, scaling: identityScaling, index }),
    },
  })
  const { score, params } = scoreOf('entropy-gradnorm')
  const scoreWith = (given: object): Promise<Float64Array> => score(scoreSource(view, range(0, input.rows)), params.parse(given))

  it.each<[object, number[]]>([
    [{}, mlp.lplgrad_entropy_gradnorm],
    [{}, mlp.lplgrad_expected_gradnorm],
    [{ normMode: 'global-l2' }, mlp.global_norm_all_layers],
    [{ layers: 'last', normMode: 'global-l2' }, mlp.global_norm_last_layer],
  ])('%j', async (given, expected) => {
    const scores = await scoreWith(given)
    scores.forEach((value, i) => expect(relativeError(value, expected[i])).toBeLessThan(1e-8))
  })

  it.each(['all', 'last'])('full = output · activation over %s layers', async (layers) => {
    const [full, output, activation] = await Promise.all(
      ['full', 'output', 'activation'].map((component) => scoreWith({ layers, component })),
    )
    full.forEach((value, i) => expect(relativeError(output[i] * activation[i], value)).toBeLessThan(1e-9))
  })

  it('the entropies behind it', async () => {
    const entropies = await scoreOf('entropy').score(scoreSource(view, range(0, input.rows)), {})
    entropies.forEach((value, i) => expect(relativeError(value, mlp.entropy[i])).toBeLessThan(1e-9))
  })
})
