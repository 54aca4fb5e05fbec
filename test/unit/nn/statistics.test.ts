import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { createBuilder } from '@engine/graph/builder'
import { sizeOf } from '@engine/graph/ir'
import { createModel } from '@engine/nn/createModel'
import type { FitOptions, LayerSpec, Model } from '@engine/nn/model'
import { forward, planNetwork, traceStep } from '@engine/nn/network'
import { describe, expect, it } from 'vitest'
import { evaluate, normals, relativeError } from '../../support/graphs'

const layers: LayerSpec[] = [
  { type: 'conv2d', filters: 3, kernel: 3, padding: 1, bias: false },
  { type: 'batchnorm' },
  { type: 'relu' },
  { type: 'globalavgpool' },
  { type: 'dropout', rate: 0.5 },
  { type: 'dense', units: 2 },
]
const inputShape = [2, 4, 3]
const network = planNetwork(layers, inputShape, 2)
const statistics = network.state.findIndex(({ name }) => name === '1.running_mean')

const options: FitOptions = {
  optimizer: 'adamw',
  learningRate: 0.01,
  milestones: [],
  decay: 0.1,
  momentum: 0,
  nesterov: false,
  weightDecay: 0.1,
  batchSize: 4,
  epochs: 2,
  minSteps: 0,
  augment: 'none',
}

const rowsOf = (n: number): Rows => ({
  pool: { data: normals(randomFrom('rows'), [n, ...inputShape]), rows: n, shape: inputShape },
  scaling: identityScaling,
  index: Int32Array.from({ length: n }, (_, i) => i),
})
const labelsOf = (n: number) => Int32Array.from({ length: n }, (_, i) => i % 2)

function build(seed = 'weights'): Model {
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes: 2 }, createReferenceExecutor())
  model.initialize(randomFrom(seed))
  return model
}

async function fit(model: Model, n: number, changed: Partial<FitOptions> = {}) {
  const random = randomFrom('fit')
  const run = model.fit(rowsOf(n), labelsOf(n), { ...options, ...changed }, { order: random, dropout: random, augment: random })
  for (;;) {
    const next = await run.next()
    if (next.done) return next.value
  }
}

describe('running statistics', () => {
  it('of a padded batch, and its gradients, are those of the rows that count', async () => {
    const random = randomFrom('padding')
    const values = Object.fromEntries(network.state.map(({ name, shape }) => [name, normals(random, shape).map((v) => Math.abs(v) + 0.1)]))
    const real = normals(random, [3, ...inputShape])
    const junk = normals(random, [2, ...inputShape]).map((v) => 1e3 * v)
    const third = 1 / 3
    const target = Float64Array.of(third, 0, 0, third, third, 0)
    const ones = (n: number) => new Float64Array(3 * n).fill(1)
    const whole = await evaluate(traceStep(network, 3), { ...values, x: real, target, 'mask:4': ones(3) })
    const padded = await evaluate(traceStep(network, 5), {
      ...values,
      x: Float64Array.of(...real, ...junk),
      target: Float64Array.of(...target, 0, 0, 0, 0),
      'mask:4': ones(5),
    })
    expect(Object.keys(whole).sort()).toEqual(
      ['loss', ...network.state.map(({ name, buffer }) => `${buffer ? 'buffer' : 'grad'}:${name}`)].sort(),
    )
    for (const [name, expected] of Object.entries(whole)) expect(relativeError(padded[name], expected), name).toBeLessThan(1e-12)

    // by hand: a tenth of the mean and of the unbiased variance over 3 × 4 × 3 numbers of a channel
    const g = createBuilder()
    g.output('maps', forward(g, network, 3, { mode: 'inference' }, 0, 1).logits)
    const { maps } = await evaluate(g.build(), { ...values, x: real })
    for (let c = 0; c < 3; c++) {
      const own = [...maps].filter((_, i) => Math.floor(i / 12) % 3 === c)
      const mean = own.reduce((a, b) => a + b, 0) / 36
      const variance = own.reduce((a, b) => a + (b - mean) ** 2, 0) / 35
      expect(whole['buffer:1.running_mean'][c]).toBeCloseTo(0.9 * values['1.running_mean'][c] + 0.1 * mean, 12)
      expect(whole['buffer:1.running_var'][c]).toBeCloseTo(0.9 * values['1.running_var'][c] + 0.1 * variance, 12)
    }
  })

  it('are trained on by no optimiser, updated by every step, and used without a change in inference', async () => {
    const model = build()
    await fit(model, 10)
    const [mean, variance] = (await model.snapshot()).slice(statistics)
    expect([...mean].every((v) => v !== 0)).toBe(true)
    expect([...variance].every((v) => v > 0 && v !== 1)).toBe(true)
    expect(model.parameters.map(({ name }) => name)).toEqual(['0.weight', '1.weight', '1.bias', '5.weight', '5.bias'])
    const before = await model.snapshot()
    await model.outputs(rowsOf(10))
    await model.tensorNorms(rowsOf(10))
    await model.sampledProbabilities?.(rowsOf(10), 3, randomFrom('passes'))
    expect(await model.snapshot()).toEqual(before)
  })

  it('are frozen in stochastic passes, so that a row does not see its batch mates', async () => {
    const model = build()
    await fit(model, 10)
    const all = rowsOf(10)
    const [of10, of1] = [all, { ...all, index: Int32Array.of(7) }].map((rows) =>
      model.sampledProbabilities?.(rows, 2, randomFrom('passes')),
    )
    for (const pass of [0, 1]) expect((await of1)?.[pass].data).toEqual((await of10)?.[pass].data.slice(14, 16))
  })

  it('start anew with fresh weights, and are restored and carried with them', async () => {
    const model = build('first')
    const fresh = await model.snapshot()
    await fit(model, 10)
    const kept = await model.snapshot()
    model.initialize(randomFrom('first'))
    expect(await model.snapshot()).toEqual(fresh) // as if no round had been
    expect([...fresh[statistics], ...fresh[statistics + 1]]).toEqual([0, 0, 0, 1, 1, 1])
    model.restore(kept)
    expect(await model.snapshot()).toEqual(kept)
    await fit(model, 10)
    const carried = await model.snapshot()
    model.initialize(randomFrom('first'))
    await fit(model, 10)
    expect(await model.snapshot()).toEqual(kept)
    expect(carried[statistics]).not.toEqual(kept[statistics])
  })

  it.each([1, 5])('take a batch of one row (%i rows in all)', async (n) => {
    const model = build()
    const { accuracy, loss } = await fit(model, n)
    expect(Number.isFinite(loss)).toBe(true)
    expect(accuracy).toBeGreaterThanOrEqual(0)
    for (const values of await model.snapshot()) for (const value of values) expect(value).not.toBeNaN()
  })

  it('remember no variance of a single number', async () => {
    const vectors = planNetwork([{ type: 'batchnorm' }, { type: 'dense', units: 2 }], [3], 2)
    const values = Object.fromEntries(vectors.state.map(({ name, shape }) => [name, new Float64Array(sizeOf(shape)).fill(2)]))
    const step = await evaluate(traceStep(vectors, 1), { ...values, x: Float64Array.of(1, 2, 3), target: Float64Array.of(1, 0) })
    expect([...step['buffer:0.running_var']]).toEqual([2, 2, 2])
    expect(relativeError(step['buffer:0.running_mean'], [1.9, 2, 2.1])).toBeLessThan(1e-14)
  })
})
