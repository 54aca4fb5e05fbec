import { sizeOf, type Shape } from '@engine/graph/ir'
import { bytes, concatenate, integer, message, text, type Encoded } from './protobuf'

/** Field numbers are those of onnx.proto, the ONNX intermediate representation, version 10. */
const irVersion = 10
const opset = 21
const elementType = { float: 1, int64: 7 }
/** What Cast takes for float32 and int64. */
export const onnxFloat = elementType.float
export const onnxInteger = elementType.int64
const attributeType = { int: 2, string: 3, ints: 7 }

export type Attributes = Readonly<Record<string, number | string | readonly number[]>>

/** Collects an ONNX graph of float32 tensors. Equal nodes and constants are made once, so lowerings share subexpressions by asking twice. */
export interface OnnxBuilder {
  input(name: string, shape: Shape): string
  /** Names `tensor` as a result of the model. */
  output(name: string, tensor: string, shape: Shape): void
  /** Adds one node and returns the name of its single result. */
  node(type: string, inputs: readonly string[], attributes?: Attributes): string
  floats(shape: Shape, values: ArrayLike<number>): string
  scalar(value: number): string
  /** A vector of int64 constants. */
  integers(values: readonly number[]): string
  /** ModelProto bytes. */
  encode(): Uint8Array
}

export function onnxBuilder(): OnnxBuilder {
  const nodes: { readonly from: readonly string[]; readonly to: string; readonly encoded: Encoded }[] = []
  const results: string[] = []
  const initializers: Encoded[] = []
  const inputs: Encoded[] = []
  const outputs: Encoded[] = []
  const made = new Map<string, string>()

  const once = (key: string, make: (name: string) => void): string => {
    let name = made.get(key)
    if (name === undefined) {
      name = `t${made.size}`
      made.set(key, name)
      make(name)
    }
    return name
  }
  const add = (type: string, from: readonly string[], to: string, attributes: Attributes): void => {
    const fields = [...from.map((name) => text(1, name)), text(2, to), text(4, type)]
    const encoded = message(1, [...fields, ...Object.entries(attributes).map(([name, value]) => attribute(name, value))])
    nodes.push({ from, to, encoded })
  }
  const floats = (shape: Shape, values: ArrayLike<number>): string => {
    const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => values[i])
    return once(`floats ${shape.join()}: ${data.join()}`, (name) => initializers.push(tensor(name, shape, elementType.float, data)))
  }

  return {
    input(name, shape) {
      inputs.push(message(11, valueInfo(name, shape)))
      return name
    },
    output(name, from, shape) {
      add('Identity', [from], name, {})
      outputs.push(message(12, valueInfo(name, shape)))
      results.push(name)
    },
    node: (type, from, attributes = {}) =>
      once(`${type} ${JSON.stringify([from, attributes])}`, (name) => add(type, from, name, attributes)),
    floats,
    scalar: (value) => floats([], [value]),
    integers: (values) =>
      once(`integers ${values.join()}`, (name) =>
        initializers.push(tensor(name, [values.length], elementType.int64, BigInt64Array.from(values, BigInt))),
      ),
    encode: () =>
      concatenate([
        integer(1, irVersion),
        text(2, 'querent'),
        message(7, [...readNodes(nodes, results), text(2, 'graph'), ...initializers, ...inputs, ...outputs]),
        message(8, [text(1, ''), integer(2, opset)]),
      ]),
  }
}

/** The nodes that results depend on. */
function readNodes(
  nodes: readonly { readonly from: readonly string[]; readonly to: string; readonly encoded: Encoded }[],
  results: readonly string[],
): Encoded[] {
  const read = new Set(results)
  const kept: Encoded[] = []
  for (const { from, to, encoded } of nodes.toReversed()) {
    if (!read.has(to)) continue
    for (const name of from) read.add(name)
    kept.push(encoded)
  }
  return kept.reverse()
}

function tensor(name: string, shape: Shape, type: number, data: Float32Array | BigInt64Array): Encoded {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return message(5, [...shape.map((length) => integer(1, length)), integer(2, type), text(8, name), bytes(9, raw)])
}

function valueInfo(name: string, shape: Shape): Encoded[] {
  const dimensions = message(
    2,
    shape.map((length) => message(1, [integer(1, length)])),
  )
  return [text(1, name), message(2, [message(1, [integer(1, elementType.float), dimensions])])]
}

function attribute(name: string, value: number | string | readonly number[]): Encoded {
  if (typeof value === 'number') return message(5, [text(1, name), integer(3, value), integer(20, attributeType.int)])
  if (typeof value === 'string') return message(5, [text(1, name), text(4, value), integer(20, attributeType.string)])
  return message(5, [text(1, name), ...value.map((v) => integer(8, v)), integer(20, attributeType.ints)])
}
