import { randomFrom } from '@engine/core/random'
import { createBuilder, type Builder } from '@engine/graph/builder'
import { gradients } from '@engine/graph/grad'
import type { Graph, Shape, Value } from '@engine/graph/ir'
import { sampleDot, sampleNorm2 } from '@engine/graph/sampleNorm2'
import { traceTangents } from '@engine/nn/gradientGraphs'
import { planLayers } from '@engine/nn/layers'
import { entropy } from '@engine/nn/losses'
import type { LayerSpec } from '@engine/nn/model'
import { planNetwork, traceOutputs } from '@engine/nn/network'
import { describe, expect, it } from 'vitest'
import { evaluate, normals, relativeError, traced } from '../../support/graphs'

const random = randomFrom('sample norms')

function network(specs: readonly LayerSpec[], inputShape: Shape) {
  const layers = planLayers(specs, inputShape)
  const specsOfParameters = layers.flatMap(({ parameters }) => parameters)
  const trained = specsOfParameters.filter(({ buffer }) => buffer !== true)
  // running variances are positive
  const values = Object.fromEntries(
    specsOfParameters.map(({ name, shape }) => [name, normals(random, shape).map((v) => (name.endsWith('_var') ? 0.5 + Math.abs(v) : v))]),
  )
  const forward = (g: Builder, n: number) => {
    const parameters: Value[] = []
    let x = g.input('x', [n, ...inputShape])
    for (const layer of layers) {
      const own = layer.parameters.map(({ name, shape }) => g.parameter(name, shape))
      parameters.push(...own.filter((_, p) => layer.parameters[p].buffer !== true))
      x = layer.forward(g, x, own, {})
    }
    return { scores: entropy(g, x), parameters }
  }
  return { values, forward, names: trained.map(({ name }) => name) }
}

const norms = (forward: ReturnType<typeof network>['forward'], n: number): Graph =>
  traced((g) => {
    const { scores, parameters } = forward(g, n)
    return { norms: sampleNorm2(g, scores, parameters) }
  })

interface Case {
  readonly name: string
  readonly specs: readonly LayerSpec[]
  readonly input: Shape
  /** samples consist of token numbers below this; of normal numbers when left out */
  readonly tokens?: number
}

const samples = (n: number, { input, tokens }: Pick<Case, 'input' | 'tokens'>): Float64Array =>
  normals(random, [n, ...input]).map((value) => (tokens === undefined ? value : random.int(tokens)))

const networks: readonly Case[] = [
  {
    name: 'dense layers',
    specs: [
      { type: 'dense', units: 6 },
      { type: 'relu' },
      { type: 'dense', units: 5, bias: false },
      { type: 'tanh' },
      { type: 'dense', units: 4 },
    ],
    input: [7],
  },
  {
    // 64, 16 and 1 places: 2·64² ≥ 8·2·9, but 2·16² < 8·8·9 and 2 < 3·8·4
    name: 'convolutions of both forms',
    specs: [
      { type: 'conv2d', filters: 8, kernel: 3, padding: 1 },
      { type: 'relu' },
      { type: 'maxpool2d', size: 2 },
      { type: 'conv2d', filters: 8, kernel: 3, padding: 1 },
      { type: 'maxpool2d', size: 2 },
      { type: 'relu' },
      { type: 'conv2d', filters: 3, kernel: 2, stride: 1, bias: false },
      { type: 'flatten' },
      { type: 'dense', units: 3 },
    ],
    input: [2, 8, 8],
  },
]

const lastly = (units: number): LayerSpec[] => [{ type: 'flatten' }, { type: 'dense', units }]

/** Every layer type with parameters, and those without that a network passes its errors through. */
const layerTypes: readonly Case[] = [
  {
    // 6 places: 2·6² < 9·12, but 2·6² ≥ 12·3
    name: 'dense layers over sequences, of both forms',
    specs: [
      { type: 'dense', units: 12 },
      { type: 'gelu' },
      { type: 'dense', units: 3 },
      { type: 'tokenmean' },
      { type: 'dense', units: 4 },
    ],
    input: [6, 9],
  },
  {
    name: 'convolutions of series',
    specs: [
      { type: 'conv1d', filters: 4, kernel: 3, padding: 1 },
      { type: 'relu' },
      { type: 'maxpool1d', size: 2 },
      { type: 'conv1d', filters: 3, kernel: 2, stride: 2, bias: false },
      { type: 'avgpool1d', size: 2 },
      ...lastly(3),
    ],
    input: [2, 18],
  },
  {
    name: 'normalised maps with a residual block',
    specs: [
      { type: 'conv2d', filters: 3, kernel: 3, padding: 1, bias: false },
      { type: 'batchnorm' },
      { type: 'relu' },
      {
        type: 'residual',
        layers: [{ type: 'conv2d', filters: 4, kernel: 3, stride: 2, padding: 1 }, { type: 'batchnorm' }],
        shortcut: [{ type: 'conv2d', filters: 4, kernel: 1, stride: 2 }, { type: 'batchnorm' }],
      },
      { type: 'avgpool2d', size: 2 },
      { type: 'globalavgpool' },
      { type: 'dense', units: 3 },
    ],
    input: [2, 8, 8],
  },
  {
    name: 'normalised vectors',
    specs: [{ type: 'dense', units: 6 }, { type: 'layernorm' }, { type: 'tanh' }, { type: 'batchnorm' }, { type: 'dense', units: 3 }],
    input: [5],
  },
  {
    name: 'groups of maps',
    specs: [
      { type: 'conv2d', filters: 6, kernel: 3, padding: 1 },
      { type: 'groupnorm', groups: 3, eps: 1e-3 },
      { type: 'relu' },
      { type: 'maxpool2d', size: 2 },
      { type: 'groupnorm', groups: 1 },
      ...lastly(3),
    ],
    input: [2, 4, 6],
  },
  {
    name: 'groups of series and vectors',
    specs: [
      { type: 'conv1d', filters: 4, kernel: 3, bias: false },
      { type: 'groupnorm', groups: 2 },
      { type: 'tanh' },
      { type: 'flatten' },
      { type: 'groupnorm', groups: 4 },
      { type: 'dense', units: 3 },
    ],
    input: [2, 8],
  },
  {
    name: 'tokens with repeats',
    specs: [
      { type: 'embedding', rows: 4, width: 6 },
      { type: 'position' },
      { type: 'attention', heads: 2 },
      { type: 'tokenmean' },
      { type: 'dense', units: 3 },
    ],
    input: [7],
    tokens: 4,
  },
  {
    name: 'a transformer block',
    specs: [
      { type: 'conv2d', filters: 6, kernel: 2, stride: 2 },
      { type: 'tokens' },
      { type: 'position' },
      { type: 'residual', layers: [{ type: 'layernorm' }, { type: 'attention', heads: 2 }] },
      { type: 'residual', layers: [{ type: 'layernorm' }, { type: 'dense', units: 8 }, { type: 'gelu' }, { type: 'dense', units: 6 }] },
      { type: 'layernorm' },
      { type: 'tokenmean' },
      { type: 'dense', units: 3 },
    ],
    input: [1, 6, 4],
  },
]

describe.each([...networks, ...layerTypes])('per-sample gradients of $name', ({ specs, input, tokens }) => {
  const n = 6
  const { values, forward, names } = network(specs, input)
  const x = samples(n, { input, tokens })
  const one = (i: number) => x.slice((i * x.length) / n, ((i + 1) * x.length) / n)

  /** one backward pass per sample, each parameter's gradient in full */
  const explicit = async () => {
    const graph = traced((g) => {
      const { scores, parameters } = forward(g, 1)
      return Object.fromEntries(gradients(g, g.reduceSum(scores), parameters).map((gradient, t) => [names[t], gradient]))
    })
    return Promise.all(Array.from({ length: n }, (_, i) => evaluate(graph, { ...values, x: one(i) })))
  }

  it('have the norms that one backward pass per sample gives', async () => {
    const { norms: found } = await evaluate(norms(forward, n), { ...values, x })
    const expected = (await explicit()).flatMap((gradient) => names.map((name) => [...gradient[name]].reduce((sum, v) => sum + v * v, 0)))
    expect(found.length).toBe(expected.length)
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(1e-9 * value + 1e-25)
  })

  it('do not depend on the rest of the batch', async () => {
    const { norms: found } = await evaluate(norms(forward, n), { ...values, x })
    const { norms: alone } = await evaluate(norms(forward, 1), { ...values, x: one(3) })
    expect(relativeError(alone, found.slice(3 * names.length, 4 * names.length))).toBeLessThan(1e-12)
  })

  it('have the dot products with a target that one backward pass per sample gives', async () => {
    const targets = Object.fromEntries(names.map((name) => [`target ${name}`, normals(random, [values[name].length])]))
    const graph = traced((g) => {
      const { scores, parameters } = forward(g, n)
      return {
        dots: sampleDot(
          g,
          scores,
          parameters,
          parameters.map(({ shape }, t) => g.input(`target ${names[t]}`, shape)),
        ),
      }
    })
    const { dots } = await evaluate(graph, { ...values, ...targets, x })
    const expected = (await explicit()).flatMap((gradient) =>
      names.map((name) => [...gradient[name]].reduce((sum, v, i) => sum + v * targets[`target ${name}`][i], 0)),
    )
    expect(relativeError(dots, expected)).toBeLessThan(1e-10)
  })
})

it.each([...networks, ...layerTypes])(
  'directional derivatives of the logits come from differentiating twice: $name',
  async ({ specs, input, tokens }) => {
    const n = 3
    const network = planNetwork(specs, input, (specs.at(-1) as { units: number }).units)
    const { classes, parameters, state } = network
    const values: Record<string, Float64Array> = { x: samples(n, { input, tokens }) }
    for (const { name, shape } of state) values[name] = normals(random, shape).map((v) => (name.endsWith('_var') ? 0.5 + Math.abs(v) : v))
    const direction = Object.fromEntries(parameters.map(({ name, shape }) => [`direction:${name}`, normals(random, shape)]))
    const { tangents } = await evaluate(traceTangents(network, n), { ...values, ...direction, weights: new Float64Array(n * classes) })
    const logits = async (step: number) => {
      const moved = Object.fromEntries(
        parameters.map(({ name }) => [name, values[name].map((v, i) => v + step * direction[`direction:${name}`][i])]),
      )
      return (await evaluate(traceOutputs(network, n), { ...values, ...moved })).logits
    }
    const step = 1e-6
    const [up, down] = [await logits(step), await logits(-step)]
    expect(
      relativeError(
        tangents,
        up.map((v, i) => (v - down[i]) / (2 * step)),
      ),
    ).toBeLessThan(1e-6)
  },
)

it('chooses the cheaper form for each convolution of the network above', () => {
  const graph = norms(network(networks[1].specs, networks[1].input).forward, 2)
  const products = graph.nodes.flatMap((node) => (node.op === 'batchMatmul' ? [node.attrs.transB ? 'explicit' : 'gram'] : []))
  expect(products).toEqual(['explicit', 'gram', 'gram', 'gram', 'gram']) // the Gram form multiplies twice
})

it('gives the worked convolution example E2 of A§2.2 in both forms', async () => {
  // D = (1 2), A = [[3, 1], [0, 1]]: a 2 × 1 kernel sees the columns of the image A; D is a constant output error
  const { norm, gram } = await evaluate(
    traced((g) => {
      const y = g.conv2d(g.input('x', [1, 1, 2, 2]), g.parameter('k', [1, 1, 2, 1]), { stride: [1, 1], padding: [0, 0] })
      const score = g.reduceSum(g.mul(y, g.constant(Float64Array.of(1, 2), [1, 1, 1, 2])), [1, 2, 3])
      const errors = g.constant(Float64Array.of(1, 2), [1, 1, 2])
      const columns = g.unfold(g.input('x', [1, 1, 2, 2]), { kernel: [2, 1], stride: [1, 1], padding: [0, 0] })
      const pairs = (a: Value) => g.batchMatmul(a, a, { transA: true })
      return { norm: sampleNorm2(g, score, [g.parameter('k', [1, 1, 2, 1])]), gram: g.reduceSum(g.mul(pairs(errors), pairs(columns))) }
    }),
    { x: Float64Array.of(3, 1, 0, 1), k: Float64Array.of(0.3, -0.7) },
  )
  expect(norm[0]).toBe(29)
  expect(gram[0]).toBe(29)
})

it('gives the worked network example E3 of A§2.2', async () => {
  const { forward } = network([{ type: 'dense', units: 2 }, { type: 'relu' }, { type: 'dense', units: 3 }], [2])
  const values = {
    '0.weight': Float64Array.of(1, -1, 0.5, 0.5),
    '0.bias': Float64Array.of(0, 0.1),
    '2.weight': Float64Array.of(1, 0, 0, 1, -1, 0.5),
    '2.bias': Float64Array.of(0, 0, 0),
    x: Float64Array.of(1, 0.5, 2, -1),
  }
  const { norms: squared } = await evaluate(norms(forward, 2), values)
  const rows = [squared.slice(0, 4), squared.slice(4)]
  const total = (row: ArrayLike<number>) => Array.from(row).reduce((a, b) => a + b, 0)
  expect(rows.map((row) => Math.sqrt(total(row)).toFixed(6))).toEqual(['0.321856', '1.113385'])
  expect(rows.map((row) => total(row.map(Math.sqrt)).toFixed(6))).toEqual(['0.636176', '2.017092'])
})

it('refuses parameters whose use it does not know', () => {
  const twice = createBuilder()
  const w = twice.parameter('w', [2, 2])
  const y = twice.matmul(twice.matmul(twice.input('x', [3, 2]), w), w)
  expect(() => sampleNorm2(twice, twice.reduceSum(y, [1]), [w])).toThrow('used 2 times')

  const divided = createBuilder()
  const s = divided.parameter('s', [2])
  expect(() => sampleNorm2(divided, divided.reduceSum(divided.div(divided.input('x', [3, 2]), s), [1]), [s])).toThrow('used by div')

  // rows by step, not by sample
  const mixed = createBuilder()
  const v = mixed.parameter('v', [1, 2])
  const product = mixed.reshape(mixed.matmul(mixed.input('x', [12, 2]), v, { transB: true }), [4, 3])
  expect(() => sampleNorm2(mixed, mixed.reduceSum(product, [0]), [v])).toThrow('used by matmul')
})
