import { sizeOf, type OpNode, type PrimitiveName, type Shape, type Value } from '@engine/graph/ir'
import type { OnnxBuilder } from '../builder'
import type { Emission, Lowering } from './lowering'

/**
 * Training convolutions keep the batch as the last axis: a pixel's numbers of all samples lie together, so that patches are copied in
 * long runs and every product is one matrix product. What is made of such values elementwise, or by pooling, stays in that layout;
 * whoever wants the other one gets it through `tensor`.
 */
export function isBatchLast(value: Value, { tensor, batchLast }: Emission): boolean {
  tensor(value)
  return batchLast.has(value.id)
}

/** An n × c × h × w value as c × h × w × n. */
export function inBatchLast(value: Value, emission: Emission): string {
  const { builder, tensor, batchLast } = emission
  const usual = tensor(value) // which may be made from this layout
  let name = batchLast.get(value.id)
  if (name === undefined) {
    const [n, ...sample] = value.shape
    name = exchanged(usual, [n, sizeOf(sample)], [...sample, n], builder)
    batchLast.set(value.id, name)
  }
  return name
}

/** Says that `name` holds a value as c × h × w × n; gives it in the usual layout, which costs nothing unless it is read. */
export function fromBatchLast(value: Value, name: string, { builder, batchLast }: Emission): string {
  batchLast.set(value.id, name)
  const [n, ...sample] = value.shape
  return exchanged(name, [sizeOf(sample), n], value.shape, builder)
}

/** Lowers an elementwise operation in the layout of its operands. */
export const inLayout =
  <P extends PrimitiveName>(lowering: Lowering<P>): Lowering<P> =>
  (node: OpNode<P>, emission) => {
    if (node.output.shape.length !== 4 || !node.inputs.some((value) => isBatchLast(value, emission))) return lowering(node, emission)
    const lowered = lowering(node, { ...emission, tensor: (value) => broadcastable(value, emission) })
    return fromBatchLast(node.output, lowered, emission)
  }

/** An operand that broadcasts to n × c × h × w, so that it broadcasts to c × h × w × n. */
function broadcastable(value: Value, emission: Emission): string {
  const { builder, tensor } = emission
  if (value.shape.length === 4) return inBatchLast(value, emission)
  if (value.shape.length === 0) return tensor(value)
  return builder.node('Reshape', [tensor(value), builder.integers([...value.shape, 1])])
}

/** The transpose of a matrix, in another shape. */
function exchanged(name: string, matrix: Shape, shape: Shape, builder: OnnxBuilder): string {
  const flat = builder.node('Reshape', [name, builder.integers(matrix)])
  return builder.node('Reshape', [builder.node('Transpose', [flat], { perm: [1, 0] }), builder.integers(shape)])
}
