import { sizeOf, type OpNode, type PrimitiveName, type Shape, type Value } from '@engine/graph/ir'
import type { OnnxBuilder } from '../builder'
import type { Emission, Lowering } from './lowering'

/** Which axis of n × c × h × w stands at each place. Rows and columns are at places 1 and 2 of both layouts. */
export type Layout = readonly [number, number, number, number]

const usual: Layout = [0, 1, 2, 3]

/**
 * c × h × w × n, for training: a pixel's numbers of all samples lie together, so that patches are copied in long runs and every
 * product is one matrix product.
 */
export const batchLast: Layout = [1, 2, 3, 0]

/** n × h × w × c, for what is wanted of each sample: a pixel's channels lie together, so that patches and pooling copy whole runs. */
export const channelsLast: Layout = [0, 2, 3, 1]

/**
 * The layout in which a value was made, or moved to; none for the usual one. What is made of such values elementwise, or by pooling,
 * stays in their layout; whoever wants the usual one gets it through `tensor`.
 */
export function layoutOf(value: Value, { tensor, moved }: Emission): Layout | undefined {
  tensor(value)
  return moved.get(value.id)?.layout
}

/** An n × c × h × w value in a layout. */
export function inLayout(value: Value, layout: Layout, emission: Emission): string {
  const from = emission.tensor(value) // which may be made from another layout
  const known = emission.moved.get(value.id)
  if (known?.layout === layout) return known.name
  return known === undefined ? toLayout(value, layout, from, emission) : permuted(from, value.shape, layout, emission.builder)
}

/** Has what is made of a value, which `name` holds in the usual layout, stay in this one. */
export function toLayout(value: Value, layout: Layout, name: string, { builder, moved }: Emission): string {
  const there = permuted(name, value.shape, layout, builder)
  moved.set(value.id, { layout, name: there })
  return there
}

/** Says that `name` holds a value in a layout; gives it in the usual one, which costs nothing unless it is read. */
export function fromLayout(value: Value, layout: Layout, name: string, { builder, moved }: Emission): string {
  moved.set(value.id, { layout, name })
  return permuted(
    name,
    layout.map((axis) => value.shape[axis]),
    usual.map((axis) => layout.indexOf(axis)),
    builder,
  )
}

/** Lowers an elementwise operation in the layout of its first operand that has one. */
export const inLayoutOfOperands =
  <P extends PrimitiveName>(lowering: Lowering<P>): Lowering<P> =>
  (node: OpNode<P>, emission) => {
    const layout = commonLayout(node, emission)
    if (layout === undefined) return lowering(node, emission)
    const lowered = lowering(node, { ...emission, tensor: (value) => broadcastable(value, layout, emission) })
    return fromLayout(node.output, layout, lowered, emission)
  }

function commonLayout({ inputs, output }: OpNode<PrimitiveName>, emission: Emission): Layout | undefined {
  if (output.shape.length !== 4) return undefined
  const layout = inputs
    .map((value) => (value.shape.length === 4 ? layoutOf(value, emission) : undefined))
    .find((found) => found !== undefined)
  // Numbers per channel would be repeated in runs as short as a pixel.
  const spread = inputs.some(({ shape }) => shape.length > 0 && sizeOf(shape) < sizeOf(output.shape))
  return layout === channelsLast && spread ? undefined : layout
}

/** An operand that broadcasts to n × c × h × w, so that it broadcasts to the layout. */
function broadcastable(value: Value, layout: Layout, emission: Emission): string {
  const { builder, tensor } = emission
  const { shape } = value
  if (shape.length === 4) return inLayout(value, layout, emission)
  if (shape.length === 0) return tensor(value)
  return permuted(tensor(value), [...usual.slice(shape.length).map(() => 1), ...shape], layout, builder)
}

/** Exchanges axes; those of length 1 may go anywhere without a copy. */
function permuted(name: string, shape: Shape, order: readonly number[], builder: OnnxBuilder): string {
  const long = order.filter((axis) => shape[axis] !== 1)
  if (long.every((axis, i) => i === 0 || long[i - 1] < axis))
    return builder.node('Reshape', [name, builder.integers(order.map((axis) => shape[axis]))])
  return builder.node('Transpose', [name], { perm: order })
}
