import type { Builder } from '../../graph/builder'
import { sizeOf, type Pooling, type Value } from '../../graph/ir'
import { positions, range } from '../../graph/shapes'
import { type Layer, type Place, type Planners, plain } from './layer'

type Pool = (g: Builder, images: Value, window: Pooling) => Value

const maximum: Pool = (g, images, window) => g.maxPool2d(images, window)

const mean: Pool = (g, images, { size, stride }) => {
  const [n, channels, height, width] = images.shape
  const windows = g.unfold(g.reshape(images, [n * channels, 1, height, width]), { kernel: size, stride, padding: [0, 0] })
  const places = [positions(height, size[0], stride[0], 0), positions(width, size[1], stride[1], 0)]
  return g.mul(g.reshape(g.reduceSum(windows, [1]), [n, channels, ...places]), g.constant(1 / sizeOf(size)))
}

function overImages(pool: Pool, size: number, stride: number, { shape, refuse }: Place): Layer {
  if (shape.length !== 3) throw refuse('images (channels × height × width)')
  const sides = shape.slice(1).map((side) => positions(side, size, stride, 0))
  if (Math.min(...sides) < 1) throw refuse(`images of at least ${size} × ${size} pixels`)
  return plain([shape[0], ...sides], (g, x) => pool(g, x, { size: [size, size], stride: [stride, stride] }))
}

function overSeries(pool: Pool, size: number, stride: number, { shape, refuse }: Place): Layer {
  if (shape.length !== 2) throw refuse('series (channels × length)')
  const [channels, length] = shape
  const places = positions(length, size, stride, 0)
  if (places < 1) throw refuse(`series of at least ${size} steps`)
  return plain([channels, places], (g, x) => {
    const pooled = pool(g, g.reshape(x, [x.shape[0], channels, 1, length]), { size: [1, size], stride: [1, stride] })
    return g.reshape(pooled, [x.shape[0], channels, places])
  })
}

export const pooling: Planners<'maxpool1d' | 'maxpool2d' | 'avgpool1d' | 'avgpool2d' | 'globalavgpool' | 'tokenmean'> = {
  maxpool1d: ({ size, stride = size }, place) => overSeries(maximum, size, stride, place),
  maxpool2d: ({ size, stride = size }, place) => overImages(maximum, size, stride, place),
  avgpool1d: ({ size, stride = size }, place) => overSeries(mean, size, stride, place),
  avgpool2d: ({ size, stride = size }, place) => overImages(mean, size, stride, place),
  globalavgpool: (_spec, { shape, refuse }) => {
    if (shape.length < 2) throw refuse('images or series (channels × …)')
    const [channels, ...places] = shape
    const axes = range(places.length).map((axis) => axis + 2)
    return plain([channels], (g, x) => g.mul(g.reduceSum(x, axes), g.constant(1 / sizeOf(places))))
  },
  tokenmean: (_spec, { shape, refuse }) => {
    if (shape.length !== 2) throw refuse('tokens × width')
    return plain([shape[1]], (g, x) => g.mul(g.reduceSum(x, [1]), g.constant(1 / shape[0])))
  },
}
