import { QuerentError } from '@engine/core/errors'
import type { FloatArray } from '@engine/core/matrix'
import type { Graph } from '@engine/graph/ir'
import { sizeOf } from '@engine/graph/ir'
import type { Executor, OptimizerRule, Parameters, ParameterSpec, Program, StepProgram } from '@engine/nn/executor'
import { createUpdate, type Update } from './optimizers'
import { type Allocate, type Store, planGraph } from './plan'

/**
 * Interprets graphs on typed arrays: the oracle for every other executor, and the machine for float64 results. Sums and
 * products accumulate in float64 at either precision; everything is planned when a graph is compiled.
 */
export function createReferenceExecutor(precision: 'float64' | 'float32' = 'float64'): Executor {
  const allocate: Allocate = precision === 'float64' ? (size) => new Float64Array(size) : (size) => new Float32Array(size)
  const allocateFrom = (values: FloatArray): FloatArray => (precision === 'float64' ? Float64Array.from(values) : Float32Array.from(values))
  const stores = new WeakMap<Parameters, Store>()

  function storeOf(parameters: Parameters): Store {
    const store = stores.get(parameters)
    if (store === undefined) throw new QuerentError('internal', 'these parameters belong to another executor')
    return store
  }

  function createParameters(specs: readonly ParameterSpec[]): Parameters {
    const arrays = specs.map(({ shape }) => allocate(sizeOf(shape)))
    const parameters: Parameters = {
      specs,
      write: (values) => {
        for (const [i, array] of arrays.entries()) {
          if (values[i]?.length !== array.length)
            throw new QuerentError('internal', `parameter ${specs[i].name} needs ${array.length} values, got ${values[i]?.length}`)
          array.set(values[i])
        }
      },
      read: () => Promise.resolve(arrays.map((array) => array.slice())),
      dispose: () => {},
    }
    stores.set(parameters, new Map(specs.map(({ name }, i) => [name, arrays[i]])))
    return parameters
  }

  async function compile(graph: Graph, parameters: Parameters): Promise<Program> {
    const plan = planGraph(graph, storeOf(parameters), allocate)
    return {
      run: async (feeds, outputs) => {
        plan.run(feeds)
        for (const [name, array] of Object.entries(outputs)) array.set(plan.output(name))
      },
      dispose: () => {},
    }
  }

  async function compileStep(
    graph: Graph,
    parameters: Parameters,
    rule: OptimizerRule,
    rates: readonly number[] = [],
  ): Promise<StepProgram> {
    const store = storeOf(parameters)
    const plan = planGraph(graph, store, allocate)
    const loss = plan.output('loss')
    let trained = 0
    const updates = parameters.specs.map(
      ({ name, buffer }): { apply(learningRate: number, step: number): void; moments?: Update['moments'] } => {
        const parameter = store.get(name) as FloatArray
        if (buffer === true) {
          const next = plan.output(`buffer:${name}`)
          return { apply: (): void => parameter.set(next) }
        }
        const gradient = plan.output(`grad:${name}`)
        const update = createUpdate(rule, parameter.length)
        const rate = rates[trained++] ?? 1
        return {
          moments: update.moments,
          apply: (learningRate: number, step: number): void => update.apply(parameter, gradient, rate * learningRate, step),
        }
      },
    )
    let steps = 0
    return {
      step: async (feeds, learningRate) => {
        plan.run(feeds)
        steps++
        for (const update of updates) update.apply(learningRate, steps)
        return loss[0]
      },
      moments: async () => {
        if (rule.type === 'sgd') return null
        const moments = updates.flatMap((update) => (update.moments === undefined ? [] : [update.moments]))
        return { first: moments.map(([m]) => allocateFrom(m)), second: moments.map(([, v]) => allocateFrom(v)), step: steps }
      },
      dispose: () => {},
    }
  }

  return {
    id: 'reference',
    precision,
    device: 'CPU',
    threads: 1,
    allocate,
    parameters: createParameters,
    compile,
    compileStep,
    dispose: () => {},
  }
}
