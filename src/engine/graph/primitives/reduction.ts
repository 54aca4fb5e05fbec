import type { Builder } from '../builder'
import type { Shape, Value } from '../ir'
import { check, showShape } from '../shapes'
import type { Primitive } from './primitive'

interface Reduction {
  readonly axes: readonly number[]
  readonly keepDims: boolean
}

function reducedShape(op: string, shape: Shape, { axes, keepDims }: Reduction): Shape {
  const valid = axes.every((axis, i) => Number.isInteger(axis) && axis >= 0 && axis < shape.length && axes.indexOf(axis) === i)
  check(valid, op, () => `axes ${axes.join(', ')} of ${showShape(shape)}`)
  return shape.flatMap((size, i) => (axes.includes(i) ? (keepDims ? [1] : []) : [size]))
}

/** A reduced value with its axes back as length 1, so that it broadcasts against the operand. */
function keepAxes(g: Builder, reduced: Value, operand: Shape, { axes, keepDims }: Reduction): Value {
  if (keepDims || reduced.shape.length === 0) return reduced
  return g.reshape(reduced, reducedShape('reduction', operand, { axes, keepDims: true }))
}

export const reduceSum: Primitive<'reduceSum'> = {
  shape: ([shape], attrs) => reducedShape('reduceSum', shape, attrs),
  vjp: ({ inputs: [a], attrs }, cotangent, g) => [g.broadcastTo(keepAxes(g, cotangent, a.shape, attrs), a.shape)],
}

/** Elements that tie for the maximum share the cotangent equally. */
export const reduceMax: Primitive<'reduceMax'> = {
  shape: ([shape], attrs) => reducedShape('reduceMax', shape, attrs),
  vjp: ({ inputs: [a], attrs, output }, cotangent, g) => {
    const atMaximum = g.greaterEqual(a, keepAxes(g, output, a.shape, attrs))
    const share = g.div(keepAxes(g, cotangent, a.shape, attrs), g.reduceSum(atMaximum, attrs.axes, true))
    return [g.mul(share, atMaximum)]
  },
}

export const logSoftmax: Primitive<'logSoftmax'> = {
  shape: ([shape]) => {
    check(shape.length === 2, 'logSoftmax', () => `needs n × c, got ${showShape(shape)}`)
    return shape
  },
  vjp: ({ output }, cotangent, g) => [g.sub(cotangent, g.mul(g.exp(output), g.reduceSum(cotangent, [1], true)))],
}
