import type { Tensor } from '@tensorflow/tfjs'
import { QuerentError } from '@engine/core/errors'
import { sizeOf, type Graph, type OpNode, type PrimitiveName } from '@engine/graph/ir'
import type { Executor, Feeds, OptimizerRule, Parameters, ParameterSpec } from '@engine/nn/executor'
import type { Tensorflow } from './load'
import { primitivesOn } from './primitives'
import { createUpdate } from './updates'

export interface TfjsOptions {
  readonly device: string
  readonly threads?: number
}

/** Parameters as tensors; an update replaces them. */
interface Store extends Parameters {
  readonly tensors: Map<string, Tensor>
}

/** Interprets graphs on a loaded TensorFlow.js, operation by operation, wherever its backend computes. */
export async function createTfjsExecutor(tf: Tensorflow, { device, threads = 1 }: TfjsOptions): Promise<Executor> {
  await tf.ready()
  const primitives = primitivesOn(tf)
  const disposals = new Set<() => void>()

  /** Runs `release` once, on disposal of the resource or of the executor. */
  const owned = (release: () => void): (() => void) => {
    const dispose = (): void => {
      if (disposals.delete(dispose)) release()
    }
    disposals.add(dispose)
    return dispose
  }

  function parameters(specs: readonly ParameterSpec[]): Store {
    const tensors = new Map(specs.map(({ name, shape }) => [name, tf.zeros([...shape])]))
    return {
      specs,
      tensors,
      write(values) {
        specs.forEach(({ name, shape }, i) => {
          tensors.get(name)?.dispose()
          tensors.set(name, tf.tensor(Float32Array.from(values[i]), [...shape], 'float32'))
        })
      },
      read: () => Promise.all(specs.map(async ({ name }) => Float32Array.from(await (tensors.get(name) as Tensor).data()))),
      dispose: owned(() => tensors.forEach((tensor) => tensor.dispose())),
    }
  }

  /** Values of the graph's outputs. Call it inside `tf.tidy`. */
  function interpret(graph: Graph, store: Store, feeds: Feeds): Map<string, Tensor> {
    const tensors = new Map<number, Tensor>()
    const tensorOf = ({ id }: { readonly id: number }): Tensor => tensors.get(id) as Tensor
    for (const source of graph.sources) {
      const { id, shape } = source.value
      if (source.kind === 'parameter') tensors.set(id, store.tensors.get(source.name) as Tensor)
      else if (source.kind === 'constant') tensors.set(id, tf.tensor(Float32Array.from(source.data), [...shape], 'float32'))
      else tensors.set(id, tf.tensor(feedOf(feeds, source.name, sizeOf(shape)), [...shape], 'float32'))
    }
    const compute = <P extends PrimitiveName>({ op, inputs, attrs, output }: OpNode<P>): void =>
      void tensors.set(output.id, primitives[op](inputs.map(tensorOf), attrs))
    for (const node of graph.nodes) compute(node)
    return new Map([...graph.outputs].map(([name, value]) => [name, tensorOf(value)]))
  }

  return {
    id: 'tfjs',
    precision: 'float32',
    device,
    threads,
    allocate: (size) => new Float32Array(size),
    parameters,

    async compile(graph, given) {
      const store = storeOf(given)
      return {
        async run(feeds, outputs) {
          const names = Object.keys(outputs)
          const results = tf.tidy(() => {
            const values = interpret(graph, store, feeds)
            // An output may be a parameter itself, which must outlive its reader.
            return names.map((name) => tf.clone(values.get(name) as Tensor))
          })
          const data = await Promise.all(results.map((tensor) => tensor.data()))
          results.forEach((tensor) => tensor.dispose())
          names.forEach((name, i) => outputs[name].set(data[i]))
        },
        dispose: () => undefined,
      }
    },

    async compileStep(graph, given, rule: OptimizerRule, rates = []) {
      const store = storeOf(given)
      const names = store.specs.filter(({ buffer }) => buffer !== true).map(({ name }) => name)
      const buffers = store.specs.filter(({ buffer }) => buffer === true).map(({ name }) => name)
      const update = createUpdate(tf, rule, store.tensors, names, rates)
      return {
        async step(feeds, learningRate) {
          const loss = tf.tidy(() => {
            const values = interpret(graph, store, feeds)
            update.step((name) => values.get(`grad:${name}`) as Tensor, learningRate)
            for (const name of buffers) {
              store.tensors.get(name)?.dispose()
              store.tensors.set(name, tf.keep(values.get(`buffer:${name}`) as Tensor))
            }
            return values.get('loss') as Tensor
          })
          const [value] = await loss.data()
          loss.dispose()
          return value
        },
        moments: () => update.moments(),
        dispose: owned(() => update.dispose()),
      }
    },

    dispose() {
      for (const dispose of [...disposals]) dispose()
    },
  }
}

function storeOf(parameters: Parameters): Store {
  if (!('tensors' in parameters)) throw new QuerentError('internal', 'the parameters belong to another executor')
  return parameters as Store
}

function feedOf(feeds: Feeds, name: string, size: number): Float32Array {
  const feed = feeds[name]
  if (!(feed instanceof Float32Array) || feed.length < size) {
    throw new QuerentError('internal', `array "${name}" does not fit its tensor`, {
      found: feed === undefined ? 'none' : `${feed.constructor.name} of ${feed.length}`,
      expected: `Float32Array of ${size}`,
    })
  }
  return feed.subarray(0, size)
}
