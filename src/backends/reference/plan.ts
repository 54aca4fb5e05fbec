import { QuerentError } from '@engine/core/errors'
import type { FloatArray } from '@engine/core/matrix'
import type { Graph, Node, Value } from '@engine/graph/ir'
import { sizeOf } from '@engine/graph/ir'
import type { Feeds } from '@engine/nn/executor'
import { planNode } from './kernels'

export type Allocate = (size: number) => FloatArray
/** Parameters by name. */
export type Store = ReadonlyMap<string, FloatArray>

/** A graph over fixed buffers. */
export interface Plan {
  run(feeds: Feeds): void
  /** The buffer of an output: complete after a run, overwritten by the next. */
  output(name: string): FloatArray
}

/** Values whose lives do not overlap share a buffer; a reshaped value is its operand's buffer. */
export function planGraph(graph: Graph, store: Store, allocate: Allocate): Plan {
  const buffers = new Map<Value, FloatArray>()
  const inputs: { readonly name: string; readonly buffer: FloatArray }[] = []
  for (const source of graph.sources) {
    const size = sizeOf(source.value.shape)
    const buffer = source.kind === 'parameter' ? store.get(source.name) : allocate(size)
    if (buffer === undefined || buffer.length !== size) throw new QuerentError('internal', `the graph's parameters are not these`)
    if (source.kind === 'constant') buffer.set(source.data)
    if (source.kind === 'input') inputs.push({ name: source.name, buffer })
    buffers.set(source.value, buffer)
  }
  const bufferOf = (value: Value): FloatArray => {
    const buffer = buffers.get(value)
    if (buffer === undefined) throw new QuerentError('internal', 'the graph is not in execution order')
    return buffer
  }

  const owners = ownersOf(graph.nodes)
  const deaths = deathsOf(graph, owners)
  const free = new Map<number, FloatArray[]>()
  const steps: (() => void)[] = []
  for (const [position, node] of graph.nodes.entries()) {
    if (owners.has(node.output)) buffers.set(node.output, bufferOf(node.inputs[0]))
    else {
      const size = sizeOf(node.output.shape)
      const out = free.get(size)?.pop() ?? allocate(size)
      buffers.set(node.output, out)
      steps.push(planNode(node, node.inputs.map(bufferOf), out))
    }
    for (const value of deaths.get(position) ?? []) {
      const buffer = bufferOf(value)
      free.set(buffer.length, [...(free.get(buffer.length) ?? []), buffer])
    }
  }

  return {
    run: (feeds) => {
      for (const { name, buffer } of inputs) {
        const feed = feeds[name]
        if (feed === undefined || feed.length < buffer.length)
          throw new QuerentError('internal', `input ${name} needs ${buffer.length} values, got ${feed?.length ?? 'none'}`)
        buffer.set(feed.length === buffer.length ? feed : feed.subarray(0, buffer.length))
      }
      for (const step of steps) step()
    },
    output: (name) => {
      const value = graph.outputs.get(name)
      if (value === undefined) throw new QuerentError('internal', `the graph has no output ${name}`)
      return bufferOf(value)
    },
  }
}

/** Values that only rename another one's numbers → the value whose buffer they live in. */
function ownersOf(nodes: readonly Node[]): ReadonlyMap<Value, Value> {
  const owners = new Map<Value, Value>()
  for (const { op, inputs, output } of nodes)
    if (op === 'reshape' || op === 'stopGradient') owners.set(output, owners.get(inputs[0]) ?? inputs[0])
  return owners
}

/** For each position in the graph, the computed values that nothing reads afterwards. Outputs never die. */
function deathsOf(graph: Graph, owners: ReadonlyMap<Value, Value>): ReadonlyMap<number, readonly Value[]> {
  const owner = (value: Value): Value => owners.get(value) ?? value
  const lastUse = new Map<Value, number>()
  for (const [position, { inputs }] of graph.nodes.entries()) for (const value of inputs) lastUse.set(owner(value), position)
  for (const { value } of graph.sources) lastUse.delete(value)
  for (const value of graph.outputs.values()) lastUse.delete(owner(value))
  const deaths = new Map<number, Value[]>()
  for (const [value, position] of lastUse) deaths.set(position, [...(deaths.get(position) ?? []), value])
  return deaths
}
