import * as tf from '@tensorflow/tfjs'
import { createReferenceExecutor } from '@backends/reference/executor'
import { createExecutor } from '@backends/registry'
import { createTfjsExecutor } from '@backends/tfjs/executor'
import { rowOf, type FloatArray } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import type { Rows } from '@engine/data/dataset'
import { sizeOf } from '@engine/graph/ir'
import { layersOf } from '@engine/nn/architectures'
import { auxiliaryFeeds, planAuxiliary } from '@engine/nn/auxiliary'
import { createModel } from '@engine/nn/createModel'
import type { Executor } from '@engine/nn/executor'
import { rankingLoss } from '@engine/nn/losses'
import type { AuxiliarySpec, FitOptions, FitSummary, Model } from '@engine/nn/model'
import { planNetwork, traceStep } from '@engine/nn/network'
import { describe, expect, it } from 'vitest'
import { evaluate, normals, relativeError, traced } from '../../support/graphs'

const spec: AuxiliarySpec = { loss: 'rank', lambda: 1, xi: 1, detachAt: 0.6, taps: 'all' }
const mlp = layersOf({ type: 'mlp', hidden: [6, 5], dropout: 0, init: 'he-uniform' }, [4], 3)
const network = planNetwork(mlp, [4], 3)
const random = randomFrom('auxiliary')

/** Ranking loss of predicted and true losses, paired from both ends. */
async function ranking(predicted: readonly number[], losses: readonly number[], xi = 1): Promise<number> {
  const n = losses.length
  const feeds = auxiliaryFeeds(planAuxiliary(network, spec), n, (size) => new Float64Array(size))
  feeds.set(n, { share: 1, opens: true, detached: false })
  const half = Math.floor(n / 2)
  const { loss } = await evaluate(
    traced((g) => ({
      loss: rankingLoss(
        g,
        g.input('predicted', [n]),
        g.input('losses', [n]),
        g.input('pairs', [half, n]),
        g.input('pair weights', [half]),
        xi,
      ),
    })),
    { predicted: Float64Array.from(predicted), losses: Float64Array.from(losses), ...feeds.arrays },
  )
  return loss[0]
}

describe('ranking loss', () => {
  it('E8', async () => {
    expect(await ranking([0, 0.4, 0.3, -0.2], [0.2, 1.5, 0.9, 0.9])).toBeCloseTo(1.05, 12)
  })

  it('is 0 where gaps have the right sign and exceed the margin, and knows only the order of true losses (A§19.17)', async () => {
    expect(await ranking([3, 0, 2.5, 1.5], [9, 1, 8, 2])).toBe(0)
    const predicted = [0.3, -1, 0.2, 0.8, 0.1, 0]
    const losses = [0.4, 2, 0.1, 3, 0.2, 0.3]
    const value = await ranking(predicted, losses)
    expect(value).toBeGreaterThan(0)
    expect(
      await ranking(
        predicted.map((v) => v + 5),
        losses,
      ),
    ).toBeCloseTo(value, 12)
    expect(
      await ranking(
        predicted,
        losses.map((v) => Math.exp(v)),
      ),
    ).toBe(value)
  })

  it('leaves out the middle of an odd batch, and whatever is padding', () => {
    const feeds = auxiliaryFeeds(planAuxiliary(network, spec), 6, (size) => new Float64Array(size))
    const pairs = (count: number): number[][] => {
      feeds.set(count, { share: 1, opens: true, detached: false })
      return [0, 1, 2].map((i) => [...feeds.arrays.pairs.subarray(i * 6, (i + 1) * 6)])
    }
    const none = [0, 0, 0, 0, 0, 0]
    expect(pairs(5)).toEqual([[1, 0, 0, 0, -1, 0], [0, 1, 0, -1, 0, 0], none])
    expect([...feeds.arrays['pair weights']]).toEqual([0.5, 0.5, 0])
    expect(pairs(1)).toEqual([none, none, none])
    expect([...feeds.arrays['pair weights']]).toEqual([0, 0, 0])
    expect(pairs(6)[2]).toEqual([0, 0, 1, -1, 0, 0])
  })
})

describe('a training step', () => {
  const batch = 5
  const weights = (specs: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, normals(random.fork(name), shape)]))
  const target = new Float64Array(batch * 3)
  for (let i = 0; i < batch - 1; i++) target[i * 3 + (i % 3)] = 1 / (batch - 1) // the last row is padding
  const x = normals(random.fork('x'), [batch, 4])

  async function step(changed: Partial<AuxiliarySpec> | null, detached = false) {
    if (changed === null) return evaluate(traceStep(network, batch), { ...weights(network.state), x, target })
    const auxiliary = planAuxiliary(network, { ...spec, ...changed })
    const feeds = auxiliaryFeeds(auxiliary, batch, (size) => new Float64Array(size))
    feeds.set(batch - 1, { share: 0.25, opens: false, detached })
    const values = { ...weights([...network.state, ...auxiliary.state]), x, target, ...feeds.arrays }
    return evaluate(traceStep(network, batch, auxiliary), values)
  }

  it('leaves the network alone once detached, and trains the module on (A§19.16)', async () => {
    const plain = await step(null)
    const joint = await step({})
    const alone = await step({}, true)
    expect(joint.loss).toEqual(plain.loss)
    for (const { name } of network.parameters) expect(alone[`grad:${name}`]).toEqual(plain[`grad:${name}`])
    expect(joint['grad:0.weight']).not.toEqual(plain['grad:0.weight'])
    expect(joint['grad:4.weight']).toEqual(plain['grad:4.weight']) // behind the last tap
    for (const { name } of planAuxiliary(network, spec).trained) expect(alone[`grad:${name}`]).toEqual(joint[`grad:${name}`])
  })

  it.each(['rank', 'mse'] as const)('gives the derivatives of the weighted sum of both losses: %s', async (loss) => {
    const auxiliary = planAuxiliary(network, { ...spec, loss, lambda: 0.7 })
    const graph = traceStep(network, batch, auxiliary)
    const feeds = auxiliaryFeeds(auxiliary, batch, (size) => new Float64Array(size))
    feeds.set(batch - 1, { share: 1, opens: true, detached: false })
    const values: Record<string, FloatArray> = { ...weights([...network.state, ...auxiliary.state]), x, target, ...feeds.arrays }
    const total = async (): Promise<number> => {
      const outputs = await evaluate(graph, values)
      return outputs.loss[0] + 0.7 * outputs['buffer:auxiliary.epoch_loss'][0]
    }
    // The true losses count as constant: only ranking, which knows no more than their order, can be compared in the network too.
    for (const { name } of [...auxiliary.trained, ...(loss === 'rank' ? network.parameters : [])]) {
      const analytic = (await evaluate(graph, values))[`grad:${name}`]
      for (const i of [0, analytic.length - 1]) {
        const at = values[name][i]
        values[name][i] = at + 1e-6
        const above = await total()
        values[name][i] = at - 1e-6
        const below = await total()
        values[name][i] = at
        expect(Math.abs(analytic[i] - (above - below) / 2e-6)).toBeLessThan(1e-7)
      }
    }
  })

  it('adds its share to the epoch’s mean loss', async () => {
    const { 'buffer:auxiliary.epoch_loss': sum } = await step({})
    const before = weights(planAuxiliary(network, spec).state)['auxiliary.epoch_loss'][0]
    const { 'buffer:auxiliary.epoch_loss': again } = await step({ lambda: 3 })
    expect(again[0]).toBe(sum[0])
    expect(sum[0]).toBeGreaterThan(before)
  })
})

const options: FitOptions = {
  optimizer: 'adam',
  learningRate: 0.01,
  milestones: [],
  decay: 0.1,
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  batchSize: 8,
  epochs: 10,
  minSteps: 0,
  augment: 'none',
}

function problem(n: number, shape: readonly number[]): { readonly rows: Rows; readonly labels: Int32Array } {
  const data = normals(randomFrom('problem'), [n, sizeOf(shape)])
  return {
    rows: { pool: { data, rows: n, shape }, scaling: identityScaling, index: Int32Array.from({ length: n }, (_, i) => i) },
    labels: Int32Array.from({ length: n }, (_, i) => i % 3),
  }
}

const common = { dropout: 0, init: 'he-uniform' } as const
const networks = {
  mlp: [mlp, [4]],
  cnn: [layersOf({ type: 'cnn', filters: [2, 3], hidden: [], ...common }, [1, 4, 4], 3), [1, 4, 4]],
  resnet: [layersOf({ type: 'resnet', widths: [2, 3], blocks: 1, ...common }, [1, 4, 4], 3), [1, 4, 4]],
  cnn1d: [layersOf({ type: 'cnn1d', filters: [2, 3], kernel: 3, ...common }, [2, 6], 3), [2, 6]],
  vit: [layersOf({ type: 'vit', patch: 2, width: 4, depth: 2, heads: 2, ...common }, [1, 4, 4], 3), [1, 4, 4]],
} as const

const modelOf = (kind: keyof typeof networks, auxiliary?: AuxiliarySpec, executor: Executor = createReferenceExecutor()): Model => {
  const [layers, inputShape] = networks[kind]
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes: 3, ...(auxiliary ? { auxiliary } : {}) }, executor)
  model.initialize(randomFrom('weights'))
  return model
}

async function fitted(model: Model, { rows, labels }: ReturnType<typeof problem>, changed: Partial<FitOptions> = {}): Promise<FitSummary> {
  const streams = randomFrom('fit')
  const run = model.fit(
    rows,
    labels,
    { ...options, ...changed },
    {
      order: streams.fork('order'),
      dropout: streams.fork('dropout'),
      augment: streams.fork('augment'),
    },
  )
  for (;;) {
    const next = await run.next()
    if (next.done) return next.value
  }
}

describe('a model with a module', () => {
  const data = problem(29, [4])

  it('starts from the weights of one without, whose training a module detached from the start does not touch', async () => {
    const [plain, joint] = [modelOf('mlp'), modelOf('mlp', { ...spec, detachAt: 0 })]
    const count = plain.state.length
    expect((await joint.snapshot()).slice(0, count)).toEqual(await plain.snapshot())
    const [first, second] = [await fitted(plain, data), await fitted(joint, data)]
    expect((await joint.snapshot()).slice(0, count)).toEqual(await plain.snapshot())
    expect(second.lossCurve).toEqual(first.lossCurve)
    expect(first.auxiliaryLoss).toBeUndefined()
    expect(second.auxiliaryLoss).toBeGreaterThan(0)
    expect((await plain.lastLayer()).weight).toEqual((await joint.lastLayer()).weight)
    expect((await joint.tensorNorms(data.rows)).squared).toEqual((await plain.tensorNorms(data.rows)).squared)
  })

  it('does not enter the entropy gradient: without it the trained network scores alike (A§19.18)', async () => {
    const [plain, joint] = [modelOf('mlp'), modelOf('mlp', spec)]
    await fitted(joint, data)
    plain.restore((await joint.snapshot()).slice(0, plain.state.length))
    expect((await plain.tensorNorms(data.rows)).squared).toEqual((await joint.tensorNorms(data.rows)).squared)
  })

  it('learns to rank and to predict losses', async () => {
    for (const loss of ['rank', 'mse'] as const) {
      const model = modelOf('mlp', { ...spec, loss })
      const early = await fitted(model, data, { epochs: 1 })
      model.initialize(randomFrom('weights'))
      const late = await fitted(model, data, { epochs: 60 })
      expect(late.auxiliaryLoss).toBeLessThan(early.auxiliaryLoss as number)
      expect(model.capabilities.has('lossPrediction')).toBe(true)
      expect((await model.predictedLosses?.(data.rows))?.every(Number.isFinite)).toBe(true)
    }
  })

  it('leaves the mean over the last epoch’s samples as its loss', async () => {
    // One epoch at rate 1e-300 changes nothing, so the loss can be computed from the model as it is.
    const model = modelOf('mlp', { ...spec, loss: 'mse' })
    const { auxiliaryLoss } = await fitted(model, data, { epochs: 1, optimizer: 'sgd', learningRate: 1e-300 })
    const predicted = (await model.predictedLosses?.(data.rows)) as Float64Array
    const { logits } = await model.outputs(data.rows)
    let sum = 0
    for (let i = 0; i < 29; i++) {
      const row = [...rowOf(logits, i)]
      const loss = Math.log(row.reduce((total, z) => total + Math.exp(z), 0)) - row[data.labels[i]]
      sum += (predicted[i] - loss) ** 2
    }
    expect(auxiliaryLoss).toBeCloseTo(sum / 29, 10)
  })

  it.each([
    ['mlp', 'all', 4],
    ['mlp', 'first', 2],
    ['cnn', 'last', 4],
    ['resnet', 'first', 9],
    ['cnn1d', 'all', 6],
    ['vit', 'first', 15],
  ] as const)('gives the gradient of predicted losses for a %s, taps %s', async (kind, taps, reached) => {
    const given = problem(3, networks[kind][1])
    const model = modelOf(kind, { ...spec, taps })
    const weights = await model.snapshot()
    for (const values of weights) for (let j = 0; j < values.length; j++) values[j] += 0.1 * random.normal() // off the kinks of biases of 0
    model.restore(weights)
    const squared = await model.predictedLossNorms?.(given.rows)
    const place = new Map(model.state.map(({ name }, s) => [name, s]))
    for (const [t, { name, shape }] of model.parameters.entries()) {
      const own = weights[place.get(name) as number]
      const sums = new Float64Array(3)
      for (let j = 0; j < sizeOf(shape); j++) {
        const at = own[j]
        const nudged = async (by: number): Promise<Float64Array> => {
          own[j] = at + by
          model.restore(weights)
          return (await model.predictedLosses?.(given.rows)) as Float64Array
        }
        const [above, below] = [await nudged(1e-6), await nudged(-1e-6)]
        own[j] = at
        for (let i = 0; i < 3; i++) sums[i] += ((above[i] - below[i]) / 2e-6) ** 2
      }
      const found = Array.from({ length: 3 }, (_, i) => squared?.data[i * model.parameters.length + t])
      if (t >= reached) expect(found).toEqual([0, 0, 0])
      else found.forEach((value, i) => expect(Math.abs((value as number) - sums[i])).toBeLessThan(1e-5 * Math.max(1, sums[i])))
    }
  })

  it.each([
    ['onnx-native', 'cnn'],
    ['onnx-native', 'resnet'],
    ['onnx-native', 'vit'],
    ['onnx-wasm', 'cnn1d'],
    ['tfjs', 'cnn'],
  ] as const)('trains alike on %s: %s', async (backend, kind) => {
    const given = problem(11, networks[kind][1])
    await tf.setBackend('cpu')
    const executor = await (backend === 'tfjs' ? createTfjsExecutor(tf, { device: 'CPU' }) : createExecutor(backend))
    const [theirs, ours] = [modelOf(kind, spec, executor), modelOf(kind, spec)]
    const short = { epochs: 3, optimizer: 'sgd', learningRate: 0.02 } as const
    const [found, expected] = [await fitted(theirs, given, short), await fitted(ours, given, short)]
    const [loss, expectedLoss] = [found.auxiliaryLoss as number, expected.auxiliaryLoss as number]
    expect(Math.abs(loss - expectedLoss)).toBeLessThan(1e-4 * expectedLoss)
    const [a, b] = [await theirs.predictedLosses?.(given.rows), await ours.predictedLosses?.(given.rows)]
    expect(relativeError(a as Float64Array, b as Float64Array)).toBeLessThan(1e-4)
    theirs.dispose()
    executor.dispose()
  })

  it('is refused without hidden activations, and for batches too large to pair', async () => {
    const linear = layersOf({ type: 'linear', init: 'he-uniform' }, [4], 3)
    const create = () =>
      createModel({ layers: linear, init: 'he-uniform', inputShape: [4], classes: 3, auxiliary: spec }, createReferenceExecutor())
    expect(create).toThrow('hidden activations')
    expect(() => auxiliaryFeeds(planAuxiliary(network, spec), 4097, (size) => new Float64Array(size))).toThrow('4096')
  })
})
