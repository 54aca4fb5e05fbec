import type { FloatArray } from '../core/matrix'
import type { Random } from '../core/random'
import { sizeOf } from '../graph/ir'
import type { Fill, Layer } from './layers/layer'
import type { WeightInit } from './model'

/** Half-widths of the uniform distributions that weights and biases are drawn from. */
const bounds: Readonly<Record<WeightInit, { weight(fanIn: number, fanOut: number): number; bias(fanIn: number): number }>> = {
  // He et al. 2015
  'he-uniform': { weight: (fanIn) => Math.sqrt(6 / fanIn), bias: () => 0 },
  // what torch.nn.Linear and Conv2d do
  'torch-default': { weight: (fanIn) => Math.sqrt(1 / fanIn), bias: (fanIn) => Math.sqrt(1 / fanIn) },
  // Glorot & Bengio 2010
  'glorot-uniform': { weight: (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)), bias: () => 0 },
}

/** Fresh values of every parameter and buffer in order; constants and a bound of 0 draw nothing from the stream. */
export function drawWeights(
  layers: readonly Pick<Layer, 'parameters'>[],
  init: WeightInit,
  random: Random,
  allocate: (size: number) => FloatArray,
): FloatArray[] {
  return layers.flatMap(({ parameters }) =>
    parameters.map(({ shape, fill }) => {
      const values = allocate(sizeOf(shape))
      const draw = drawn(fill, init, random)
      if (typeof draw === 'number') return values.fill(draw)
      for (let j = 0; j < values.length; j++) values[j] = draw()
      return values
    }),
  )
}

function drawn(fill: Fill, init: WeightInit, random: Random): number | (() => number) {
  switch (fill.type) {
    case 'constant':
      return fill.value
    case 'normal':
      return () => fill.deviation * random.normal()
    case 'weight':
    case 'bias': {
      const bound = fill.type === 'weight' ? bounds[init].weight(fill.fanIn, fill.fanOut) : bounds[init].bias(fill.fanIn)
      return bound === 0 ? 0 : () => (2 * random.next() - 1) * bound
    }
  }
}
