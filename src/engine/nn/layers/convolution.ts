import { sizeOf } from '../../graph/ir'
import { positions } from '../../graph/shapes'
import { type Planners, plain, weightAndBias } from './layer'

export const convolution: Planners<'conv1d' | 'conv2d'> = {
  conv2d: ({ filters, kernel, stride = 1, padding = 0, bias = true }, { name, shape, refuse }) => {
    if (shape.length !== 3) throw refuse('images (channels × height × width)')
    const size = shape.slice(1).map((side) => positions(side, kernel, stride, padding))
    if (Math.min(...size) < 1) throw refuse(`images of at least ${kernel} × ${kernel} pixels with padding`)
    const fanIn = shape[0] * kernel ** 2
    return {
      ...plain([filters, ...size], (g, x, [weight, offset]) => {
        const maps = g.conv2d(x, weight, { stride: [stride, stride], padding: [padding, padding] })
        return offset === undefined ? maps : g.add(maps, g.reshape(offset, [filters, 1, 1]))
      }),
      parameters: weightAndBias(name, [filters, shape[0], kernel, kernel], bias, { fanIn, fanOut: filters * kernel ** 2 }),
      operations: fanIn * filters * sizeOf(size),
    }
  },

  // An image of height 1.
  conv1d: ({ filters, kernel, stride = 1, padding = 0, bias = true }, { name, shape, refuse }) => {
    if (shape.length !== 2) throw refuse('series (channels × length)')
    const [channels, length] = shape
    const size = positions(length, kernel, stride, padding)
    if (size < 1) throw refuse(`series of at least ${kernel} steps with padding`)
    const fanIn = channels * kernel
    return {
      ...plain([filters, size], (g, x, [weight, offset]) => {
        const [line, filter] = [g.reshape(x, [x.shape[0], channels, 1, length]), g.reshape(weight, [filters, channels, 1, kernel])]
        const maps = g.conv2d(line, filter, { stride: [1, stride], padding: [0, padding] })
        const result = offset === undefined ? maps : g.add(maps, g.reshape(offset, [filters, 1, 1]))
        return g.reshape(result, [x.shape[0], filters, size])
      }),
      parameters: weightAndBias(name, [filters, channels, kernel], bias, { fanIn, fanOut: filters * kernel }),
      operations: fanIn * filters * size,
    }
  },
}
