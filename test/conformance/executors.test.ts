import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { createExecutor } from '@backends/registry'
import { createTfjsExecutor } from '@backends/tfjs/executor'
import type { FloatArray } from '@engine/core/matrix'
import { randomFrom, type Random } from '@engine/core/random'
import { createBuilder } from '@engine/graph/builder'
import { sizeOf, type Graph, type PrimitiveName } from '@engine/graph/ir'
import { backendIds, type BackendId, type Executor, type OptimizerRule } from '@engine/nn/executor'
import { layersOf } from '@engine/nn/architectures'
import { drawWeights } from '@engine/nn/initialize'
import type { LayerSpec } from '@engine/nn/model'
import { planNetwork, traceEntropyNorms, traceOutputs, traceStep } from '@engine/nn/network'
import { primitiveCases } from '../support/primitiveCases'

/** How each backend is made here; tfjs computes on its JavaScript backend, which has the same operations. */
const executors: Readonly<Record<BackendId, () => Promise<Executor>>> = {
  'onnx-native': () => createExecutor('onnx-native'),
  'onnx-wasm': () => createExecutor('onnx-wasm'),
  tfjs: async () => {
    await tf.setBackend('cpu')
    return createTfjsExecutor(tf, { device: 'CPU (JavaScript)' })
  },
  reference: () => createExecutor('reference'),
}

it('covers every backend', () => {
  expect(Object.keys(executors).sort()).toEqual([...backendIds].sort())
})

const adam: OptimizerRule = { type: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }
const rules: readonly OptimizerRule[] = [
  { type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 },
  { type: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 1e-3 },
  { type: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
  { ...adam, weightDecay: 1e-2 },
  { ...adam, type: 'adamw', weightDecay: 1e-1 },
]

const mlp: LayerSpec[] = [{ type: 'dense', units: 20 }, { type: 'relu' }, { type: 'dense', units: 5 }]
const cnn: LayerSpec[] = [
  { type: 'conv2d', filters: 4, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu' },
  { type: 'conv2d', filters: 6, kernel: 3, stride: 2 },
  { type: 'tanh' },
  { type: 'flatten' },
  { type: 'dense', units: 5 },
]
/** Enough channels for patches that keep them together. */
const wide: LayerSpec[] = [
  { type: 'conv2d', filters: 9, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu' },
  { type: 'conv2d', filters: 12, kernel: 3, stride: 2, padding: 2 },
  { type: 'relu' },
  { type: 'conv2d', filters: 8, kernel: 2 },
  { type: 'flatten' },
  { type: 'dense', units: 5 },
]
const groups: LayerSpec[] = [
  { type: 'conv2d', filters: 6, kernel: 3, padding: 1 },
  { type: 'groupnorm', groups: 3 },
  { type: 'relu' },
  { type: 'flatten' },
  { type: 'dense', units: 5 },
]
const text: LayerSpec[] = [
  { type: 'embedding', rows: 3, width: 8 },
  { type: 'position' },
  { type: 'attention', heads: 2 },
  { type: 'tokenmean' },
  { type: 'dense', units: 5 },
]
const models = {
  resnet: { type: 'resnet', widths: [4, 6], blocks: 1 },
  cnn1d: { type: 'cnn1d', filters: [4, 5], kernel: 5 },
  vit: { type: 'vit', patch: 2, width: 8, depth: 1, heads: 2 },
} as const
const modelOf = (name: keyof typeof models, inputShape: number[]) =>
  planNetwork(layersOf({ ...models[name], dropout: 0, init: 'he-uniform' }, inputShape, 5), inputShape, 5)
const networks = {
  mlp: planNetwork(mlp, [30], 5),
  cnn: planNetwork(cnn, [2, 11, 10], 5),
  wide: planNetwork(wide, [2, 11, 8], 5),
  resnet: modelOf('resnet', [1, 8, 6]),
  cnn1d: modelOf('cnn1d', [2, 12]),
  vit: modelOf('vit', [1, 6, 4]),
  groups: planNetwork(groups, [2, 6, 5], 5),
  text: planNetwork(text, [9], 5),
}
type NetworkName = keyof typeof networks
const names = Object.keys(networks) as NetworkName[]

function numbers(r: Random, size: number, domain?: 'positive' | 'integers'): Float32Array {
  const draw = { positive: () => 0.1 + 2 * r.next(), integers: () => r.int(3) - 1, normal: () => r.normal() }[domain ?? 'normal']
  return Float32Array.from({ length: size }, draw)
}

/** Largest difference relative to the largest number. */
function relativeError(found: FloatArray, expected: FloatArray): number {
  let [worst, scale] = [0, 0]
  for (const [i, value] of expected.entries()) {
    scale = Math.max(scale, Math.abs(value))
    worst = Math.max(worst, Math.abs(found[i] - value))
    if (Number.isNaN(found[i]) !== Number.isNaN(value)) return Infinity
  }
  return worst / (scale || 1)
}

const as = (executor: Executor, values: FloatArray): FloatArray => {
  const array = executor.allocate(values.length)
  array.set(values)
  return array
}

type Arrays = Readonly<Record<string, FloatArray>>

async function evaluate(
  executor: Executor,
  graph: Graph,
  feeds: Arrays,
  weights?: { specs: (typeof networks)['mlp']['state']; values: FloatArray[] },
) {
  const parameters = executor.parameters(weights?.specs ?? [])
  parameters.write((weights?.values ?? []).map((values) => as(executor, values)))
  const program = await executor.compile(graph, parameters)
  const outputs = Object.fromEntries([...graph.outputs].map(([name, { shape }]) => [name, executor.allocate(sizeOf(shape))]))
  await program.run(Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, as(executor, values)])), outputs)
  program.dispose()
  parameters.dispose()
  return outputs
}

const batch = 8

/** Weights and minibatches that are the same for every executor. */
function task(name: NetworkName, steps: number, seed = 1) {
  const network = networks[name]
  const r = randomFrom(seed)
  const values = drawWeights(network.layers, 'he-uniform', r.fork('weights'), (size) => new Float32Array(size))
  const feeds = Array.from({ length: steps }, (_, step) => {
    const own = r.fork('step', step)
    const target = new Float32Array(batch * 5)
    for (let i = 0; i < batch - 1; i++) target[i * 5 + own.int(5)] = 1 / (batch - 1)
    // Few distinct inputs, so that pooling windows hold ties.
    const x = numbers(own, batch * network.inputShape.reduce((a, b) => a * b, 1), 'integers')
    return { x: name === 'text' ? x.map((value) => value + 1) : x, target }
  })
  return { network, values, feeds }
}

async function trained(
  executor: Executor,
  name: NetworkName,
  rule: OptimizerRule,
  steps: number,
  { distinct = steps, rates }: { distinct?: number; rates?: readonly number[] } = {},
) {
  const { network, values, feeds } = task(name, distinct)
  const parameters = executor.parameters(network.state)
  parameters.write(values.map((array) => as(executor, array)))
  const program = await executor.compileStep(traceStep(network, batch), parameters, rule, rates)
  const x = executor.allocate(feeds[0].x.length)
  const target = executor.allocate(feeds[0].target.length)
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    x.set(feeds[step % distinct].x)
    target.set(feeds[step % distinct].target)
    losses.push(await program.step({ x, target }, 0.01))
  }
  const moments = await program.moments()
  program.dispose()
  const weights = await parameters.read()
  parameters.dispose()
  return { losses, weights, moments }
}

const oracle = createReferenceExecutor()

describe.each(backendIds)('%s', (id) => {
  let executor: Executor
  beforeAll(async () => {
    executor = await executors[id]()
  })
  afterAll(() => executor.dispose())

  it('says what it is', () => {
    expect(executor.id).toBe(id)
    expect(executor.device).not.toBe('')
    expect(executor.threads).toBe(1)
    expect(executor.allocate(3)).toBeInstanceOf(executor.precision === 'float64' ? Float64Array : Float32Array)
  })

  it.each(Object.keys(primitiveCases) as PrimitiveName[])('computes %s', async (op) => {
    const r = randomFrom(`primitive ${op}`)
    const g = createBuilder()
    const feeds: Record<string, FloatArray> = {}
    for (let draw = 0; draw < 8; draw++) {
      const { inputs, domain, trace } = primitiveCases[op](r)
      const values = inputs.map((shape, i) => {
        const name = `${draw}.${i}`
        feeds[name] = numbers(r, sizeOf(shape), domain)
        return g.input(name, shape)
      })
      g.output(String(draw), trace(g, values))
    }
    const graph = g.build()
    const [found, expected] = [await evaluate(executor, graph, feeds), await evaluate(oracle, graph, feeds)]
    for (const name of graph.outputs.keys()) expect(relativeError(found[name], expected[name]), `draw ${name}`).toBeLessThan(2e-6)
  })

  it.each(names)('trains a small %s as float64 does', async (name) => {
    // Adam makes whole steps of the rounding in gradients that are 0, as those of an attention's key biases are.
    const [rule, tolerance] = name in models || name === 'text' ? ([rules[1], 2e-5] as const) : ([adam, 5e-6] as const)
    const [found, expected] = [await trained(executor, name, rule, 20), await trained(oracle, name, rule, 20)]
    for (const [i, weights] of expected.weights.entries())
      expect(relativeError(found.weights[i], weights), networks[name].state[i].name).toBeLessThan(tolerance)
    for (const [i, loss] of expected.losses.entries()) expect(found.losses[i]).toBeCloseTo(loss, 4)
  })

  it('hands out the moments of Adam, and none of other rules', async () => {
    const [found, expected] = [(await trained(executor, 'mlp', adam, 7)).moments, (await trained(oracle, 'mlp', adam, 7)).moments]
    expect(found?.step).toBe(7)
    for (const kind of ['first', 'second'] as const) {
      expect(found?.[kind].map(({ length }) => length)).toEqual(
        networks.mlp.parameters.map(({ shape }) => shape.reduce((a, b) => a * b, 1)),
      )
      expected?.[kind].forEach((values, t) => expect(relativeError(found?.[kind][t] ?? new Float64Array(0), values)).toBeLessThan(1e-4))
    }
    expect((await trained(executor, 'mlp', rules[0], 1)).moments).toBeNull()
  })

  it.each(rules)('applies %o', async (rule) => {
    const [found, expected] = [await trained(executor, 'mlp', rule, 6), await trained(oracle, 'mlp', rule, 6)]
    for (const [i, weights] of expected.weights.entries()) expect(relativeError(found.weights[i], weights)).toBeLessThan(5e-6)
  })

  it.each(rules)('lets parameters learn at rates of their own: %o', async (rule) => {
    const rates = networks.cnn.parameters.map((_, i) => [1, 1, 0.1, 3][i % 4])
    const [found, expected] = [await trained(executor, 'cnn', rule, 6, { rates }), await trained(oracle, 'cnn', rule, 6, { rates })]
    for (const [i, weights] of expected.weights.entries()) expect(relativeError(found.weights[i], weights)).toBeLessThan(2e-5)
    const equal = await trained(oracle, 'cnn', rule, 6)
    equal.weights.forEach((weights, i) => expect(relativeError(expected.weights[i], weights)).toBeGreaterThan(1e-5))
  })

  it.each(names)('gives outputs and per-sample norms of a %s', async (name) => {
    const { network, values, feeds } = task(name, 1)
    const weights = { specs: network.state, values }
    for (const graph of [traceOutputs(network, batch), traceEntropyNorms(network, batch)]) {
      const [found, expected] = [
        await evaluate(executor, graph, { x: feeds[0].x }, weights),
        await evaluate(oracle, graph, { x: feeds[0].x }, weights),
      ]
      for (const output of graph.outputs.keys()) expect(relativeError(found[output], expected[output]), output).toBeLessThan(5e-6)
    }
  })

  it('gives the same bits twice', async () => {
    const [first, second] = [await trained(executor, 'cnn', adam, 5), await trained(executor, 'cnn', adam, 5)]
    expect(second).toEqual(first)
  })

  it('keeps no number that is or becomes denormal', async () => {
    // loss = Σ xᵢ·pᵢ, so that the feed is the gradient; rates are so large that a kept remnant would move the parameter.
    const g = createBuilder()
    const x = g.input('x', [3])
    g.output('loss', g.reduceSum(g.mul(x, g.parameter('p', [3]))))
    g.output('grad:p', g.mul(x, g.constant(1)))
    const graph = g.build()
    const run = async (rule: OptimizerRule, steps: readonly (readonly [gradient: number, rate: number])[]) => {
      const parameters = executor.parameters([{ name: 'p', shape: [3] }])
      const program = await executor.compileStep(graph, parameters, rule)
      const before = []
      for (const [gradient, rate] of steps) {
        before.push((await parameters.read())[0][1])
        await program.step({ x: executor.allocate(3).fill(gradient) }, rate)
      }
      const [after] = await parameters.read()
      program.dispose()
      parameters.dispose()
      return { last: before.at(-1), after: after[1] }
    }
    const decaying = (count: number, rate: number) =>
      Array.from({ length: count }, (_, i) => [i === 0 ? 1 : 0, i + 1 === count ? rate : 0] as const)
    const cases = [
      await run({ type: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 }, [[1e-19, 1e19]]),
      await run({ type: 'sgd', momentum: 0.5, nesterov: false, weightDecay: 0 }, decaying(110, 1e34)),
      await run(adam, decaying(700, 1e34)),
    ]
    for (const { last, after } of cases) expect(after).toBe(last)
    const kept = await run({ type: 'sgd', momentum: 0.5, nesterov: false, weightDecay: 0 }, decaying(90, 1e27))
    expect(kept.after).not.toBe(kept.last)
  })

  it('memorises data for 2,000 steps without denormal weights', async () => {
    // tfjs' JavaScript backend is too slow for all of them.
    const { losses, weights } = await trained(executor, 'mlp', adam, id === 'tfjs' ? 300 : 2000, { distinct: 2 })
    expect(losses.at(-1)).toBeLessThan(id === 'tfjs' ? 1e-2 : 1e-4)
    const least = 2 ** -126
    for (const array of weights) for (const value of array) if (value !== 0) expect(Math.abs(value)).toBeGreaterThanOrEqual(least)
  })

  it('keeps step programs of one model apart', async () => {
    const { network, values, feeds } = task('mlp', 1)
    const once = async (rule: OptimizerRule, others: number) => {
      const parameters = executor.parameters(network.state)
      parameters.write(values.map((array) => as(executor, array)))
      const spare = []
      for (let i = 0; i < others; i++) spare.push(await executor.compileStep(traceStep(network, batch), parameters, adam))
      const program = await executor.compileStep(traceStep(network, batch), parameters, rule)
      const own = { x: as(executor, feeds[0].x), target: as(executor, feeds[0].target) }
      const loss = await program.step(own, 0.01)
      // The parameters are there for the other programs too, wherever the memory has moved.
      const next = spare.length > 0 ? await spare[0].step(own, 0) : await program.step(own, 0)
      for (const other of spare) other.dispose()
      program.dispose()
      return { loss, next, weights: await parameters.read() }
    }
    expect(await once(rules[0], 3)).toEqual(await once(rules[0], 0))
  })

  it('releases what it made', async () => {
    const own = await executors[id]()
    const tensors = tf.memory().numTensors
    const { network, values, feeds } = task('mlp', 1)
    const parameters = own.parameters(network.state)
    parameters.write(values.map((array) => as(own, array)))
    const program = await own.compile(traceOutputs(network, batch), parameters)
    const step = await own.compileStep(traceStep(network, batch), parameters, adam)
    const x = as(own, feeds[0].x)
    const outputs = { logits: own.allocate(batch * 5), embedding: own.allocate(batch * 20) }
    for (let i = 0; i < 3; i++) {
      await program.run({ x }, outputs)
      await step.step({ x, target: as(own, feeds[0].target) }, 0.01)
    }
    step.dispose()
    step.dispose()
    own.dispose()
    if (id.startsWith('onnx')) await expect(program.run({ x }, outputs)).rejects.toThrow()
    expect(tf.memory().numTensors).toBe(tensors)
  })

  it('refuses arrays that do not fit', async () => {
    const { network } = task('mlp', 1)
    const parameters = executor.parameters(network.state)
    const program = await executor.compile(traceOutputs(network, batch), parameters)
    const outputs = { logits: executor.allocate(batch * 5), embedding: executor.allocate(batch * 20) }
    await expect(program.run({}, outputs)).rejects.toThrow(/x/)
    await expect(program.run({ x: executor.allocate(3) }, outputs)).rejects.toThrow(/x/)
    program.dispose()
    parameters.dispose()
  })
})
