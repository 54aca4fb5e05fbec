import type { Builder } from '../../graph/builder'
import { sizeOf, type Value } from '../../graph/ir'
import { type Planners, plain, weightAndBias } from './layer'

/** x·Wᵀ + b over the last axis of n × d or n × T × d. */
export function affine(g: Builder, x: Value, weight: Value, bias?: Value): Value {
  const [units, width] = weight.shape
  const rows = g.matmul(g.reshape(x, [sizeOf(x.shape) / width, width]), weight, { transB: true })
  const product = g.reshape(rows, [...x.shape.slice(0, -1), units])
  return bias === undefined ? product : g.add(product, bias)
}

export const dense: Planners<'dense' | 'flatten' | 'unflatten'> = {
  dense: ({ units, bias = true }, { name, shape, refuse }) => {
    const width = shape.at(-1)
    if (width === undefined || shape.length > 2) throw refuse('vectors (a flatten layer before it) or tokens × width')
    const outputShape = [...shape.slice(0, -1), units]
    return {
      ...plain(outputShape, (g, x, [weight, offset]) => affine(g, x, weight, offset)),
      parameters: weightAndBias(name, [units, width], bias, { fanIn: width, fanOut: units }),
      operations: width * sizeOf(outputShape),
    }
  },
  unflatten: (_spec, { shape, refuse }) => {
    if (shape.length !== 1) throw refuse('vectors')
    return plain([1, shape[0]], (g, x) => g.reshape(x, [x.shape[0], 1, shape[0]]))
  },
  flatten: (_spec, { shape }) => plain([sizeOf(shape)], (g, x) => g.reshape(x, [x.shape[0], sizeOf(shape)])),
}
