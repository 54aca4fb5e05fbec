import { createReferenceExecutor } from '@backends/reference/executor'
import { rowOf } from '@engine/core/matrix'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { modelFromArrays } from '@engine/nn/fromStateDict'
import { describe, expect, it } from 'vitest'
import { flat, tensorOf, tensorsOf } from '../support/nested'
import reference from './data/entropy-gradient-norm.json' with { type: 'json' }

const cnn = [
  { type: 'conv2d', padding: 1 },
  { type: 'relu' },
  { type: 'maxpool2d', size: 2 },
  { type: 'conv2d', padding: 1 },
  { type: 'relu' },
  { type: 'maxpool2d', size: 2 },
  { type: 'flatten' },
  { type: 'dense' },
]

describe.each([
  ['mlp', reference.mlp, undefined],
  ['cnn', reference.cnn, cnn],
] as const)('entropy gradient norms of the published %s', (_name, file, architecture) => {
  const load = async () => {
    const input = tensorOf(file.input)
    const [n, ...inputShape] = input.shape
    const tensors = tensorsOf(file.parameters)
    const model = await modelFromArrays({ architecture, tensors, inputShape }, createReferenceExecutor())
    const rows: Rows = {
      pool: { data: input.data, rows: n, shape: inputShape },
      scaling: identityScaling,
      index: Int32Array.from({ length: n }, (_, i) => i),
    }
    return { model, rows, n }
  }

  const expectClose = (found: ArrayLike<number>, expected: readonly number[]) => {
    expect(found.length).toBe(expected.length)
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-8 * Math.abs(value) + 1e-14)
  }

  it('gives the same logits', async () => {
    const { model, rows } = await load()
    const { logits } = await model.outputs(rows)
    expectClose(logits.data, flat(file.logits))
  })

  it('gives the same norm per tensor, summed and of the whole gradient', async () => {
    const { model, rows, n } = await load()
    const { squared, tensors } = await model.tensorNorms(rows)
    expect(tensors).toEqual(file.parameter_order)
    expectClose(squared.data.map(Math.sqrt), flat(file.tensor_norms))
    const perRow = Array.from({ length: n }, (_, i) => [...rowOf(squared, i)])
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
    expectClose(
      perRow.map((row) => sum(row.map(Math.sqrt))),
      file.lplgrad_entropy_gradnorm,
    )
    expectClose(
      perRow.map((row) => Math.sqrt(sum(row))),
      file.global_norm_all_layers,
    )
    expectClose(
      perRow.map((row) => Math.sqrt(sum(row.slice(-2)))),
      file.global_norm_last_layer,
    )
  })

  it('gives the last layer in closed form from the output error and the embedding', async () => {
    const { model, rows, n } = await load()
    const { embedding } = await model.outputs(rows)
    const { outputError } = await model.tensorNorms(rows)
    const norm2 = Array.from({ length: n }, (_, i) => [...rowOf(embedding, i)].reduce((sum, x) => sum + x * x, 0))
    expectClose(
      norm2.map((h2, i) => outputError[i] * Math.sqrt(h2 + 1)),
      file.global_norm_last_layer,
    )
    expectClose(
      norm2.map((h2, i) => outputError[i] * Math.sqrt(h2)),
      file.last_layer_weight_norm,
    )
  })
})
