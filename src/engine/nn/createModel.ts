import type { FloatArray } from '../core/matrix'
import { matrix, rowOf } from '../core/matrix'
import { createSampledPasses } from './dropout'
import type { Executor } from './executor'
import { drawWeights } from './initialize'
import type { Capability, LayerSpec, Model, WeightInit } from './model'
import { planNetwork, traceEntropyNorms, traceOutputs } from './network'
import { createRowProgram } from './rowProgram'
import { train } from './training'

export interface ModelConfig {
  readonly layers: readonly LayerSpec[]
  readonly init: WeightInit
  /** [d] for vectors, [channels, height, width] for images */
  readonly inputShape: readonly number[]
  readonly classes: number
  /** Lets the host's event loop run (a busy loop of microtasks never receives a cancel message). */
  readonly pause?: () => Promise<void>
  /** Milliseconds; with it, `pause` is awaited about every 20 ms instead of after every step. */
  readonly now?: () => number
}

/** A sequential classifier on an executor, with weights of 0 until `initialize` or `restore`. Throws `bad-input` when layers do not fit. */
export function createModel(config: ModelConfig, executor: Executor): Model {
  const network = planNetwork(config.layers, config.inputShape, config.classes)
  const parameters = executor.parameters(network.parameters)
  const pause = paced(config)
  const inference = createRowProgram((batch) => traceOutputs(network, batch), executor, parameters, pause)
  const norms = createRowProgram((batch) => traceEntropyNorms(network, batch), executor, parameters, pause)
  const sampled = network.masks.length > 0 ? createSampledPasses(network, executor, parameters, pause) : undefined
  const alone = inTurn()

  const outputs: Model['outputs'] = (rows, signal) =>
    alone(async () => {
      const n = rows.index.length
      const logits = matrix(executor.allocate(n * network.classes), n, network.classes)
      const embedding = matrix(executor.allocate(n * network.embeddingSize), n, network.embeddingSize)
      await inference.run(
        rows,
        (chunk, from, count) => {
          for (const [result, part] of [[logits, chunk.logits] as const, [embedding, chunk.embedding] as const])
            result.data.set(part.subarray(0, count * result.cols), from * result.cols)
        },
        signal,
      )
      return { logits, embedding }
    })

  return {
    capabilities: new Set<Capability>(['proba', 'embedding', 'lastLayer', 'tensorNorms', ...(sampled ? ['sampledProba' as const] : [])]),
    classes: network.classes,
    parameters: network.parameters,
    initialize: (random) => parameters.write(drawWeights(network.layers, config.init, random, (size) => executor.allocate(size))),
    outputs,

    async *fit(rows, labels, options, random, signal) {
      const summary = yield* train(network, executor, parameters, rows, labels, options, random, pause, signal)
      const { logits } = await outputs(rows, signal)
      let hits = 0
      for (let i = 0; i < logits.rows; i++) if (argMax(rowOf(logits, i)) === labels[i]) hits++
      return { ...summary, accuracy: hits / logits.rows }
    },

    tensorNorms: (rows, signal) =>
      alone(async () => {
        const n = rows.index.length
        const tensors = network.parameters.map(({ name }) => name)
        const squared = matrix(new Float64Array(n * tensors.length), n, tensors.length)
        const outputError = new Float64Array(n)
        await norms.run(
          rows,
          (chunk, from, count) => {
            squared.data.set(chunk.squared.subarray(0, count * squared.cols), from * squared.cols)
            for (let i = 0; i < count; i++) outputError[from + i] = Math.sqrt(chunk.errorSquared[i])
          },
          signal,
        )
        return { squared, outputError, tensors }
      }),

    ...(sampled && { sampledProbabilities: (rows, passes, random, signal) => alone(() => sampled.run(rows, passes, random, signal)) }),

    lastLayer: async () => {
      const values = await parameters.read()
      const last = network.layers[network.layers.length - 1].parameters.length
      const [weight, bias = executor.allocate(network.classes)] = values.slice(-last)
      return { weight: matrix(weight, network.classes, network.embeddingSize), bias }
    },

    snapshot: () => parameters.read(),
    restore: (weights) => parameters.write(weights),
    dispose: () => {
      inference.dispose()
      norms.dispose()
      sampled?.dispose()
      parameters.dispose()
    },
  }
}

/** Buffers of a compiled graph are shared by its runs, so callers that overlap wait for each other. */
function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work, work)
    last = result
    return result
  }
}

function paced({ pause, now }: Pick<ModelConfig, 'pause' | 'now'>): () => Promise<void> {
  if (pause === undefined) return async () => {}
  let last = now?.() ?? 0
  return async () => {
    if (now !== undefined && now() - last < 20) return
    await pause()
    if (now !== undefined) last = now()
  }
}

/** Position of the largest value; the lower one wins a tie. */
function argMax(values: FloatArray): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
