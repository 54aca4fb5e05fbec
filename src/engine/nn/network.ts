import { badInput } from '../core/errors'
import { createBuilder, type Builder } from '../graph/builder'
import { gradients } from '../graph/grad'
import { sizeOf, type Graph, type Shape, type Value } from '../graph/ir'
import { sampleNorm2 } from '../graph/sampleNorm2'
import type { ParameterSpec } from './executor'
import { type Layer, planLayers } from './layers'
import { crossEntropy, entropy } from './losses'
import type { LayerSpec } from './model'

/** A sequential network with every shape known. Its graphs feed `x` (batch × sample shape) and run for one batch size each. */
export interface Network {
  readonly layers: readonly Layer[]
  readonly inputShape: Shape
  readonly classes: number
  /** weight and bias of every layer, in order; the last layer's come last */
  readonly parameters: readonly ParameterSpec[]
  /** width of the last layer's input */
  readonly embeddingSize: number
  /** dropout layers: graph input, numbers per sample, kept fraction */
  readonly masks: readonly Mask[]
  /** position of the first dropout layer; −1 without */
  readonly firstDropout: number
}

export interface Mask {
  readonly name: string
  readonly size: number
  readonly keep: number
}

export function planNetwork(specs: readonly LayerSpec[], inputShape: Shape, classes: number): Network {
  const layers = planLayers(specs, inputShape)
  const last = layers[layers.length - 1]
  if (last.outputShape[0] !== classes) throw badInput(`the last layer has ${last.outputShape[0]} units for ${classes} classes`)
  return {
    layers,
    inputShape,
    classes,
    parameters: layers.flatMap(({ parameters }) => parameters),
    embeddingSize: last.fanIn,
    masks: layers.flatMap(({ keep, outputShape }, i) => (keep < 1 ? [{ name: maskName(i), size: sizeOf(outputShape), keep }] : [])),
    firstDropout: layers.findIndex(({ keep }) => keep < 1),
  }
}

/**
 * One training step: output `loss` (scalar, weighted cross-entropy) and `grad:<parameter>`; inputs `x`, `target` (batch × classes: the
 * row's weight at its class) and one `mask:<layer>` per dropout layer.
 */
export function traceStep(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, parameters } = forward(g, network, batch, true)
  const loss = crossEntropy(g, logits, g.input('target', [batch, network.classes]))
  g.output('loss', loss)
  for (const [i, gradient] of gradients(g, loss, parameters).entries()) g.output(`grad:${network.parameters[i].name}`, gradient)
  return g.build()
}

/** Inference: outputs `logits` (batch × classes) and `embedding` (batch × d, the last layer's input). */
export function traceOutputs(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, embedding } = forward(g, network, batch, false)
  g.output('logits', logits)
  g.output('embedding', embedding)
  return g.build()
}

/**
 * Gradients of the prediction entropy, in inference mode: outputs `squared` (batch × parameters, squared norms) and `errorSquared`
 * (batch, squared norm of the logits' gradient), A§7.1.
 */
export function traceEntropyNorms(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, parameters } = forward(g, network, batch, false)
  const scores = entropy(g, logits)
  const [error] = gradients(g, g.reduceSum(scores), [logits])
  g.output('squared', sampleNorm2(g, scores, parameters))
  g.output('errorSquared', g.reduceSum(g.square(error), [1]))
  return g.build()
}

/** What all stochastic passes share: output `trunk` (batch × shape), what the first dropout layer gets. */
export function traceTrunk(network: Network, batch: number): Graph {
  const g = createBuilder()
  g.output('trunk', forward(g, network, batch, false, 0, network.firstDropout).logits)
  return g.build()
}

/** A stochastic pass from the first dropout layer on: outputs `logits`; inputs `x`, the trunk, and one `mask:<layer>` per dropout layer. */
export function traceSampled(network: Network, batch: number): Graph {
  const g = createBuilder()
  g.output('logits', forward(g, network, batch, true, network.firstDropout).logits)
  return g.build()
}

function forward(g: Builder, { layers, inputShape }: Network, batch: number, dropout: boolean, start = 0, end = layers.length) {
  const parameters: Value[] = []
  let embedding = g.input('x', [batch, ...(start === 0 ? inputShape : layers[start - 1].outputShape)])
  let x = embedding
  for (let i = start; i < end; i++) {
    const layer = layers[i]
    const own = layer.parameters.map(({ name, shape }) => g.parameter(name, shape))
    const mask = dropout && layer.keep < 1 ? g.input(maskName(i), [batch, ...layer.outputShape]) : undefined
    parameters.push(...own)
    embedding = x
    x = layer.forward(g, x, own, mask)
  }
  return { logits: x, embedding, parameters }
}

const maskName = (layer: number): string => `mask:${layer}`
