import type { FloatArray } from '@engine/core/matrix'
import type { Shape } from '@engine/graph/ir'
import { sameShape } from '@engine/graph/shapes'
import { erf } from './erf'
import { broadcastStrides, stridedPositions } from './strided'

type UnaryLoop = (a: FloatArray, out: FloatArray) => void
type BinaryLoop = (a: FloatArray, b: FloatArray, out: FloatArray) => void

// One loop each: a shared loop that calls a function per element is five times slower.
const unaryLoops = {
  neg: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = -a[i]
  },
  exp: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.exp(a[i])
  },
  log: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.log(a[i])
  },
  sqrt: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(a[i])
  },
  square: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] * a[i]
  },
  abs: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.abs(a[i])
  },
  tanh: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = Math.tanh(a[i])
  },
  erf: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = erf(a[i])
  },
  relu: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] < 0 ? 0 : a[i] // NaN stays NaN
  },
  positive: (a, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] > 0 ? 1 : 0
  },
} satisfies Record<string, UnaryLoop>

const binaryLoops = {
  add: (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i]
  },
  sub: (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] - b[i]
  },
  mul: (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[i]
  },
  div: (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] / b[i]
  },
  greaterEqual: (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i] >= b[i] ? 1 : 0
  },
} satisfies Record<string, BinaryLoop>

export const isUnary = (op: string): op is keyof typeof unaryLoops => op in unaryLoops
export const isBinary = (op: string): op is keyof typeof binaryLoops => op in binaryLoops

export function planUnary(op: keyof typeof unaryLoops, a: FloatArray, out: FloatArray): () => void {
  const loop = unaryLoops[op]
  return () => loop(a, out)
}

interface Operand {
  readonly data: FloatArray
  readonly shape: Shape
}

/** An operand of another shape is spelled out first. */
export function planBinary(op: keyof typeof binaryLoops, a: Operand, b: Operand, shape: Shape, out: FloatArray): () => void {
  const loop = binaryLoops[op]
  const left = planExpansion(a, shape)
  const right = planExpansion(b, shape)
  return () => loop(left(), right(), out)
}

function planExpansion({ data, shape }: Operand, result: Shape): () => FloatArray {
  if (sameShape(shape, result)) return () => data
  const from = stridedPositions(result, broadcastStrides(shape, result))
  const expanded = new Float64Array(from.length)
  return () => {
    for (let i = 0; i < from.length; i++) expanded[i] = data[from[i]]
    return expanded
  }
}
