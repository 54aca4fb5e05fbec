import { type Random, randomFrom } from '@engine/core/random'
import type { Builder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import { type PrimitiveName, type Shape, sizeOf, type Value } from '@engine/graph/ir'
import { primitives } from '@engine/graph/registry'
import { describe, expect, it } from 'vitest'
import { evaluate, normals, traced } from '../support/graphs'

interface Case {
  readonly shapes: readonly Shape[]
  readonly apply: (g: Builder, operands: readonly Value[]) => Value
  /** moves random numbers to where the operation is smooth */
  readonly domain?: (x: number) => number
}

const size = (random: Random, most = 4): number => 1 + random.int(most)
const positive = (x: number): number => Math.abs(x) + 0.5
/** Away from kinks at 0 by more than the step of the differences. */
const offZero = (x: number): number => (Math.abs(x) < 0.05 ? x + 0.2 : x)

function broadcastable(random: Random): [Shape, Shape] {
  const full = Array.from({ length: size(random, 3) }, () => size(random))
  const thin = full.map((length) => (random.int(2) === 0 ? 1 : length)).slice(random.int(full.length))
  return random.int(2) === 0 ? [full, thin] : [thin, full]
}

const unary =
  (op: 'neg' | 'exp' | 'log' | 'sqrt' | 'square' | 'abs' | 'tanh' | 'erf' | 'relu' | 'positive', domain?: (x: number) => number) =>
  (random: Random): Case => ({
    shapes: [[size(random), size(random)]],
    apply: (g, [a]) => g[op](a),
    domain,
  })

const binary =
  (op: 'add' | 'sub' | 'mul' | 'div' | 'greaterEqual', domain?: (x: number) => number) =>
  (random: Random): Case => ({
    shapes: broadcastable(random),
    apply: (g, [a, b]) => g[op](a, b),
    domain,
  })

const product =
  (op: 'matmul' | 'batchMatmul') =>
  (random: Random): Case => {
    const [rows, inner, cols] = [size(random, 5), size(random, 5), size(random, 6)]
    const lead = op === 'matmul' ? [] : [size(random)]
    const [transA, transB] = [random.int(2) === 1, random.int(2) === 1]
    const a = transA ? [inner, rows] : [rows, inner]
    const b = transB ? [cols, inner] : [inner, cols]
    return {
      shapes: [
        [...lead, ...a],
        [...lead, ...b],
      ],
      apply: (g, [x, y]) => g[op](x, y, { transA, transB }),
    }
  }

const reduction =
  (op: 'reduceSum' | 'reduceMax') =>
  (random: Random): Case => {
    const shape = [size(random), size(random), size(random)]
    const axes = [0, 1, 2].filter(() => random.int(2) === 1)
    const keepDims = random.int(2) === 1
    return { shapes: [shape], apply: (g, [a]) => g[op](a, axes, keepDims) }
  }

function convolution(random: Random) {
  const kernel: [number, number] = [size(random, 3), size(random, 3)]
  const attrs = { stride: [size(random, 2), size(random, 2)], padding: [random.int(2), random.int(2)] } as const
  const x: Shape = [size(random, 2), size(random, 2), kernel[0] + random.int(3), kernel[1] + random.int(3)]
  const k: Shape = [size(random, 3), x[1], ...kernel]
  const places = [0, 1].map((i) => Math.floor((x[2 + i] + 2 * attrs.padding[i] - kernel[i]) / attrs.stride[i]) + 1)
  return { x, k, kernel, attrs, error: [x[0], k[0], ...places], columns: [x[0], x[1] * kernel[0] * kernel[1], places[0] * places[1]] }
}

function pooling(random: Random) {
  const window: [number, number] = [size(random, 3), size(random, 3)]
  const attrs = { size: window, stride: [window[0] + random.int(2), window[1] + random.int(2)] } as const
  const x: Shape = [size(random, 2), size(random, 2), window[0] + random.int(5), window[1] + random.int(5)]
  const places = [0, 1].map((i) => Math.floor((x[2 + i] - window[i]) / attrs.stride[i]) + 1)
  return { x, attrs, error: [x[0], x[1], ...places] }
}

const cases: Readonly<Record<PrimitiveName, (random: Random) => Case>> = {
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div', positive),
  greaterEqual: binary('greaterEqual'),
  neg: unary('neg'),
  exp: unary('exp'),
  log: unary('log', positive),
  sqrt: unary('sqrt', positive),
  square: unary('square'),
  abs: unary('abs', offZero),
  tanh: unary('tanh'),
  erf: unary('erf'),
  relu: unary('relu', offZero),
  positive: unary('positive', offZero),
  // constant where it is stopped, so that stopping makes no difference
  stopGradient: (random) => ({ shapes: [[size(random)]], apply: (g, [a]) => g.mul(g.stopGradient(g.positive(a)), a), domain: offZero }),
  matmul: product('matmul'),
  batchMatmul: product('batchMatmul'),
  reduceSum: reduction('reduceSum'),
  reduceMax: reduction('reduceMax'),
  logSoftmax: (random) => ({ shapes: [[size(random), size(random)]], apply: (g, [a]) => g.logSoftmax(a) }),
  reshape: () => ({ shapes: [[2, 3, 2]], apply: (g, [a]) => g.square(g.reshape(a, [4, 3])) }),
  transpose: (random) => {
    const perm = random.shuffle([0, 1, 2])
    return { shapes: [[2, 3, 4]], apply: (g, [a]) => g.transpose(a, perm) }
  },
  broadcastTo: (random) => ({ shapes: [[size(random), 1, 2]], apply: (g, [a]) => g.broadcastTo(a, [2, a.shape[0], 3, 2]) }),
  slice: (random) => {
    const [start, end] = [random.int(3), 2 + random.int(4)]
    return { shapes: [[4, 5]], apply: (g, [a]) => g.slice(a, [start, 1], [4, end]) }
  },
  pad: (random) => {
    const [before, after] = [random.int(3), random.int(3)]
    return { shapes: [[2, 3]], apply: (g, [a]) => g.square(g.pad(a, [before, 0], [1, after])) }
  },
  concat: (random) => ({
    shapes: [
      [2, size(random)],
      [2, 3],
      [2, size(random)],
    ],
    apply: (g, values) => g.concat(values, 1),
  }),
  conv2d: (random) => {
    const { x, k, attrs } = convolution(random)
    return { shapes: [x, k], apply: (g, [a, b]) => g.conv2d(a, b, attrs) }
  },
  conv2dInputGrad: (random) => {
    const { x, k, attrs, error } = convolution(random)
    return { shapes: [error, k], apply: (g, [a, b]) => g.conv2dInputGrad(a, b, { ...attrs, inputShape: x }) }
  },
  conv2dWeightGrad: (random) => {
    const { x, k, attrs, error } = convolution(random)
    return { shapes: [x, error], apply: (g, [a, b]) => g.conv2dWeightGrad(a, b, { ...attrs, kernelShape: k }) }
  },
  unfold: (random) => {
    const { x, kernel, attrs } = convolution(random)
    return { shapes: [x], apply: (g, [a]) => g.unfold(a, { ...attrs, kernel }) }
  },
  fold: (random) => {
    const { x, kernel, attrs, columns } = convolution(random)
    return { shapes: [columns], apply: (g, [a]) => g.fold(a, { ...attrs, kernel, inputShape: x }) }
  },
  // ids 0 and 1
  lookup: (random) => ({
    shapes: [
      [2, size(random)],
      [2, size(random)],
    ],
    apply: (g, [a, b]) => g.square(g.lookup(g.positive(a), b)),
    domain: offZero,
  }),
  scatterAdd: (random) => {
    const ids = [2, size(random)]
    return { shapes: [ids, [...ids, 3]], apply: (g, [a, b]) => g.square(g.scatterAdd(g.positive(a), b, 2)), domain: offZero }
  },
  maxPool2d: (random) => {
    const { x, attrs } = pooling(random)
    return { shapes: [x], apply: (g, [a]) => g.maxPool2d(a, attrs) }
  },
  maxPool2dGrad: (random) => {
    const { x, attrs, error } = pooling(random)
    return { shapes: [x, error], apply: (g, [a, b]) => g.maxPool2dGrad(a, b, attrs) }
  },
}

/** Σ w ⊙ f(operands) with fixed random w: its derivatives see every element of the result differently. */
function weightedSum(g: Builder, value: Value, random: Random): Value {
  return g.reduceSum(g.mul(value, g.constant(normals(random, value.shape), value.shape)))
}

/** Largest difference, relative to the largest number where that is above 1. */
const largestGap = (found: ArrayLike<number>, expected: Float64Array): number => {
  expect(found.length).toBe(expected.length)
  return Math.max(...expected.map((value, i) => Math.abs(found[i] - value))) / Math.max(1, ...expected.map(Math.abs))
}

async function differences(
  one: Case,
  values: Readonly<Record<string, Float64Array>>,
  scalar: (g: Builder, operands: Value[]) => Value,
): Promise<Float64Array[]> {
  const graph = traced((g) => ({
    scalar: scalar(
      g,
      one.shapes.map((shape, i) => g.input(`x${i}`, shape)),
    ),
  }))
  const at = async (name: string, position: number, value: number): Promise<number> => {
    const moved = { ...values, [name]: values[name].slice() }
    moved[name][position] = value
    return (await evaluate(graph, moved)).scalar[0]
  }
  const step = 1e-5
  return Promise.all(
    one.shapes.map(async (shape, i) => {
      const result = new Float64Array(sizeOf(shape))
      for (let j = 0; j < result.length; j++) {
        const x = values[`x${i}`][j]
        result[j] = ((await at(`x${i}`, j, x + step)) - (await at(`x${i}`, j, x - step))) / (2 * step)
      }
      return result
    }),
  )
}

describe('derivative of', () => {
  it.each(Object.keys(primitives) as PrimitiveName[])('%s agrees with central differences, to second order', async (op) => {
    for (let trial = 0; trial < 5; trial++) {
      const random = randomFrom(`${op} ${trial}`)
      const one = cases[op](random)
      const weights = random.fork('weights')
      const values: Record<string, Float64Array> = {}
      for (const [i, shape] of one.shapes.entries()) values[`x${i}`] = normals(random, shape).map(one.domain ?? ((x) => x))
      const first = (g: Builder, operands: Value[]) => weightedSum(g, one.apply(g, operands), weights.fork(1))
      const second = (g: Builder, operands: Value[]) =>
        gradients(g, first(g, operands), operands)
          .map((gradient, i) => weightedSum(g, gradient, weights.fork(2, i)))
          .reduce((a, b) => g.add(a, b))
      for (const scalar of [first, second]) {
        const graph = traced((g) => {
          const operands = one.shapes.map((shape, i) => g.input(`x${i}`, shape))
          return Object.fromEntries(gradients(g, scalar(g, operands), operands).map((gradient, i) => [`d${i}`, gradient]))
        })
        const exact = await evaluate(graph, values)
        for (const [i, expected] of (await differences(one, values, scalar)).entries()) {
          expect(largestGap(exact[`d${i}`], expected)).toBeLessThan(1e-8)
        }
      }
    }
  })
})
