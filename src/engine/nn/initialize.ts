import type { FloatArray } from '../core/matrix'
import type { Random } from '../core/random'
import { sizeOf } from '../graph/ir'
import type { Layer } from './layers'
import type { WeightInit } from './model'

/** Half-widths of the uniform distributions that weights and biases are drawn from. */
const bounds: Readonly<Record<WeightInit, (layer: Layer) => { readonly weight: number; readonly bias: number }>> = {
  // He et al. 2015
  'he-uniform': ({ fanIn }) => ({ weight: Math.sqrt(6 / fanIn), bias: 0 }),
  // what torch.nn.Linear and Conv2d do
  'torch-default': ({ fanIn }) => ({ weight: Math.sqrt(1 / fanIn), bias: Math.sqrt(1 / fanIn) }),
  // Glorot & Bengio 2010
  'glorot-uniform': ({ fanIn, fanOut }) => ({ weight: Math.sqrt(6 / (fanIn + fanOut)), bias: 0 }),
}

/** Fresh values of every parameter in order; a bound of 0 draws nothing from the stream. */
export function drawWeights(
  layers: readonly Layer[],
  init: WeightInit,
  random: Random,
  allocate: (size: number) => FloatArray,
): FloatArray[] {
  return layers.flatMap((layer) => {
    const { weight, bias } = bounds[init](layer)
    return layer.parameters.map(({ shape }, i) => {
      const values = allocate(sizeOf(shape))
      const bound = i === 0 ? weight : bias
      if (bound > 0) for (let j = 0; j < values.length; j++) values[j] = (2 * random.next() - 1) * bound
      return values
    })
  })
}
