import { badInput } from '../core/errors'
import type { Builder } from '../graph/builder'
import type { Shape, Value } from '../graph/ir'
import { positions } from '../graph/shapes'
import type { ParameterSpec } from './executor'
import type { LayerSpec } from './model'

/** A layer of a network whose shapes are known. Sample shapes leave out the batch axis. */
export interface Layer {
  readonly outputShape: Shape
  /** weight before bias, named as in torch's `nn.Sequential` */
  readonly parameters: readonly ParameterSpec[]
  /** numbers one output depends on (inputs × kernel), and outputs that one input reaches; for initialisation */
  readonly fanIn: number
  readonly fanOut: number
  /** kept fraction of dropout; 1 elsewhere */
  readonly keep: number
  /** `mask` (n × sample shape: 0 or 1/keep) is given when dropout acts. */
  forward(g: Builder, x: Value, parameters: readonly Value[], mask?: Value): Value
}

/** The layers of a sequential network for samples of `inputShape`; the last one must be dense. Throws `bad-input` when they do not fit. */
export function planLayers(specs: readonly LayerSpec[], inputShape: Shape): Layer[] {
  const layers: Layer[] = []
  let shape = inputShape
  for (const [index, spec] of specs.entries()) {
    const layer = planLayer(spec, index, shape)
    layers.push(layer)
    shape = layer.outputShape
  }
  if (specs.at(-1)?.type !== 'dense') throw badInput('the last layer of a model must be dense')
  return layers
}

function planLayer(spec: LayerSpec, index: number, shape: Shape): Layer {
  const refuse = (expected: string) =>
    badInput(`layer ${index} (${spec.type}) needs ${expected}, but gets samples of shape ${shape.join(' × ')}`, {
      path: String(index),
      found: shape.join(' × '),
      expected,
    })
  const named = (weight: Shape, bias: boolean): ParameterSpec[] => [
    { name: `${index}.weight`, shape: weight },
    ...(bias ? [{ name: `${index}.bias`, shape: [weight[0]] }] : []),
  ]
  switch (spec.type) {
    case 'dense': {
      if (shape.length !== 1) throw refuse('vectors (a flatten layer before it)')
      return {
        ...plain([spec.units], (g, x, [weight, bias]) => {
          const product = g.matmul(x, weight, { transB: true })
          return bias === undefined ? product : g.add(product, bias)
        }),
        parameters: named([spec.units, shape[0]], spec.bias ?? true),
        fanIn: shape[0],
        fanOut: spec.units,
      }
    }
    case 'conv2d': {
      if (shape.length !== 3) throw refuse('images (channels × height × width)')
      const { filters, kernel, stride = 1, padding = 0 } = spec
      const size = shape.slice(1).map((side) => positions(side, kernel, stride, padding))
      if (Math.min(...size) < 1) throw refuse(`images of at least ${kernel} × ${kernel} pixels with padding`)
      return {
        ...plain([filters, ...size], (g, x, [weight, bias]) => {
          const maps = g.conv2d(x, weight, { stride: [stride, stride], padding: [padding, padding] })
          return bias === undefined ? maps : g.add(maps, g.reshape(bias, [filters, 1, 1]))
        }),
        parameters: named([filters, shape[0], kernel, kernel], spec.bias ?? true),
        fanIn: shape[0] * kernel ** 2,
        fanOut: filters * kernel ** 2,
      }
    }
    case 'relu':
      return plain(shape, (g, x) => g.relu(x))
    case 'tanh':
      return plain(shape, (g, x) => g.tanh(x))
    case 'maxpool2d': {
      if (shape.length !== 3) throw refuse('images (channels × height × width)')
      const { size, stride = size } = spec
      const sides = shape.slice(1).map((side) => positions(side, size, stride, 0))
      if (Math.min(...sides) < 1) throw refuse(`images of at least ${size} × ${size} pixels`)
      return plain([shape[0], ...sides], (g, x) => g.maxPool2d(x, { size: [size, size], stride: [stride, stride] }))
    }
    case 'flatten': {
      const width = shape.reduce((a, b) => a * b, 1)
      return plain([width], (g, x) => g.reshape(x, [x.shape[0], width]))
    }
    case 'dropout':
      return { ...plain(shape, (g, x, _parameters, mask) => (mask === undefined ? x : g.mul(x, mask))), keep: 1 - spec.rate }
  }
}

const plain = (outputShape: Shape, forward: Layer['forward']): Layer => ({
  outputShape,
  parameters: [],
  fanIn: 0,
  fanOut: 0,
  keep: 1,
  forward,
})
