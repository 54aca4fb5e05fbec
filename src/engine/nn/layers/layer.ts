import type { QuerentError } from '../../core/errors'
import type { Builder } from '../../graph/builder'
import type { Shape, Value } from '../../graph/ir'
import type { ParameterSpec } from '../executor'
import type { LayerKind, LayerSpec } from '../model'

/** How fresh values are made; `weight` and `bias` follow the model's initialisation. */
export type Fill =
  /** numbers one output depends on, and outputs that one input reaches */
  | { readonly type: 'weight'; readonly fanIn: number; readonly fanOut: number }
  | { readonly type: 'bias'; readonly fanIn: number }
  | { readonly type: 'constant'; readonly value: number }
  | { readonly type: 'normal'; readonly deviation: number }

export interface LayerParameter extends ParameterSpec {
  readonly fill: Fill
}

/** What a pass tells a layer. */
export interface LayerPass {
  /** n × sample shape, 0 or 1/keep: given when dropout acts */
  readonly mask?: Value
  /** given while training: `rows` (n: 1, or 0 for padding), and where new values of buffers go, by name */
  readonly training?: { readonly rows: Value; readonly buffers: Map<string, Value> }
}

/** A layer of a network whose shapes are known. Sample shapes leave out the batch axis. */
export interface Layer {
  readonly outputShape: Shape
  /** weight before bias before buffers, named as in torch's `nn.Sequential` */
  readonly parameters: readonly LayerParameter[]
  /** multiply-adds of one sample's forward pass, those of products only */
  readonly operations: number
  /** kept fraction of dropout; 1 elsewhere */
  readonly keep: number
  /** `own` holds a value per parameter. */
  forward(g: Builder, x: Value, own: readonly Value[], pass: LayerPass): Value
}

/** Where a layer stands. */
export interface Place {
  /** prefix of its parameters: the position, or the path to it inside a block */
  readonly name: string
  /** sample shape it gets */
  readonly shape: Shape
  refuse(expected: string): QuerentError
  /** Layers inside this one, for samples of its input shape. */
  inner(name: string, specs: readonly LayerSpec[]): Layer[]
}

export type Planner<T extends LayerKind['type']> = (spec: Extract<LayerKind, { type: T }>, place: Place) => Layer
export type Planners<T extends LayerKind['type']> = { readonly [U in T]: Planner<U> }

export const plain = (outputShape: Shape, forward: Layer['forward']): Layer => ({
  outputShape,
  parameters: [],
  operations: 0,
  keep: 1,
  forward,
})

/** Weight and bias of a product with `weight[0]` outputs. */
export function weightAndBias(name: string, weight: Shape, bias: boolean, fans: { fanIn: number; fanOut: number }): LayerParameter[] {
  const { fanIn } = fans
  return [
    { name: `${name}.weight`, shape: weight, fill: { type: 'weight', ...fans } },
    ...(bias ? [{ name: `${name}.bias`, shape: [weight[0]], fill: { type: 'bias', fanIn } } as const] : []),
  ]
}

/** Traces layers one after the other; `own` holds the values of all their parameters. */
export function forwardAll(layers: readonly Layer[], g: Builder, x: Value, own: readonly Value[], pass: LayerPass): Value {
  let from = 0
  return layers.reduce((value, layer) => {
    const to = from + layer.parameters.length
    const result = layer.forward(g, value, own.slice(from, to), pass)
    from = to
    return result
  }, x)
}
