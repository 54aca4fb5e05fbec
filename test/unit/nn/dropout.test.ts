import { createReferenceExecutor } from '@backends/reference/executor'
import { exponentials, logSoftmax } from '@engine/core/linear'
import { randomFrom } from '@engine/core/random'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { layersOf } from '@engine/nn/architectures'
import { createModel } from '@engine/nn/createModel'
import type { LayerSpec, Model } from '@engine/nn/model'
import { describe, expect, it } from 'vitest'

function build(layers: LayerSpec[], inputShape: number[], classes: number): Model {
  const model = createModel({ layers, init: 'torch-default', inputShape, classes }, createReferenceExecutor())
  model.initialize(randomFrom('weights'))
  return model
}

function rowsOf(n: number, shape: readonly number[], index = Array.from({ length: n }, (_, i) => i)): Rows {
  const random = randomFrom('rows')
  const data = Float64Array.from({ length: n * shape.reduce((a, b) => a * b, 1) }, () => 2 * random.normal())
  return { pool: { data, rows: n, shape }, scaling: identityScaling, index: Int32Array.from(index) }
}

const sample = async (model: Model, rows: Rows, passes: number, seed = 'passes'): Promise<Float64Array[]> =>
  (await model.sampledProbabilities!(rows, passes, randomFrom(seed))).map(({ data }) => Float64Array.from(data))

const twoHidden: LayerSpec[] = [
  { type: 'dense', units: 3 },
  { type: 'relu' },
  { type: 'dropout', rate: 0.4 },
  { type: 'dense', units: 2 },
  { type: 'tanh' },
  { type: 'dropout', rate: 0.2 },
  { type: 'dense', units: 2 },
]
const onInputs: LayerSpec[] = [
  { type: 'dropout', rate: 0.3 },
  { type: 'dense', units: 2 },
]

/** Mean probabilities over every mask of `twoHidden`, weighted by how likely it is, by plain arithmetic on the weights. */
async function expected(model: Model, x: readonly number[]): Promise<number[]> {
  const [w0, b0, w1, b1, w2, b2] = (await model.snapshot()).map((values) => Array.from(values))
  const dense = (w: number[], b: number[], input: readonly number[]): number[] =>
    b.map((bias, unit) => input.reduce((sum, value, j) => sum + w[unit * input.length + j] * value, bias))
  const dropped = (values: readonly number[], mask: number, keep: number): number[] =>
    values.map((value, i) => ((mask >> i) & 1 ? value / keep : 0))
  const chance = (mask: number, size: number, keep: number): number =>
    Array.from({ length: size }, (_, i) => ((mask >> i) & 1 ? keep : 1 - keep)).reduce((a, b) => a * b, 1)
  const hidden = dense(w0, b0, x).map((value) => Math.max(value, 0))
  const mean = [0, 0]
  for (let first = 0; first < 8; first++)
    for (let second = 0; second < 4; second++) {
      const inner = dense(w1, b1, dropped(hidden, first, 0.6)).map(Math.tanh)
      const z = dense(w2, b2, dropped(inner, second, 0.8))
      const p = exponentials(logSoftmax({ data: Float64Array.from(z), rows: 1, cols: 2 })).data
      for (const c of [0, 1]) mean[c] += chance(first, 3, 0.6) * chance(second, 2, 0.8) * p[c]
    }
  return mean
}

describe('stochastic passes', () => {
  it('differ from each other, and each is a distribution', async () => {
    const passes = await sample(build(twoHidden, [2], 2), rowsOf(5, [2]), 6)
    expect(new Set(passes.map((pass) => pass.join())).size).toBe(6)
    for (const pass of passes) for (let i = 0; i < 5; i++) expect(pass[2 * i] + pass[2 * i + 1]).toBeCloseTo(1, 12)
  })

  it('average to the expectation over all masks', async () => {
    const model = build(twoHidden, [2], 2)
    const rows = rowsOf(2, [2])
    const passes = await sample(model, rows, 20_000)
    for (const row of [0, 1]) {
      const values = passes.map((pass) => pass[2 * row])
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / values.length
      const exact = await expected(model, Array.from(rows.pool.data.subarray(2 * row, 2 * row + 2)))
      expect(error).toBeGreaterThan(0)
      expect(Math.abs(mean - exact[0])).toBeLessThan(4 * error)
    }
  })

  const image: LayerSpec[] = layersOf({ type: 'cnn', filters: [3], hidden: [4], dropout: 0.5, init: 'he-uniform' }, [1, 4, 4], 2)
  it.each([
    ['between dense layers', twoHidden, [2]],
    ['on the inputs', onInputs, [2]],
    ['behind convolutions', image, [1, 4, 4]],
  ] as const)('give a row the same masks whatever else is asked, with dropout %s', async (_, layers, shape) => {
    const model = build([...layers], [...shape], 2)
    const all = await sample(model, rowsOf(40, shape), 7)
    const some = await sample(model, rowsOf(40, shape, [31, 4]), 3)
    for (const [pass, data] of some.entries())
      for (const [i, row] of [31, 4].entries()) for (const c of [0, 1]) expect(data[2 * i + c]).toBeCloseTo(all[pass][2 * row + c], 12)
    expect(await sample(model, rowsOf(40, shape), 7)).toEqual(all)
    expect(await sample(model, rowsOf(40, shape), 7, 'other')).not.toEqual(all)
  })

  it('go on over more rows than one block holds', async () => {
    const model = build(onInputs, [2], 2)
    const rows = rowsOf(2300, [2])
    const [first, second] = await sample(model, rows, 2)
    const [alone] = await sample(model, { ...rows, index: Int32Array.of(2299) }, 1)
    expect(first.slice(-2)).toEqual(alone)
    expect(second.slice(-2)).not.toEqual(alone)
  })

  it('leave the model and the stream as they were', async () => {
    const model = build(twoHidden, [2], 2)
    const random = randomFrom('passes')
    const [weights, { logits }] = [await model.snapshot(), await model.outputs(rowsOf(5, [2]))]
    await model.sampledProbabilities!(rowsOf(5, [2]), 3, random)
    expect(await model.snapshot()).toEqual(weights)
    expect((await model.outputs(rowsOf(5, [2]))).logits).toEqual(logits)
    expect(random.next()).toBe(randomFrom('passes').next())
  })

  it('are what a network without dropout does not offer', () => {
    const mlp = (dropout: number): Model => build(layersOf({ type: 'mlp', hidden: [3], dropout, init: 'he-uniform' }, [2], 2), [2], 2)
    expect(mlp(0.2).capabilities.has('sampledProba')).toBe(true)
    expect(mlp(0).capabilities.has('sampledProba')).toBe(false)
    expect(mlp(0).sampledProbabilities).toBeUndefined()
  })

  it('stop when they are cancelled', async () => {
    const passes = build(twoHidden, [2], 2).sampledProbabilities!(rowsOf(5, [2]), 3, randomFrom(0), { aborted: true })
    await expect(passes).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('drop the flattened maps of a convolutional network without hidden layers', () => {
    const layers = layersOf({ type: 'cnn', filters: [3], hidden: [], dropout: 0.5, init: 'he-uniform' }, [1, 4, 4], 2)
    expect(layers.map(({ type }) => type)).toEqual(['conv2d', 'maxpool2d', 'relu', 'flatten', 'dropout', 'dense'])
  })
})
