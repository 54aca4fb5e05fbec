import { createBuilder, type Builder } from '../graph/builder'
import { gradients } from '../graph/grad'
import { sizeOf, type Graph, type Value } from '../graph/ir'
import { sampleGradients, sampleNorm2 } from '../graph/sampleNorm2'
import { adamConstants, type AdamForm } from './adamDirection'
import type { ParameterSpec } from './executor'
import { crossEntropy } from './losses'
import { forward, type Network } from './network'

/**
 * Squared norms of each sample's gradient, given its output error: output `squared` (batch × parameters); inputs `x` and `error`
 * (batch × classes, ∂L/∂logits).
 */
export function traceGradientNorms(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { seeded, parameters } = seededForward(g, network, batch)
  g.output('squared', sampleNorm2(g, seeded, parameters))
  return g.build()
}

/**
 * Gradient of −Σ t log p with soft labels: one output `grad:<parameter>` each; inputs `x` and `target` (batch × classes; a row of zeros
 * counts for nothing).
 */
export function traceLossGradient(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, parameters } = forward(g, network, batch, { mode: 'inference' })
  const loss = crossEntropy(g, logits, g.input('target', [batch, network.classes]))
  for (const [i, gradient] of gradients(g, loss, parameters).entries()) g.output(`grad:${network.parameters[i].name}`, gradient)
  return g.build()
}

/**
 * Derivative of every logit along a direction in parameter space: output `tangents` (batch × classes); inputs `x` and one
 * `direction:<parameter>` each. ⟨∇Σ w·z, V⟩ is linear in w, so its derivative with respect to w is the tangent, and no gradient of
 * the parameters is left in the graph.
 */
export function traceTangents(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, parameters } = forward(g, network, batch, { mode: 'inference' })
  const weights = g.input('weights', [batch, network.classes])
  const products = gradients(g, g.reduceSum(g.mul(logits, weights)), parameters).map((gradient, i) => {
    const { name, shape } = network.parameters[i]
    return g.reduceSum(g.mul(gradient, g.input(`direction:${name}`, shape)))
  })
  const along = products.reduce((sum, product) => g.add(sum, product))
  g.output('tangents', gradients(g, along, [weights])[0])
  return g.build()
}

/**
 * Adam directions Γ against given directions: outputs `products` (batch × groups) and `squared` (batch, ‖Γ‖²); inputs `x`, `error`, those
 * of `adamOf`, and per parameter `direction:<parameter>` (groups × size).
 */
export function traceAdamProducts(network: Network, batch: number, form: AdamForm, groups: number): Graph {
  const g = createBuilder()
  const { seeded, parameters } = seededForward(g, network, batch)
  const parts = sampleGradients(g, seeded, parameters).map((gradient, t) => {
    const { name, shape } = network.parameters[t]
    const direction = adamOf(g, gradient, form, network.parameters[t])
    const targets = g.input(`direction:${name}`, [groups, sizeOf(shape)])
    return { product: g.matmul(direction, targets, { transB: true }), squared: g.reduceSum(g.square(direction), [1]) }
  })
  g.output(
    'products',
    parts.map(({ product }) => product).reduce((a, b) => g.add(a, b)),
  )
  g.output(
    'squared',
    parts.map(({ squared }) => squared).reduce((a, b) => g.add(a, b)),
  )
  return g.build()
}

/**
 * Samples' gradients with respect to some parameters, or their Adam directions, times `width` columns of a projection: output
 * `projected` (batch × width); inputs `x`, `error`, those of `adamOf`, and per parameter `projection:<parameter>` (size × width).
 */
export function traceProjections(network: Network, batch: number, names: readonly string[], form: AdamForm | null, width: number): Graph {
  const g = createBuilder()
  const { seeded, parameters } = seededForward(g, network, batch)
  const chosen = network.parameters.flatMap((spec, t) => (names.includes(spec.name) ? [{ spec, value: parameters[t] }] : []))
  const gradientsOf = sampleGradients(
    g,
    seeded,
    chosen.map(({ value }) => value),
  )
  const parts = gradientsOf.map((gradient, t) => {
    const { spec } = chosen[t]
    const direction = form === null ? gradient : adamOf(g, gradient, form, spec)
    return g.matmul(direction, g.input(`projection:${spec.name}`, [sizeOf(spec.shape), width]))
  })
  g.output(
    'projected',
    parts.reduce((a, b) => g.add(a, b)),
  )
  return g.build()
}

/** n numbers whose gradients have the output errors of input `error` (batch × classes). */
function seededForward(g: Builder, network: Network, batch: number): { readonly seeded: Value; readonly parameters: readonly Value[] } {
  const { logits, parameters } = forward(g, network, batch, { mode: 'inference' })
  return { seeded: g.reduceSum(g.mul(logits, g.input('error', [batch, network.classes])), [1]), parameters }
}

/** Γ of gradients (batch × size), A§8.1; inputs `first:` and `second:<parameter>` (1 × size, scaled), `gain` and `squareGain` (1 × 1). */
function adamOf(g: Builder, gradient: Value, form: AdamForm, { name, shape }: ParameterSpec): Value {
  const size = sizeOf(shape)
  const first = g.add(g.input(`first:${name}`, [1, size]), g.mul(gradient, g.input('gain', [1, 1])))
  const second = g.add(g.input(`second:${name}`, [1, size]), g.mul(g.square(gradient), g.input('squareGain', [1, 1])))
  const epsilon = g.constant(adamConstants.epsilon)
  return g.div(first, form === 'paper' ? g.add(g.sqrt(second), epsilon) : g.sqrt(g.add(second, epsilon)))
}
