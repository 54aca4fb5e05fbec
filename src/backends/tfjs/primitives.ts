import type { Rank, Tensor, Tensor4D } from '@tensorflow/tfjs'
import type { Convolution, OpNode, PrimitiveName, Shape } from '@engine/graph/ir'
import type { Tensorflow } from './load'

type Compute<P extends PrimitiveName> = (inputs: readonly Tensor[], attrs: OpNode<P>['attrs']) => Tensor
export type Primitives = { readonly [P in PrimitiveName]: Compute<P> }

/** Every primitive on `tf.*`, in tfjs' layout only inside an operation: values stay n × c × h × w. */
export function primitivesOn(tf: Tensorflow): Primitives {
  const indicator = (condition: Tensor): Tensor => tf.cast(condition, 'float32')
  const channelsLast = (x: Tensor): Tensor4D => tf.transpose(x, [0, 2, 3, 1]) as Tensor4D
  const channelsFirst = (x: Tensor): Tensor4D => tf.transpose(x, [0, 3, 1, 2]) as Tensor4D
  /** co × ci × kh × kw ↔ kh × kw × ci × co */
  const toFilter = (k: Tensor): Tensor4D => tf.transpose(k, [2, 3, 1, 0]) as Tensor4D
  const fromFilter = (k: Tensor): Tensor4D => tf.transpose(k, [3, 2, 0, 1]) as Tensor4D
  /** Channels-last input with its zeros around it, because not every backend pads a convolution by itself. */
  const padded = (x: Tensor, [vertical, horizontal]: readonly [number, number]): Tensor4D =>
    tf.pad(channelsLast(x), [
      [0, 0],
      [vertical, vertical],
      [horizontal, horizontal],
      [0, 0],
    ])
  const pair = ([a, b]: readonly [number, number]): [number, number] => [a, b]

  const conv2d = (x: Tensor, k: Tensor, { stride, padding }: Convolution): Tensor =>
    channelsFirst(tf.conv2d(padded(x, padding), toFilter(k), pair(stride), 'valid'))

  const conv2dInputGrad = (delta: Tensor, k: Tensor, { stride, padding }: Convolution, [n, c, h, w]: Shape): Tensor => {
    const shape: [number, number, number, number] = [n, h + 2 * padding[0], w + 2 * padding[1], c]
    const whole = tf.conv2dTranspose(channelsLast(delta), toFilter(k), shape, pair(stride), 'valid')
    return channelsFirst(tf.slice(whole, [0, padding[0], padding[1], 0], [n, h, w, c]))
  }

  /** kh·kw × 1 × kh × kw: a filter per place of the window, so that unfolding is a convolution of single channels. */
  const places = ([height, width]: readonly [number, number]): Tensor =>
    tf.reshape(tf.eye(height * width), [height * width, 1, height, width])

  const maxPool2d: Compute<'maxPool2d'> = ([x], { size, stride }) =>
    channelsFirst(tf.maxPool(channelsLast(x), pair(size), pair(stride), 'valid'))

  /** The error of a window goes down the row-major list of its cells until one of them takes it. */
  const maxPool2dGrad: Compute<'maxPool2dGrad'> = ([x, delta], { size, stride }) => {
    const [n, c, rows, cols] = delta.shape
    const [h, w] = x.shape.slice(2)
    const maximum = maxPool2d([x], { size, stride })
    let remaining = delta
    const lines: Tensor[] = []
    for (let i = 0; i < size[0]; i++) {
      const cells: Tensor[] = []
      for (let j = 0; j < size[1]; j++) {
        const ends = [n, c, i + (rows - 1) * stride[0] + 1, j + (cols - 1) * stride[1] + 1]
        const cell = tf.stridedSlice(x, [0, 0, i, j], ends, [1, 1, stride[0], stride[1]])
        const share = tf.mul(remaining, indicator(tf.equal(cell, maximum)))
        remaining = tf.sub(remaining, share)
        cells.push(share)
      }
      lines.push(spread(cells, 4, stride[1] - size[1]))
    }
    const covered = [rows * stride[0], cols * stride[1]]
    const joined = tf.reshape<Rank.R3>(spread(lines, 3, stride[0] - size[0]), [n * c, covered[0], covered[1]])
    const cut = tf.slice(joined, [0, 0, 0], [n * c, Math.min(h, covered[0]), Math.min(w, covered[1])])
    const whole = tf.pad(cut, [
      [0, 0],
      [0, Math.max(0, h - covered[0])],
      [0, Math.max(0, w - covered[1])],
    ])
    return tf.reshape(whole, [n, c, h, w])
  }

  /** Interleaves tensors along `axis`, with `gap` tensors of zeros behind each group. */
  const spread = (parts: readonly Tensor[], axis: number, gap: number): Tensor => {
    const zeros = Array.from({ length: gap }, () => tf.zerosLike(parts[0]))
    const stacked = tf.stack([...parts, ...zeros], axis)
    const shape = [...parts[0].shape]
    shape[axis - 1] *= parts.length + gap
    return tf.reshape(stacked, shape)
  }

  return {
    add: ([a, b]) => tf.add(a, b),
    sub: ([a, b]) => tf.sub(a, b),
    mul: ([a, b]) => tf.mul(a, b),
    div: ([a, b]) => tf.div(a, b),
    neg: ([a]) => tf.neg(a),
    exp: ([a]) => tf.exp(a),
    log: ([a]) => tf.log(a),
    sqrt: ([a]) => tf.sqrt(a),
    square: ([a]) => tf.square(a),
    abs: ([a]) => tf.abs(a),
    tanh: ([a]) => tf.tanh(a),
    erf: ([a]) => tf.erf(a),
    relu: ([a]) => tf.relu(a),
    positive: ([a]) => indicator(tf.greater(a, 0)),
    greaterEqual: ([a, b]) => indicator(tf.greaterEqual(a, b)),
    matmul: ([a, b], { transA, transB }) => tf.matMul(a, b, transA, transB),
    batchMatmul: ([a, b], { transA, transB }) => tf.matMul(a, b, transA, transB),
    reduceSum: ([a], { axes, keepDims }) => (axes.length === 0 ? tf.clone(a) : tf.sum(a, [...axes], keepDims)),
    reduceMax: ([a], { axes, keepDims }) => (axes.length === 0 ? tf.clone(a) : tf.max(a, [...axes], keepDims)),
    logSoftmax: ([a]) => tf.logSoftmax(a),
    reshape: ([a], { shape }) => tf.reshape(a, [...shape]),
    transpose: ([a], { perm }) => tf.transpose(a, [...perm]),
    broadcastTo: ([a], { shape }) => tf.broadcastTo(a, [...shape]),
    slice: ([a], { starts, ends }) =>
      tf.slice(
        a,
        [...starts],
        ends.map((end, i) => end - starts[i]),
      ),
    pad: ([a], { before, after }) =>
      tf.pad(
        a,
        before.map((count, i): [number, number] => [count, after[i]]),
      ),
    concat: (inputs, { axis }) => tf.concat([...inputs], axis),
    stopGradient: ([a]) => tf.clone(a),
    conv2d: ([x, k], attrs) => conv2d(x, k, attrs),
    conv2dInputGrad: ([delta, k], attrs) => conv2dInputGrad(delta, k, attrs, attrs.inputShape),
    conv2dWeightGrad: ([x, delta], { stride, padding, kernelShape: [co, ci, kh, kw] }) =>
      fromFilter(
        tf
          .engine()
          .runKernel<Tensor>(
            'Conv2DBackpropFilter',
            { x: padded(x, padding), dy: channelsLast(delta) },
            { strides: pair(stride), pad: 'valid', dataFormat: 'NHWC', filterShape: [kh, kw, ci, co] },
          ),
      ),
    unfold: ([x], { kernel, stride, padding }) => {
      const [n, c, h, w] = x.shape
      const patches = conv2d(tf.reshape(x, [n * c, 1, h, w]), places(kernel), { stride, padding })
      return tf.reshape(patches, [n, c * kernel[0] * kernel[1], -1])
    },
    fold: ([columns], { kernel, stride, padding, inputShape: [n, c, h, w] }) => {
      const rows = Math.floor((h + 2 * padding[0] - kernel[0]) / stride[0]) + 1
      const cols = Math.floor((w + 2 * padding[1] - kernel[1]) / stride[1]) + 1
      const patches = tf.reshape(columns, [n * c, kernel[0] * kernel[1], rows, cols])
      return tf.reshape(conv2dInputGrad(patches, places(kernel), { stride, padding }, [n * c, 1, h, w]), [n, c, h, w])
    },
    lookup: ([ids, table]) => tf.gather(table, tf.cast(ids, 'int32')),
    scatterAdd: ([ids, rows], { size }) => {
      const [width] = rows.shape.slice(-1)
      return tf.scatterND(tf.cast(tf.reshape(ids, [-1, 1]), 'int32'), tf.reshape(rows, [-1, width]), [size, width])
    },
    maxPool2d,
    maxPool2dGrad,
  }
}
