import type { Graph, Node, OpNode, PrimitiveName, Shape, Value } from '@engine/graph/ir'
import { onnxBuilder } from './builder'
import { convolutional } from './lowering/convolution'
import { elementwise } from './lowering/elementwise'
import { linear } from './lowering/linear'
import type { Emission, Lowering, Lowerings } from './lowering/lowering'
import { pooling } from './lowering/pooling'
import { shaping } from './lowering/shape'
import { table } from './lowering/table'

export interface OnnxModel {
  readonly bytes: Uint8Array
  readonly inputs: readonly Port[]
  readonly parameters: readonly Port[]
  readonly outputs: readonly Port[]
}

/** A named tensor at the border: `name` in the graph, `key` in the ONNX model. */
export interface Port {
  readonly name: string
  readonly key: string
  readonly shape: Shape
}

const lowerings: Lowerings<PrimitiveName> = { ...elementwise, ...linear, ...shaping, ...convolutional, ...pooling, ...table }

/**
 * Translates a graph to an ONNX model in float32 (opset 21): inputs and parameters are inputs of the model, constants are
 * initializers. Nodes that no output needs are left out.
 */
export function emitOnnx(graph: Graph): OnnxModel {
  const builder = onnxBuilder()
  const tensors = new Map<number, string>()
  const producers = new Map<number, Node>()
  const readers = new Map<number, Set<PrimitiveName>>()
  const uses = new Map<number, number>()
  const read = (value: Value): void => void uses.set(value.id, (uses.get(value.id) ?? 0) + 1)

  for (const node of graph.nodes) {
    producers.set(node.output.id, node)
    node.inputs.forEach(read)
    const [first] = node.inputs
    readers.set(first.id, (readers.get(first.id) ?? new Set<PrimitiveName>()).add(node.op))
  }
  for (const value of graph.outputs.values()) read(value)

  const ports = { input: [] as Port[], parameter: [] as Port[] }
  for (const source of graph.sources) {
    const { kind, value } = source
    if (kind === 'constant') tensors.set(value.id, builder.floats(value.shape, source.data))
    else {
      const key = `${kind}:${source.name}`
      ports[kind].push({ name: source.name, key, shape: value.shape })
      tensors.set(value.id, builder.input(key, value.shape))
    }
  }

  const emission: Emission = {
    builder,
    tensor(value) {
      let name = tensors.get(value.id)
      if (name === undefined) {
        name = lower(producers.get(value.id) as Node, emission)
        tensors.set(value.id, name)
      }
      return name
    },
    producer: (value) => producers.get(value.id),
    uses: (value) => uses.get(value.id) ?? 0,
    feeds: (value, op) => readers.get(value.id)?.has(op) ?? false,
    holds: (op) => graph.nodes.some((node) => node.op === op),
    moved: new Map(),
  }

  const outputs = [...graph.outputs].map(([name, value]): Port => {
    const key = `output:${name}`
    builder.output(key, emission.tensor(value), value.shape)
    return { name, key, shape: value.shape }
  })
  return { bytes: builder.encode(), inputs: ports.input, parameters: ports.parameter, outputs }
}

const lower = <P extends PrimitiveName>(node: OpNode<P>, emission: Emission): string =>
  (lowerings[node.op] as unknown as Lowering<P>)(node, emission)
