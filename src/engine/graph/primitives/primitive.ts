import type { Builder } from '../builder'
import type { OpNode, PrimitiveAttributes, PrimitiveName, Shape, Value } from '../ir'
import { sameShape } from '../shapes'

/** One primitive operation: what it makes of shapes, and its derivative as more primitives. */
export interface Primitive<P extends PrimitiveName> {
  /** Shape of the result; throws when the operands do not fit. */
  shape(inputs: readonly Shape[], attrs: PrimitiveAttributes[P]): Shape
  /** Cotangent of each input, given that of the output; null where the derivative is 0 everywhere. */
  vjp(node: OpNode<P>, cotangent: Value, g: Builder): readonly (Value | null)[]
}

/** The transpose of broadcasting: sums a cotangent back to the shape the operand had. */
export function unbroadcast(g: Builder, cotangent: Value, shape: Shape): Value {
  if (sameShape(cotangent.shape, shape)) return cotangent
  const lead = cotangent.shape.length - shape.length
  const axes = cotangent.shape.flatMap((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? [i] : []))
  return g.reshape(g.reduceSum(cotangent, axes), shape)
}
