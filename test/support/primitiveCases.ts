import type { Builder } from '@engine/graph/builder'
import type { Convolution, PrimitiveName, Shape, Value } from '@engine/graph/ir'
import type { Random } from '@engine/core/random'

/** One application of a primitive to random operands. */
export interface PrimitiveCase {
  readonly inputs: readonly Shape[]
  /** `positive` numbers, or small `integers` that tie often; normal numbers otherwise */
  readonly domain?: 'positive' | 'integers'
  trace(g: Builder, inputs: readonly Value[]): Value
}

type Draw = (r: Random) => PrimitiveCase

const between = (r: Random, low: number, high: number): number => low + r.int(high - low + 1)
const lengths = (r: Random, rank: number): number[] => Array.from({ length: rank }, () => between(r, 1, 5))

const unary =
  (trace: (g: Builder, a: Value) => Value, domain?: PrimitiveCase['domain']): Draw =>
  (r) => ({ inputs: [lengths(r, between(r, 0, 4))], domain, trace: (g, [a]) => trace(g, a) })

/** Operands that broadcast: some axes of length 1, some missing in front. */
const binary =
  (trace: (g: Builder, a: Value, b: Value) => Value, domain?: PrimitiveCase['domain']): Draw =>
  (r) => {
    const shape = lengths(r, between(r, 1, 4))
    const narrowed = shape.map((length) => (r.int(3) === 0 ? 1 : length))
    const operands = [shape, narrowed.slice(r.int(2))]
    if (r.int(2) === 0) operands.reverse()
    return { inputs: operands, domain, trace: (g, [a, b]) => trace(g, a, b) }
  }

const product =
  (rank: 2 | 3): Draw =>
  (r) => {
    const [m, k, n] = lengths(r, 3)
    const [transA, transB] = [r.int(2) === 0, r.int(2) === 0]
    const lead = lengths(r, rank - 2)
    return {
      inputs: [
        [...lead, ...(transA ? [k, m] : [m, k])],
        [...lead, ...(transB ? [n, k] : [k, n])],
      ],
      trace: (g, [a, b]) => (rank === 2 ? g.matmul : g.batchMatmul)(a, b, { transA, transB }),
    }
  }

const reduction =
  (op: 'reduceSum' | 'reduceMax'): Draw =>
  (r) => {
    const shape = lengths(r, between(r, 1, 4))
    const axes = shape.map((_, axis) => axis).filter(() => r.int(2) === 0)
    const keepDims = r.int(2) === 0
    return { inputs: [shape], trace: (g, [a]) => g[op](a, axes, keepDims) }
  }

/** A convolution that fits: input, kernel and error shapes with stride and padding. */
function convolution(r: Random) {
  const kernel: [number, number] = [between(r, 1, 3), between(r, 1, 3)]
  const stride: [number, number] = [between(r, 1, 3), between(r, 1, 3)]
  const padding: [number, number] = [r.int(3), r.int(3)]
  const [n, ci, co] = lengths(r, 3)
  const [h, w] = [between(r, 3, 7), between(r, 3, 7)]
  const x = [n, ci, h, w]
  const rows = Math.floor((h + 2 * padding[0] - kernel[0]) / stride[0]) + 1
  const cols = Math.floor((w + 2 * padding[1] - kernel[1]) / stride[1]) + 1
  const attrs: Convolution = { stride, padding }
  return {
    x,
    kernelShape: [co, ci, ...kernel],
    error: [n, co, rows, cols],
    columns: [n, ci * kernel[0] * kernel[1], rows * cols],
    kernel,
    attrs,
  }
}

const pooling = (r: Random) => {
  const size: [number, number] = [between(r, 1, 3), between(r, 1, 3)]
  const stride: [number, number] = [size[0] + r.int(2), size[1] + r.int(2)]
  const [n, c] = lengths(r, 2)
  const [h, w] = [between(r, 3, 8), between(r, 3, 8)]
  const pooled = [n, c, Math.floor((h - size[0]) / stride[0]) + 1, Math.floor((w - size[1]) / stride[1]) + 1]
  return { x: [n, c, h, w], pooled, attrs: { size, stride } }
}

/** Random applications of every primitive; a primitive without one does not compile. */
export const primitiveCases: { readonly [P in PrimitiveName]: Draw } = {
  add: binary((g, a, b) => g.add(a, b)),
  sub: binary((g, a, b) => g.sub(a, b)),
  mul: binary((g, a, b) => g.mul(a, b)),
  div: binary((g, a, b) => g.div(a, b), 'positive'),
  neg: unary((g, a) => g.neg(a)),
  exp: unary((g, a) => g.exp(a)),
  log: unary((g, a) => g.log(a), 'positive'),
  sqrt: unary((g, a) => g.sqrt(a), 'positive'),
  square: unary((g, a) => g.square(a)),
  abs: unary((g, a) => g.abs(a)),
  tanh: unary((g, a) => g.tanh(a)),
  erf: unary((g, a) => g.erf(a)),
  relu: unary((g, a) => g.relu(a)),
  positive: unary((g, a) => g.positive(a), 'integers'),
  greaterEqual: binary((g, a, b) => g.greaterEqual(a, b), 'integers'),
  matmul: product(2),
  batchMatmul: product(3),
  reduceSum: reduction('reduceSum'),
  reduceMax: reduction('reduceMax'),
  logSoftmax: (r) => ({ inputs: [lengths(r, 2)], trace: (g, [a]) => g.logSoftmax(a) }),
  reshape: (r) => {
    const [a, b, c] = lengths(r, 3)
    return { inputs: [[a, b, c]], trace: (g, [x]) => g.reshape(x, [c, a * b]) }
  },
  transpose: (r) => {
    const shape = lengths(r, between(r, 2, 4))
    const perm = [...r.shuffle(Int32Array.from(shape.keys()))]
    return { inputs: [shape], trace: (g, [a]) => g.transpose(a, perm) }
  },
  broadcastTo: (r) => {
    const shape = lengths(r, between(r, 2, 4))
    const from = shape.slice(r.int(2)).map((length) => (r.int(2) === 0 ? 1 : length))
    return { inputs: [from], trace: (g, [a]) => g.broadcastTo(a, shape) }
  },
  slice: (r) => {
    const shape = lengths(r, between(r, 1, 4))
    const starts = shape.map((length) => r.int(length))
    const ends = shape.map((length, i) => between(r, starts[i] + 1, length))
    return { inputs: [shape], trace: (g, [a]) => g.slice(a, starts, ends) }
  },
  pad: (r) => {
    const shape = lengths(r, between(r, 1, 4))
    const before = shape.map(() => r.int(3))
    const after = shape.map(() => r.int(3))
    return { inputs: [shape], trace: (g, [a]) => g.pad(a, before, after) }
  },
  concat: (r) => {
    const shape = lengths(r, between(r, 1, 4))
    const axis = r.int(shape.length)
    const inputs = lengths(r, between(r, 2, 3)).map((length) => shape.map((other, i) => (i === axis ? length : other)))
    return { inputs, trace: (g, values) => g.concat(values, axis) }
  },
  stopGradient: unary((g, a) => g.stopGradient(a)),
  conv2d: (r) => {
    const { x, kernelShape, attrs } = convolution(r)
    return { inputs: [x, kernelShape], trace: (g, [a, k]) => g.conv2d(a, k, attrs) }
  },
  conv2dInputGrad: (r) => {
    const { x, kernelShape, error, attrs } = convolution(r)
    return { inputs: [error, kernelShape], trace: (g, [delta, k]) => g.conv2dInputGrad(delta, k, { ...attrs, inputShape: x }) }
  },
  conv2dWeightGrad: (r) => {
    const { x, kernelShape, error, attrs } = convolution(r)
    return { inputs: [x, error], trace: (g, [a, delta]) => g.conv2dWeightGrad(a, delta, { ...attrs, kernelShape }) }
  },
  unfold: (r) => {
    const { x, kernel, attrs } = convolution(r)
    return { inputs: [x], trace: (g, [a]) => g.unfold(a, { ...attrs, kernel }) }
  },
  fold: (r) => {
    const { x, columns, kernel, attrs } = convolution(r)
    return { inputs: [columns], trace: (g, [c]) => g.fold(c, { ...attrs, kernel, inputShape: x }) }
  },
  // the table has a row for each of the ids 0, 1 and 2
  lookup: (r) => {
    const [ids, table] = [lengths(r, between(r, 1, 3)), [between(r, 3, 6), between(r, 1, 5)]]
    return { inputs: [ids, table], domain: 'integers', trace: (g, [a, b]) => g.lookup(g.add(a, g.constant(1)), b) }
  },
  scatterAdd: (r) => {
    const [ids, width, size] = [lengths(r, between(r, 1, 3)), between(r, 1, 5), between(r, 3, 6)]
    return {
      inputs: [ids, [...ids, width]],
      domain: 'integers',
      trace: (g, [a, b]) => g.scatterAdd(g.add(a, g.constant(1)), g.mul(b, g.constant(0.7)), size),
    }
  },
  maxPool2d: (r) => {
    const { x, attrs } = pooling(r)
    return { inputs: [x], domain: 'integers', trace: (g, [a]) => g.maxPool2d(a, attrs) }
  },
  maxPool2dGrad: (r) => {
    const { x, pooled, attrs } = pooling(r)
    return { inputs: [x, pooled], domain: 'integers', trace: (g, [a, delta]) => g.maxPool2dGrad(a, delta, attrs) }
  },
}
