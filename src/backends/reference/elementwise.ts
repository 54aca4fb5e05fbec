import type { FloatArray } from '@engine/core/matrix'
import type { Shape } from '@engine/graph/ir'
import { sameShape } from '@engine/graph/shapes'
import { broadcastStrides, stridedPositions } from './strided'

const unaryRules = {
  neg: (x: number) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x: number) => x * x,
  abs: Math.abs,
  tanh: Math.tanh,
  relu: (x: number) => (x > 0 ? x : x === x ? 0 : x),
  positive: (x: number) => (x > 0 ? 1 : 0),
}

const binaryRules = {
  add: (x: number, y: number) => x + y,
  sub: (x: number, y: number) => x - y,
  mul: (x: number, y: number) => x * y,
  div: (x: number, y: number) => x / y,
  greaterEqual: (x: number, y: number) => (x >= y ? 1 : 0),
}

export const isUnary = (op: string): op is keyof typeof unaryRules => op in unaryRules
export const isBinary = (op: string): op is keyof typeof binaryRules => op in binaryRules

export function planUnary(op: keyof typeof unaryRules, a: FloatArray, out: FloatArray): () => void {
  const rule = unaryRules[op]
  return () => {
    for (let i = 0; i < out.length; i++) out[i] = rule(a[i])
  }
}

interface Operand {
  readonly data: FloatArray
  readonly shape: Shape
}

export function planBinary(op: keyof typeof binaryRules, a: Operand, b: Operand, shape: Shape, out: FloatArray): () => void {
  const rule = binaryRules[op]
  const x = a.data
  const y = b.data
  if (sameShape(a.shape, b.shape)) {
    return () => {
      for (let i = 0; i < out.length; i++) out[i] = rule(x[i], y[i])
    }
  }
  const atX = stridedPositions(shape, broadcastStrides(a.shape, shape))
  const atY = stridedPositions(shape, broadcastStrides(b.shape, shape))
  return () => {
    for (let i = 0; i < out.length; i++) out[i] = rule(x[atX[i]], y[atY[i]])
  }
}
