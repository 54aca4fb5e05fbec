import type { Convolution, Shape, Window } from '../ir'
import { check, positions, sameShape, showShape } from '../shapes'
import type { Primitive } from './primitive'

function convolvedShape(op: string, x: Shape, kernel: Shape, { stride, padding }: Convolution): Shape {
  check(
    x.length === 4 && kernel.length === 4,
    op,
    () => `needs n × ci × h × w and co × ci × kh × kw, got ${showShape(x)} and ${showShape(kernel)}`,
  )
  check(x[1] === kernel[1], op, () => `${x[1]} channels meet a kernel for ${kernel[1]}`)
  const height = positions(x[2], kernel[2], stride[0], padding[0])
  const width = positions(x[3], kernel[3], stride[1], padding[1])
  check(height > 0 && width > 0, op, () => `a ${kernel[2]}×${kernel[3]} kernel does not fit ${showShape(x)}`)
  return [x[0], kernel[0], height, width]
}

const checkError = (op: string, error: Shape, expected: Shape): void =>
  check(sameShape(error, expected), op, () => `output error ${showShape(error)}, expected ${showShape(expected)}`)

export const conv2d: Primitive<'conv2d'> = {
  shape: ([x, kernel], attrs) => convolvedShape('conv2d', x, kernel, attrs),
  vjp: ({ inputs: [x, kernel], attrs }, cotangent, g) => [
    g.conv2dInputGrad(cotangent, kernel, { ...attrs, inputShape: x.shape }),
    g.conv2dWeightGrad(x, cotangent, { ...attrs, kernelShape: kernel.shape }),
  ],
}

/** Bilinear in δ and the kernel, like the two below: each derivative is another member of the family. */
export const conv2dInputGrad: Primitive<'conv2dInputGrad'> = {
  shape: ([error, kernel], attrs) => {
    checkError('conv2dInputGrad', error, convolvedShape('conv2dInputGrad', attrs.inputShape, kernel, attrs))
    return attrs.inputShape
  },
  vjp: ({ inputs: [error, kernel], attrs: { stride, padding } }, cotangent, g) => [
    g.conv2d(cotangent, kernel, { stride, padding }),
    g.conv2dWeightGrad(cotangent, error, { stride, padding, kernelShape: kernel.shape }),
  ],
}

export const conv2dWeightGrad: Primitive<'conv2dWeightGrad'> = {
  shape: ([x, error], attrs) => {
    checkError('conv2dWeightGrad', error, convolvedShape('conv2dWeightGrad', x, attrs.kernelShape, attrs))
    return attrs.kernelShape
  },
  vjp: ({ inputs: [x, error], attrs: { stride, padding } }, cotangent, g) => [
    g.conv2dInputGrad(error, cotangent, { stride, padding, inputShape: x.shape }),
    g.conv2d(x, cotangent, { stride, padding }),
  ],
}

function unfoldedShape(op: string, x: Shape, { kernel, stride, padding }: Window): Shape {
  check(x.length === 4, op, () => `needs n × ci × h × w, got ${showShape(x)}`)
  const [n, , height, width] = convolvedShape(op, x, [1, x[1], ...kernel], { stride, padding })
  return [n, x[1] * kernel[0] * kernel[1], height * width]
}

export const unfold: Primitive<'unfold'> = {
  shape: ([x], attrs) => unfoldedShape('unfold', x, attrs),
  vjp: ({ inputs: [x], attrs }, cotangent, g) => [g.fold(cotangent, { ...attrs, inputShape: x.shape })],
}

export const fold: Primitive<'fold'> = {
  shape: ([columns], attrs) => {
    checkError('fold', columns, unfoldedShape('fold', attrs.inputShape, attrs))
    return attrs.inputShape
  },
  vjp: ({ attrs: { kernel, stride, padding } }, cotangent, g) => [g.unfold(cotangent, { kernel, stride, padding })],
}
