import { QuerentError } from '@engine/core/errors'
import type { Graph } from '@engine/graph/ir'
import type { Executor, Feeds, Parameters } from '@engine/nn/executor'
import { arrayBinder, blockBinder, type Bound } from './binding'
import { emitOnnx, type Port } from './emit'
import { createOptimizer } from './optimizer'
import { loadRuntime, type RuntimeKind } from './runtime'
import { createParameterStore, weightsBlock, type ParameterStore } from './store'

export interface OnnxOptions {
  /** Threads of one operation; 1 by default, because parallel runs are processes. */
  readonly threads?: number
}

/** A graph loaded as a model and bound to a parameter store. */
interface LoadedGraph {
  readonly outputs: readonly Port[]
  run(feeds: Feeds, results: Bound): Promise<void>
  /** Frees the session; says whether it was still held. */
  release(): boolean
}

const lossOutput = 'loss'
/** What a step graph calls what it has for a parameter or a buffer. */
const stepOutput = /^(grad|buffer):/

/**
 * Runs graphs as ONNX models. A training step is one model that computes loss and gradients, then one kernel that updates the
 * parameters where they lie. Throws `backend-unavailable` when the runtime does not load.
 */
export async function createOnnxExecutor(kind: RuntimeKind, { threads = 1 }: OnnxOptions = {}): Promise<Executor> {
  const runtime = await loadRuntime(kind, threads)
  const loaded = new Set<LoadedGraph>()

  async function load(graph: Graph, store: ParameterStore): Promise<LoadedGraph> {
    const model = emitOnnx(graph)
    const session = await runtime.load(model.bytes)
    const inputs: Bound = {}
    const bindFeeds = arrayBinder(runtime, model.inputs, inputs)
    const bindWeights = blockBinder(runtime, model.parameters, store, weightsBlock, inputs)
    const self: LoadedGraph = {
      outputs: model.outputs,
      run(feeds, results) {
        bindFeeds(feeds)
        bindWeights()
        return session.run(inputs, results)
      },
      release() {
        const held = loaded.delete(self)
        if (held) session.release()
        return held
      },
    }
    loaded.add(self)
    return self
  }

  return {
    id: kind === 'native' ? 'onnx-native' : 'onnx-wasm',
    precision: 'float32',
    device: kind === 'native' ? 'CPU' : 'WASM',
    threads,
    allocate: (size) => new Float32Array(size),
    parameters: createParameterStore,

    async compile(graph, parameters) {
      const model = await load(graph, storeOf(parameters))
      const results: Bound = {}
      const bindOutputs = arrayBinder(runtime, model.outputs, results)
      return {
        async run(feeds, outputs) {
          bindOutputs(outputs)
          await model.run(feeds, results)
        },
        dispose: () => void model.release(),
      }
    },

    async compileStep(graph, parameters, rule, rates = []) {
      const store = storeOf(parameters)
      const model = await load(graph, store)
      const gradients = store.acquire()
      const optimizer = createOptimizer(store, rule, rates)
      const loss = new Float32Array(1)
      const results: Bound = {}
      const bindLoss = arrayBinder(
        runtime,
        model.outputs.filter(({ name }) => name === lossOutput),
        results,
      )
      const bindGradients = blockBinder(
        runtime,
        model.outputs.filter(({ name }) => stepOutput.test(name)).map((port) => ({ ...port, name: port.name.replace(stepOutput, '') })),
        store,
        gradients,
        results,
      )
      return {
        async step(feeds, learningRate) {
          bindLoss({ [lossOutput]: loss })
          bindGradients()
          await model.run(feeds, results)
          optimizer.step(gradients, learningRate)
          store.adoptBuffers(gradients)
          return loss[0]
        },
        moments: async () => optimizer.moments(),
        dispose() {
          if (!model.release()) return
          optimizer.dispose()
          store.release(gradients)
        },
      }
    },

    dispose() {
      for (const model of [...loaded]) model.release()
    },
  }
}

function storeOf(parameters: Parameters): ParameterStore {
  if (!('kernels' in parameters)) throw new QuerentError('internal', 'the parameters belong to another executor')
  return parameters as ParameterStore
}
