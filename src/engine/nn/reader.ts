import { matrix, type FloatArray } from '../core/matrix'
import { createSampledPasses } from './dropout'
import type { Executor, Parameters } from './executor'
import { collect, createGradients } from './gradientReader'
import type { Capability, Reader } from './model'
import { traceEntropyNorms, traceOutputs, type Network } from './network'
import { createRowProgram, type RowProgram } from './rowProgram'

/** A reader that frees its programs, not its parameters. */
export interface OwnedReader extends Reader {
  dispose(): void
}

/** What the weights in `parameters` say about rows. Each graph is compiled when it is first asked for. */
export function createReader(network: Network, executor: Executor, parameters: Parameters, pause: () => Promise<void>): OwnedReader {
  const { classes, embeddingSize } = network
  const programs: { dispose(): void }[] = []
  const program = (trace: (network: Network, batch: number) => ReturnType<typeof traceOutputs>): RowProgram => {
    const created = createRowProgram((batch) => trace(network, batch), executor, parameters, pause)
    programs.push(created)
    return created
  }
  const inference = program(traceOutputs)
  const entropyNorms = program(traceEntropyNorms)
  const sampled = network.masks.length > 0 ? createSampledPasses(network, executor, parameters, pause) : undefined
  if (sampled !== undefined) programs.push(sampled)
  const alone = inTurn()
  const gradients = createGradients(network, executor, parameters, pause, alone)
  programs.push(gradients)

  return {
    capabilities: new Set<Capability>([
      'proba',
      'embedding',
      'lastLayer',
      'tensorNorms',
      'gradients',
      ...(sampled ? ['sampledProba' as const] : []),
    ]),
    classes,
    parameters: network.parameters,

    outputs: (rows, signal) =>
      alone(async () => {
        const n = rows.index.length
        const logits = matrix(executor.allocate(n * classes), n, classes)
        const embedding = matrix(executor.allocate(n * embeddingSize), n, embeddingSize)
        await inference.run(
          rows,
          (chunk, from, count) => {
            collect(logits, chunk.logits, from, count)
            collect(embedding, chunk.embedding, from, count)
          },
          signal,
        )
        return { logits, embedding }
      }),

    tensorNorms: (rows, signal) =>
      alone(async () => {
        const n = rows.index.length
        const tensors = network.parameters.map(({ name }) => name)
        const squared = matrix(new Float64Array(n * tensors.length), n, tensors.length)
        const outputError = new Float64Array(n)
        await entropyNorms.run(
          rows,
          (chunk, from, count) => {
            collect(squared, chunk.squared, from, count)
            for (let i = 0; i < count; i++) outputError[from + i] = Math.sqrt(chunk.errorSquared[i])
          },
          signal,
        )
        return { squared, outputError, tensors }
      }),

    gradientNorms: gradients.gradientNorms,
    meanGradient: gradients.meanGradient,
    logitTangents: gradients.logitTangents,
    adamProducts: gradients.adamProducts,
    projectedGradients: gradients.projectedGradients,

    ...(sampled && { sampledProbabilities: (rows, passes, random, signal) => alone(() => sampled.run(rows, passes, random, signal)) }),

    lastLayer: async () => {
      const values = await parameters.read()
      const last = network.layers[network.layers.length - 1].parameters.length
      const end = network.state.length // an auxiliary module's numbers lie behind the network's
      const [weight, bias = executor.allocate(classes)] = values.slice(end - last, end)
      return { weight: matrix(weight, classes, embeddingSize), bias }
    },

    dispose: () => programs.forEach((created) => created.dispose()),
  }
}

/** Reads with weights of the past, which are kept apart from those of the model; made when they are first asked for. */
export function createPastReader(
  network: Network,
  executor: Executor,
  pause: () => Promise<void>,
): { at(weights: readonly FloatArray[]): Reader; dispose(): void } {
  let made: { readonly parameters: Parameters; readonly reader: OwnedReader } | undefined
  let current: readonly FloatArray[] | undefined
  const alone = inTurn()
  return {
    at(weights) {
      if (made === undefined) {
        const parameters = executor.parameters(network.state)
        made = { parameters, reader: createReader(network, executor, parameters, pause) }
      }
      const { parameters, reader } = made
      const withWeights =
        <A extends readonly unknown[], T>(ask: (...args: A) => Promise<T>) =>
        (...args: A): Promise<T> =>
          alone(() => {
            if (current !== weights) parameters.write(weights)
            current = weights
            return ask(...args)
          })
      return {
        capabilities: reader.capabilities,
        classes: reader.classes,
        parameters: reader.parameters,
        outputs: withWeights(reader.outputs),
        tensorNorms: withWeights(reader.tensorNorms),
        gradientNorms: withWeights(reader.gradientNorms),
        meanGradient: withWeights(reader.meanGradient),
        logitTangents: withWeights(reader.logitTangents),
        adamProducts: withWeights(reader.adamProducts),
        projectedGradients: withWeights(reader.projectedGradients),
        lastLayer: withWeights(reader.lastLayer),
        ...(reader.sampledProbabilities && { sampledProbabilities: withWeights(reader.sampledProbabilities) }),
      }
    },
    dispose: () => {
      made?.reader.dispose()
      made?.parameters.dispose()
    },
  }
}

/** Buffers of a compiled graph are shared by its runs, so callers that overlap wait for each other. */
export function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const result = last.then(work, work)
    last = result
    return result
  }
}
