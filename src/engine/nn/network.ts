import { badInput } from '../core/errors'
import { createBuilder, type Builder } from '../graph/builder'
import { gradients } from '../graph/grad'
import { sizeOf, type Graph, type Shape, type Value } from '../graph/ir'
import { sampleNorm2 } from '../graph/sampleNorm2'
import { type Auxiliary, traceAuxiliaryStep } from './auxiliary'
import type { ParameterSpec } from './executor'
import { planLayers } from './layers'
import type { Layer, LayerPass } from './layers/layer'
import { crossEntropy, entropy } from './losses'
import type { LayerSpec } from './model'

/** A sequential network with every shape known. Its graphs feed `x` (batch × sample shape) and run for one batch size each. */
export interface Network {
  readonly layers: readonly Layer[]
  readonly inputShape: Shape
  readonly classes: number
  /** weight and bias of every layer, in order; the last layer's come last */
  readonly parameters: readonly ParameterSpec[]
  /** parameters and buffers in the order of the layers: what an executor keeps and a snapshot holds */
  readonly state: readonly ParameterSpec[]
  /** width of the last layer's input */
  readonly embeddingSize: number
  /** hidden activations and blocks marked in the layers, in order: what an auxiliary module may read */
  readonly taps: readonly Tap[]
  /** dropout layers: graph input, numbers per sample, kept fraction */
  readonly masks: readonly Mask[]
  /** position of the first dropout layer; −1 without */
  readonly firstDropout: number
}

export interface Tap {
  /** position in `layers` */
  readonly layer: number
  /** sample shape: [d], [channels, length], [channels, height, width] or, of tokens, [width, tokens] */
  readonly shape: Shape
  readonly tokens: boolean
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
  const state = layers.flatMap(({ parameters }) => parameters)
  return {
    layers,
    inputShape,
    classes,
    parameters: state.filter(({ buffer }) => buffer !== true),
    state,
    embeddingSize: (layers.at(-2)?.outputShape ?? inputShape)[0],
    taps: specs.flatMap(({ tap = false }, layer): Tap[] => {
      if (tap === false) return []
      const { outputShape } = layers[layer]
      return [{ layer, shape: tap === 'tokens' ? outputShape.toReversed() : outputShape, tokens: tap === 'tokens' }]
    }),
    masks: layers.flatMap(({ keep, outputShape }, i) => (keep < 1 ? [{ name: maskName(i), size: sizeOf(outputShape), keep }] : [])),
    firstDropout: layers.findIndex(({ keep }) => keep < 1),
  }
}

/**
 * One training step: outputs `loss` (scalar, weighted cross-entropy), `grad:<parameter>` of it (and of the auxiliary module's loss) and
 * `buffer:<name>`; inputs `x`, `target` (batch × classes: the row's weight at its class), one `mask:<layer>` per dropout layer, and
 * those of `auxiliaryFeeds` with a module.
 */
export function traceStep(network: Network, batch: number, auxiliary?: Auxiliary): Graph {
  const g = createBuilder()
  const target = g.input('target', [batch, network.classes])
  const pass = forward(g, network, batch, { mode: 'training', target })
  const loss = crossEntropy(g, pass.logits, target)
  g.output('loss', loss)
  const module = auxiliary && traceAuxiliaryStep(g, auxiliary, pass, target)
  const specs = [...network.parameters, ...(auxiliary?.trained ?? [])]
  const trained = [...pass.parameters, ...(module?.parameters ?? [])]
  for (const [i, gradient] of gradients(g, module ? g.add(loss, module.loss) : loss, trained).entries())
    g.output(`grad:${specs[i].name}`, gradient)
  for (const [name, value] of [...pass.buffers, ...(module?.buffers ?? [])]) g.output(`buffer:${name}`, value)
  return g.build()
}

/** Inference: outputs `logits` (batch × classes) and `embedding` (batch × d, the last layer's input). */
export function traceOutputs(network: Network, batch: number): Graph {
  const g = createBuilder()
  const { logits, embedding } = forward(g, network, batch, { mode: 'inference' })
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
  const { logits, parameters } = forward(g, network, batch, { mode: 'inference' })
  const scores = entropy(g, logits)
  const [error] = gradients(g, g.reduceSum(scores), [logits])
  g.output('squared', sampleNorm2(g, scores, parameters))
  g.output('errorSquared', g.reduceSum(g.square(error), [1]))
  return g.build()
}

/** What all stochastic passes share: output `trunk` (batch × shape), what the first dropout layer gets. */
export function traceTrunk(network: Network, batch: number): Graph {
  const g = createBuilder()
  g.output('trunk', forward(g, network, batch, { mode: 'inference' }, 0, network.firstDropout).logits)
  return g.build()
}

/** A stochastic pass from the first dropout layer on: outputs `logits`; inputs `x`, the trunk, and one `mask:<layer>` per dropout layer. */
export function traceSampled(network: Network, batch: number): Graph {
  const g = createBuilder()
  g.output('logits', forward(g, network, batch, { mode: 'sampled' }, network.firstDropout).logits)
  return g.build()
}

/**
 * `inference`; `sampled`: dropout acts; `training`: so it does, and normalisation uses the statistics of the batch, in which rows
 * without a weight in `target` (batch × classes) do not count.
 */
export type Pass = { readonly mode: 'inference' | 'sampled' } | { readonly mode: 'training'; readonly target: Value }

export interface Forward {
  /** batch × classes, or what layer `end` gets */
  readonly logits: Value
  /** input of the last layer passed, batch × its sample shape */
  readonly embedding: Value
  /** in the order of `network.parameters` */
  readonly parameters: readonly Value[]
  /** batch × sample shape, in the order of `network.taps` */
  readonly taps: readonly Value[]
  /** next values of buffers by name; while training only */
  readonly buffers: ReadonlyMap<string, Value>
}

/** Traces the layers from `start` to before `end`; inputs `x` (batch × what layer `start` gets) and, unless in inference, the masks. */
export function forward(g: Builder, network: Network, batch: number, pass: Pass, start = 0, end = network.layers.length): Forward {
  const { layers, inputShape } = network
  const parameters: Value[] = []
  const outputs: Value[] = []
  const buffers = new Map<string, Value>()
  const training = pass.mode === 'training' ? { rows: g.positive(g.reduceSum(pass.target, [1])), buffers } : undefined
  let embedding = g.input('x', [batch, ...(start === 0 ? inputShape : layers[start - 1].outputShape)])
  let x = embedding
  for (let i = start; i < end; i++) {
    const layer = layers[i]
    const own = layer.parameters.map(({ name, shape }) => g.parameter(name, shape))
    const mask = pass.mode !== 'inference' && layer.keep < 1 ? g.input(maskName(i), [batch, ...layer.outputShape]) : undefined
    const layerPass: LayerPass = { ...(mask && { mask }), ...(training && { training }) }
    parameters.push(...own.filter((_, p) => layer.parameters[p].buffer !== true))
    embedding = x
    x = layer.forward(g, x, own, layerPass)
    outputs[i] = x
  }
  const taps = network.taps
    .filter(({ layer }) => layer in outputs)
    .map(({ layer, tokens }) => (tokens ? g.transpose(outputs[layer], [0, 2, 1]) : outputs[layer]))
  return { logits: x, embedding, parameters, taps, buffers }
}

const maskName = (layer: number): string => `mask:${layer}`
