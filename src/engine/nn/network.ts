import { badInput } from '../core/errors'
import { createBuilder, type Builder } from '../graph/builder'
import { gradients } from '../graph/grad'
import type { Graph, Shape, Value } from '../graph/ir'
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
  readonly masks: readonly { readonly name: string; readonly size: number; readonly keep: number }[]
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
    masks: layers.flatMap(({ keep, outputShape }, i) =>
      keep < 1 ? [{ name: maskName(i), size: outputShape.reduce((a, b) => a * b, 1), keep }] : [],
    ),
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

function forward(g: Builder, { layers, inputShape }: Network, batch: number, training: boolean) {
  const parameters: Value[] = []
  let embedding = g.input('x', [batch, ...inputShape])
  let x = embedding
  for (const [i, layer] of layers.entries()) {
    const own = layer.parameters.map(({ name, shape }) => g.parameter(name, shape))
    const mask = training && layer.keep < 1 ? g.input(maskName(i), [batch, ...layer.outputShape]) : undefined
    parameters.push(...own)
    embedding = x
    x = layer.forward(g, x, own, mask)
  }
  return { logits: x, embedding, parameters }
}

const maskName = (layer: number): string => `mask:${layer}`
