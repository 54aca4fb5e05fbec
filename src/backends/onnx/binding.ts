import { QuerentError } from '@engine/core/errors'
import type { FloatArray } from '@engine/core/matrix'
import { sizeOf } from '@engine/graph/ir'
import type { Port } from './emit'
import type { FloatTensor, Runtime } from './runtime'
import type { Block, ParameterStore } from './store'

/** ONNX tensors by model key; one record serves every run of a program. */
export type Bound = Record<string, FloatTensor>

/** Keeps `bound` up to date with arrays the caller hands in by name; a tensor is made again only when another array comes. */
export function arrayBinder(
  runtime: Runtime,
  ports: readonly Port[],
  bound: Bound,
): (arrays: Readonly<Record<string, FloatArray>>) => void {
  const held = new Map<string, FloatArray>()
  return (arrays) => {
    for (const { name, key, shape } of ports) {
      const array = arrays[name]
      if (array !== undefined && held.get(name) === array) continue
      const size = sizeOf(shape)
      if (!(array instanceof Float32Array) || array.length < size) {
        throw new QuerentError('internal', `array "${name}" does not fit its tensor`, {
          found: array === undefined ? 'none' : `${array.constructor.name} of ${array.length}`,
          expected: `Float32Array of ${size}`,
        })
      }
      bound[key] = runtime.tensor(array.subarray(0, size), shape)
      held.set(name, array)
    }
  }
}

/** Keeps `bound` up to date with tensors of `block`, found by parameter name. */
export function blockBinder(runtime: Runtime, ports: readonly Port[], store: ParameterStore, block: Block, bound: Bound): () => void {
  const places = ports.map(({ name }) => {
    const place = store.specs.findIndex((spec) => spec.name === name)
    if (place < 0) throw new QuerentError('internal', `the graph names parameter "${name}", which does not exist`)
    return place
  })
  let epoch = -1
  return () => {
    if (epoch === store.epoch) return
    epoch = store.epoch
    const views = store.views(block)
    ports.forEach(({ key, shape }, i) => (bound[key] = runtime.tensor(views[places[i]], shape)))
  }
}
