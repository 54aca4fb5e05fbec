import { createExecutor } from '@backends/registry'
import { randomFrom } from '@engine/core/random'
import type { Pool, Rows } from '@engine/data/dataset'
import { createBuilder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import { sizeOf } from '@engine/graph/ir'
import { createModel } from '@engine/nn/createModel'
import type { BackendId, Executor } from '@engine/nn/executor'
import { entropy } from '@engine/nn/losses'
import { forward, planNetwork, type Network } from '@engine/nn/network'
import type { FitOptions, LayerSpec } from '@engine/nn/model'
import { benchResult, type BenchResult } from './result'

export interface TrainingBenchOptions {
  /** measured one after the other; onnx-native and onnx-wasm by default */
  readonly backends?: readonly BackendId[]
  /** repetitions behind each median; 9 by default */
  readonly runs?: number
}

const classes = 10
const batch = 64
const mlp: LayerSpec[] = [{ type: 'dense', units: 256 }, { type: 'relu' }, { type: 'dense', units: classes }]
const cnn: LayerSpec[] = [
  { type: 'conv2d', filters: 16, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu' },
  { type: 'conv2d', filters: 32, kernel: 3, padding: 1 },
  { type: 'maxpool2d', size: 2 },
  { type: 'relu' },
  { type: 'flatten' },
  { type: 'dense', units: classes },
]
/** `steps` per repetition: enough for a clock, few enough for many repetitions. */
const trainings = [
  { name: 'train-mlp-b64', layers: mlp, shape: [784], steps: 100, size: '784-256-10, batch 64, Adam, 1 thread' },
  {
    name: 'train-cnn-b64',
    layers: cnn,
    shape: [1, 28, 28],
    steps: 20,
    size: '1×28×28, 3×3×16, pool, 3×3×32, pool, dense 10, batch 64, Adam, 1 thread',
  },
] as const

/** Training speed through the model's own loop on each backend. */
export const trainingBench = ({ backends, runs = 9 }: TrainingBenchOptions = {}): Promise<BenchResult[]> =>
  onEach(backends, async (executor) => {
    const results: BenchResult[] = []
    for (const training of trainings) results.push(await timeTraining(executor, training, runs))
    return results
  })

/** Whole-network gradient norms on each backend. */
export const gradientBench = ({ backends, runs = 9 }: TrainingBenchOptions = {}): Promise<BenchResult[]> =>
  onEach(backends, async (executor) => {
    const results: BenchResult[] = []
    for (const norms of normsOf) results.push(await timeNorms(executor, norms, runs))
    return results
  })

async function onEach(
  backends: readonly BackendId[] = ['onnx-native', 'onnx-wasm'],
  measure: (executor: Executor) => Promise<BenchResult[]>,
): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const id of backends) {
    const executor = await createExecutor(id)
    results.push(...(await measure(executor)))
    executor.dispose()
  }
  return results
}

async function timeTraining(
  executor: Executor,
  { name, layers, shape, steps, size }: (typeof trainings)[number],
  runs: number,
): Promise<BenchResult> {
  const model = createModel({ layers, init: 'he-uniform', inputShape: shape, classes }, executor)
  const random = randomFrom('bench').fork(name)
  model.initialize(random.fork('weights'))
  const rows = noise(steps * batch, shape)
  const labels = Int32Array.from(rows.index, () => random.int(classes))
  const warmUp = 2
  const options: FitOptions = {
    optimizer: 'adam',
    learningRate: 1e-3,
    milestones: [],
    decay: 1,
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    batchSize: batch,
    epochs: warmUp + runs,
    minSteps: 0,
    augment: 'none',
  }
  const streams = { order: random.fork('order'), dropout: random.fork('dropout'), augment: random.fork('augment') }
  const times: number[] = []
  let last = performance.now()
  for await (const { epoch } of model.fit(rows, labels, options, streams)) {
    const now = performance.now()
    if (epoch >= warmUp) times.push((now - last) / steps)
    last = now
  }
  model.dispose()
  const result = benchResult(name, size, times)
  return { ...result, unit: 'ms per step', backend: executor.id, samplesPerSecond: Math.round((1000 * batch) / result.ms) }
}

const rowsOfNorms = 10_000
/** Few enough to wait for: one backward pass each. */
const rowsOneByOne = 100

const normsOf = [
  { name: 'entropy-gradnorm-all-10k', layers: mlp, shape: [784], size: '10,000 × 784-256-10, every layer' },
  {
    name: 'entropy-gradnorm-cnn-10k',
    layers: cnn,
    shape: [1, 28, 28],
    size: '10,000 × 1×28×28, 3×3×16, pool, 3×3×32, pool, dense 10, every layer',
  },
] as const

async function timeNorms(executor: Executor, { name, layers, shape, size }: (typeof normsOf)[number], runs: number): Promise<BenchResult> {
  const model = createModel({ layers, init: 'he-uniform', inputShape: shape, classes }, executor)
  model.initialize(randomFrom('bench').fork('norms'))
  const rows = noise(rowsOfNorms, shape)
  const times: number[] = []
  for (let run = -1; run < runs; run++) {
    const start = performance.now()
    await model.tensorNorms(rows)
    if (run >= 0) times.push(performance.now() - start)
  }
  model.dispose()
  const result = benchResult(name, size, times)
  const oneByOne = await timeOneByOne(executor, planNetwork(layers, shape, classes))
  return { ...result, backend: executor.id, onePassPerSample_ms: oneByOne, timesFaster: Math.round(oneByOne / result.ms) }
}

/** Milliseconds that one backward pass per sample would take for all rows. */
async function timeOneByOne(executor: Executor, network: Network): Promise<number> {
  const g = createBuilder()
  const { logits, parameters: values } = forward(g, network, 1, { mode: 'inference' })
  const specs = network.parameters
  gradients(g, g.reduceSum(entropy(g, logits)), values).forEach((gradient, i) => g.output(specs[i].name, gradient))

  const random = randomFrom('bench').fork('one by one')
  const parameters = executor.parameters(specs)
  const draw = (size: number, scale: number) => executor.allocate(size).map(() => random.normal() * scale)
  parameters.write(specs.map(({ shape }) => draw(sizeOf(shape), 0.05)))
  const program = await executor.compile(g.build(), parameters)
  const x = draw(sizeOf(network.inputShape), 1)
  const outputs = Object.fromEntries(specs.map(({ name, shape }) => [name, executor.allocate(sizeOf(shape))]))
  const pass = async (): Promise<number> => {
    await program.run({ x }, outputs)
    let squared = 0
    for (const array of Object.values(outputs)) for (const value of array) squared += value * value
    return Math.sqrt(squared)
  }
  await pass()
  const start = performance.now()
  for (let i = 0; i < rowsOneByOne; i++) await pass()
  const elapsed = performance.now() - start
  program.dispose()
  parameters.dispose()
  return (elapsed / rowsOneByOne) * rowsOfNorms
}

/** Rows of random bytes, scaled to [0, 1]. */
function noise(count: number, shape: readonly number[]): Rows {
  const random = randomFrom('bench').fork('noise')
  const pool: Pool = { data: Uint8Array.from({ length: count * sizeOf(shape) }, () => random.int(256)), rows: count, shape }
  return {
    pool,
    scaling: { shift: Float64Array.of(0), scale: Float64Array.of(1 / 255) },
    index: Int32Array.from({ length: count }, (_, i) => i),
  }
}
