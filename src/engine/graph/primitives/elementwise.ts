import type { Builder } from '../builder'
import type { Shape, Value } from '../ir'
import { broadcastShapes, check, shapeError, showShape } from '../shapes'
import { type Primitive, unbroadcast } from './primitive'

type Unary = 'neg' | 'exp' | 'log' | 'sqrt' | 'square' | 'abs' | 'tanh' | 'erf' | 'relu' | 'positive'
type Binary = 'add' | 'sub' | 'mul' | 'div' | 'greaterEqual'

/** `derivative` maps the cotangent of the output to that of the input. */
function unary<P extends Unary>(
  op: P,
  derivative: (g: Builder, cotangent: Value, input: Value, output: Value) => Value | null,
): Primitive<P> {
  return {
    shape: (inputs) => {
      check(inputs.length === 1, op, () => `takes 1 operand, got ${inputs.length}`)
      return inputs[0]
    },
    vjp: (node, cotangent, g) => [derivative(g, cotangent, node.inputs[0], node.output)],
  }
}

/** `derivative` gives both cotangents in the shape of the result; they are summed back over broadcast axes here. */
function binary<P extends Binary>(
  op: P,
  derivative: (g: Builder, cotangent: Value, a: Value, b: Value, output: Value) => readonly (Value | null)[],
): Primitive<P> {
  return {
    shape: (inputs): Shape => {
      check(inputs.length === 2, op, () => `takes 2 operands, got ${inputs.length}`)
      const shape = broadcastShapes(inputs[0], inputs[1])
      if (shape === undefined) throw shapeError(op, `${showShape(inputs[0])} and ${showShape(inputs[1])} do not broadcast`)
      return shape
    },
    vjp: (node, cotangent, g) => {
      const [a, b] = node.inputs
      return derivative(g, cotangent, a, b, node.output).map((value, i) => value && unbroadcast(g, value, node.inputs[i].shape))
    },
  }
}

export const add = binary('add', (_g, c) => [c, c])
export const sub = binary('sub', (g, c) => [c, g.neg(c)])
export const mul = binary('mul', (g, c, a, b) => [g.mul(c, b), g.mul(c, a)])
export const div = binary('div', (g, c, _a, b, output) => [g.div(c, b), g.neg(g.mul(c, g.div(output, b)))])
export const greaterEqual = binary('greaterEqual', () => [null, null])

export const neg = unary('neg', (g, c) => g.neg(c))
export const exp = unary('exp', (g, c, _a, output) => g.mul(c, output))
export const log = unary('log', (g, c, a) => g.div(c, a))
export const sqrt = unary('sqrt', (g, c, _a, output) => g.div(g.mul(c, g.constant(0.5)), output))
export const square = unary('square', (g, c, a) => g.mul(c, g.mul(g.constant(2), a)))
export const abs = unary('abs', (g, c, a) => g.mul(c, g.sub(g.positive(a), g.positive(g.neg(a)))))
export const tanh = unary('tanh', (g, c, _a, output) => g.mul(c, g.sub(g.constant(1), g.square(output))))
/** 2/√π · exp(−a²) */
export const erf = unary('erf', (g, c, a) => g.mul(g.mul(c, g.constant(2 / Math.sqrt(Math.PI))), g.exp(g.neg(g.square(a)))))
/** Through the output, so that the input need not be kept. */
export const relu = unary('relu', (g, c, _a, output) => g.mul(c, g.positive(output)))
export const positive = unary('positive', () => null)
