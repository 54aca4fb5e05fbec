import { unsupported } from '../../core/errors'
import type { Pooling, Shape } from '../ir'
import { check, positions, sameShape, showShape } from '../shapes'
import type { Primitive } from './primitive'

function pooledShape(op: string, x: Shape, { size, stride }: Pooling): Shape {
  check(x.length === 4, op, () => `needs n × c × h × w, got ${showShape(x)}`)
  const height = positions(x[2], size[0], stride[0], 0)
  const width = positions(x[3], size[1], stride[1], 0)
  check(height > 0 && width > 0, op, () => `a ${size[0]}×${size[1]} window does not fit ${showShape(x)}`)
  return [x[0], x[1], height, width]
}

export const maxPool2d: Primitive<'maxPool2d'> = {
  shape: ([x], attrs) => pooledShape('maxPool2d', x, attrs),
  vjp: ({ inputs: [x], attrs }, cotangent, g) => [g.maxPool2dGrad(x, cotangent, attrs)],
}

export const maxPool2dGrad: Primitive<'maxPool2dGrad'> = {
  shape: ([x, error], attrs) => {
    const { size, stride } = attrs
    if (stride[0] < size[0] || stride[1] < size[1]) throw unsupported('gradients of overlapping max-pool windows are not available')
    const expected = pooledShape('maxPool2dGrad', x, attrs)
    check(sameShape(error, expected), 'maxPool2dGrad', () => `output error ${showShape(error)}, expected ${showShape(expected)}`)
    return x
  },
  // Linear in δ: the cotangent is read back at each window's maximum, marked by pooling ones. Where the maximum is does not vary.
  vjp: ({ inputs: [x, error], attrs: { size, stride } }, cotangent, g) => {
    const marks = g.maxPool2dGrad(x, g.broadcastTo(g.constant(1), error.shape), { size, stride })
    const [n, c, h, w] = x.shape
    const windows = g.unfold(g.reshape(g.mul(cotangent, marks), [n * c, 1, h, w]), { kernel: size, stride, padding: [0, 0] })
    return [null, g.reshape(g.reduceSum(windows, [1]), error.shape)]
  },
}
