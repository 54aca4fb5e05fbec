import { sizeOf, type Convolution, type OpNode, type Shape, type Value, type Window } from '@engine/graph/ir'
import { positions, range } from '@engine/graph/shapes'
import type { OnnxBuilder } from '../builder'
import { batchLast, channelsLast, fromLayout, inLayout, toLayout } from './layout'
import { sameShape } from './linear'
import type { Emission, Lowerings } from './lowering'

type Convolutional = 'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad' | 'unfold' | 'fold'

/** Whether the weight gradient of this convolution is in the graph too: then both share the patches of the input. */
const isTrained = (x: Value, { feeds }: Emission): boolean => feeds(x, 'conv2dWeightGrad')

/** Whether weight gradients of each sample are: worth another layout where maxima are pooled, which copies single pixels in the usual one. */
const isBySample = (x: Value, { feeds, holds }: Emission): boolean => feeds(x, 'unfold') && holds('maxPool2d')

/** Whether a pixel's channels are a run worth copying by itself. */
const isLong = ([, channels]: Shape): boolean => channels >= 8

/** `output` is what the convolution and its bias make. */
function convolution(node: OpNode<'conv2d'>, bias: string | undefined, output: Value, emission: Emission): string {
  const { builder, tensor } = emission
  const [x, k] = node.inputs
  const window = { ...node.attrs, kernel: kernelOf(k.shape) }
  const [n, filters, ...places] = output.shape
  if (isTrained(x, emission)) {
    const flat = builder.node('Reshape', [tensor(k), builder.integers([filters, sizeOf(k.shape.slice(1))])])
    const offset = bias === undefined ? [] : [builder.node('Reshape', [bias, builder.integers([filters, 1])])]
    const product = builder.node('Gemm', [flat, batchLastColumns(x, window, emission), ...offset])
    return fromLayout(output, batchLast, builder.node('Reshape', [product, builder.integers([filters, ...places, n])]), emission)
  }
  const offset = bias === undefined ? [] : [bias]
  if (!isBySample(x, emission) || !isLong(x.shape)) {
    const convolved = builder.node('Conv', [tensor(x), tensor(k), ...offset], windowAttributes(node.attrs, window.kernel))
    if (isBySample(x, emission)) toLayout(output, channelsLast, convolved, emission)
    return convolved
  }
  const size = sizeOf(k.shape.slice(1))
  const patches = builder.node('Reshape', [channelsLastRows(x, window, emission), builder.integers([n * sizeOf(places), size])])
  const turned = builder.node('Transpose', [tensor(k)], { perm: channelsLast })
  const product = builder.node('Gemm', [patches, builder.node('Reshape', [turned, builder.integers([filters, size])]), ...offset], {
    transB: 1,
  })
  return fromLayout(output, channelsLast, builder.node('Reshape', [product, builder.integers([n, ...places, filters])]), emission)
}

/** conv2d + one number per filter, when nothing else reads the convolution. */
export function biasedConvolution({ inputs, output }: OpNode<'add'>, emission: Emission): string | undefined {
  for (const [product, bias] of [inputs, [...inputs].reverse()]) {
    const node = emission.producer(product)
    if (node?.op !== 'conv2d' || emission.uses(product) !== 1 || !sameShape(product.shape, output.shape)) continue
    const filters = product.shape[1]
    const perFilter = sameShape(bias.shape, [1, filters, 1, 1]) || sameShape(bias.shape, [filters, 1, 1])
    if (!perFilter) continue
    const { builder, tensor } = emission
    return convolution(node, builder.node('Reshape', [tensor(bias), builder.integers([filters])]), output, emission)
  }
  return undefined
}

const kernelOf = (shape: Shape): readonly [number, number] => [shape[2], shape[3]]

const windowAttributes = ({ stride, padding }: Convolution, kernel: readonly [number, number]) => ({
  kernel_shape: kernel,
  strides: stride,
  pads: [...padding, ...padding],
})

/** n × (c·kh·kw) × (oh·ow) patches of an n × c × h × w tensor. */
function columns(x: string, [n, c, h, w]: Shape, { kernel, stride, padding }: Window, builder: OnnxBuilder): string {
  const [rows, cols] = placesOf([h, w], { kernel, stride, padding })
  const padded = padding[0] + padding[1] === 0 ? x : builder.node('Pad', [x, builder.integers([0, 0, ...padding, 0, 0, ...padding])])
  const shifts: string[] = []
  for (let i = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++) {
      const ends = [i + (rows - 1) * stride[0] + 1, j + (cols - 1) * stride[1] + 1]
      const shifted = builder.node('Slice', [
        padded,
        builder.integers([i, j]),
        builder.integers(ends),
        builder.integers([2, 3]),
        builder.integers(stride),
      ])
      shifts.push(builder.node('Reshape', [shifted, builder.integers([n, c, 1, rows * cols])]))
    }
  const stacked = builder.node('Concat', shifts, { axis: 2 })
  return builder.node('Reshape', [stacked, builder.integers([n, c * kernel[0] * kernel[1], rows * cols])])
}

const placesOf = (sides: Shape, { kernel, stride, padding }: Window): number[] =>
  sides.map((side, i) => positions(side, kernel[i], stride[i], padding[i]))

/** (c·kh·kw) × (oh·ow·n) patches of an n × c × h × w value. */
function batchLastColumns(x: Value, window: Window, emission: Emission): string {
  const { builder } = emission
  const { kernel, stride, padding } = window
  const [n, c, h, w] = x.shape
  const [rows, cols] = placesOf([h, w], window)
  const outside = h * w
  const sources: number[] = []
  for (let i = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++)
      for (let row = 0; row < rows; row++)
        for (let col = 0; col < cols; col++) {
          const [y, z] = [row * stride[0] + i - padding[0], col * stride[1] + j - padding[1]]
          sources.push(y < 0 || y >= h || z < 0 || z >= w ? outside : y * w + z)
        }
  const pixels = builder.node('Reshape', [inLayout(x, batchLast, emission), builder.integers([c, h * w, n])])
  // one more pixel, of zeros
  const padded = sources.includes(outside) ? builder.node('Pad', [pixels, builder.integers([0, 0, 0, 0, 1, 0])]) : pixels
  const gathered = builder.node('Gather', [padded, builder.integers(sources)], { axis: 1 })
  return builder.node('Reshape', [gathered, builder.integers([c * kernel[0] * kernel[1], rows * cols * n])])
}

/** n × (oh·ow) × (kh·kw·c) patches of an n × c × h × w value. */
function channelsLastRows(x: Value, window: Window, emission: Emission): string {
  const { builder } = emission
  const { kernel, stride, padding } = window
  const [n, c, h, w] = x.shape
  const around = [0, ...padding, 0]
  const pixels = inLayout(x, channelsLast, emission)
  const padded = padding[0] + padding[1] === 0 ? pixels : builder.node('Pad', [pixels, builder.integers([...around, ...around])])
  const [height, width] = [h + 2 * padding[0], w + 2 * padding[1]]
  const [rows, cols] = placesOf([h, w], window)
  // First what lies side by side in a patch, then, in longer runs, what lies below each other.
  const beside = range(height).flatMap((row) =>
    range(cols).flatMap((col) => range(kernel[1]).map((j) => row * width + col * stride[1] + j)),
  )
  const below = range(rows).flatMap((row) => range(cols).flatMap((col) => range(kernel[0]).map((i) => (row * stride[0] + i) * cols + col)))
  const gathered = (from: string, pixelSize: number, count: number, sources: readonly number[]): string =>
    builder.node('Gather', [builder.node('Reshape', [from, builder.integers([n, count, pixelSize])]), builder.integers(sources)], {
      axis: 1,
    })
  const lines = gathered(padded, c, height * width, beside)
  const patches = gathered(lines, kernel[1] * c, height * cols, below)
  return builder.node('Reshape', [patches, builder.integers([n, rows * cols, kernel[0] * kernel[1] * c])])
}

/** Errors (n × co × places) times the transposed patches of `unfold`, from what their convolution has channels last. */
export function sampleWeightGradient({ inputs: [errors, unfolded], attrs }: OpNode<'batchMatmul'>, emission: Emission): string | undefined {
  const { builder, tensor, producer } = emission
  const [from, unfold] = [producer(errors), producer(unfolded)]
  if (unfold?.op !== 'unfold' || attrs.transA || !attrs.transB || !isBySample(unfold.inputs[0], emission)) return undefined
  const [x] = unfold.inputs
  const [n, filters, places] = errors.shape
  const [channels, cells] = [x.shape[1], sizeOf(unfold.attrs.kernel)]
  if (isLong(x.shape)) {
    const product = builder.node('MatMul', [tensor(errors), channelsLastRows(x, unfold.attrs, emission)])
    const split = builder.node('Reshape', [product, builder.integers([n, filters, cells, channels])])
    const turned = builder.node('Transpose', [split], { perm: [0, 1, 3, 2] })
    return builder.node('Reshape', [turned, builder.integers([n, filters, channels * cells])])
  }
  if (from?.op !== 'reshape' || from.inputs[0].shape.length !== 4 || from.inputs[0].shape[1] !== filters) return undefined
  const rows = builder.node('Reshape', [inLayout(from.inputs[0], channelsLast, emission), builder.integers([n, places, filters])])
  return builder.node('Transpose', [builder.node('MatMul', [tensor(unfolded), rows])], { perm: [0, 2, 1] })
}

export const convolutional: Lowerings<Convolutional> = {
  conv2d: (node, emission) => convolution(node, undefined, node.output, emission),

  conv2dInputGrad: ({ inputs: [delta, k], attrs }, { builder, tensor }) => {
    const kernel = kernelOf(k.shape)
    const { stride, padding, inputShape } = attrs
    const flippable = stride[0] === 1 && stride[1] === 1 && padding[0] < kernel[0] && padding[1] < kernel[1]
    // What is copied between patches and pixels has as many channels as the input here, and as the errors below.
    if (!flippable || k.shape[1] < k.shape[0]) {
      const outputPadding = [0, 1].map((i) => inputShape[2 + i] + 2 * padding[i] - kernel[i] - stride[i] * (delta.shape[2 + i] - 1))
      return builder.node('ConvTranspose', [tensor(delta), tensor(k)], {
        ...windowAttributes(attrs, kernel),
        output_padding: outputPadding,
      })
    }
    // With stride 1 it is a convolution with the kernel turned by 180° and its channel axes exchanged.
    const backwards = builder.integers([-1, -1])
    const turned = builder.node('Slice', [
      tensor(k),
      backwards,
      builder.integers([-1 - kernel[0], -1 - kernel[1]]),
      builder.integers([2, 3]),
      backwards,
    ])
    const exchanged = builder.node('Transpose', [turned], { perm: [1, 0, 2, 3] })
    const rest = [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]] as const
    return builder.node('Conv', [tensor(delta), exchanged], windowAttributes({ stride, padding: rest }, kernel))
  },

  conv2dWeightGrad: ({ inputs: [x, delta], attrs }, emission) => {
    const { builder } = emission
    const patches = batchLastColumns(x, { ...attrs, kernel: kernelOf(attrs.kernelShape) }, emission)
    const [n, filters, rows, cols] = delta.shape
    const errors = builder.node('Reshape', [inLayout(delta, batchLast, emission), builder.integers([filters, rows * cols * n])])
    return builder.node('Reshape', [builder.node('Gemm', [errors, patches], { transB: 1 }), builder.integers(attrs.kernelShape)])
  },

  unfold: ({ inputs, attrs }, { builder, tensor }) => columns(tensor(inputs[0]), inputs[0].shape, attrs, builder),

  fold: ({ inputs, attrs: { inputShape, kernel, stride, padding } }, { builder, tensor }) =>
    builder.node('Col2Im', [tensor(inputs[0]), builder.integers(inputShape.slice(2)), builder.integers(kernel)], {
      strides: stride,
      pads: [...padding, ...padding],
    }),
}
