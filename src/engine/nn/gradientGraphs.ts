import { createBuilder } from '../graph/builder'
import { gradients } from '../graph/grad'
import type { Graph } from '../graph/ir'
import { sampleNorm2 } from '../graph/sampleNorm2'
import { crossEntropy } from './losses'
import { forward, type Network } from './network'

/**
 * Squared norms of each sample's gradient, given its output error: output `squared` (batch × parameters); inputs `x` and `error`
 * (batch × classes, ∂L/∂logits).
 */
export function traceGradientNorms(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, parameters } = forward(g, network, batch, { mode: 'inference' })
  const seeded = g.reduceSum(g.mul(logits, g.input('error', [batch, network.classes])), [1])
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
