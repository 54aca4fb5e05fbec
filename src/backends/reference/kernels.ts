import { QuerentError } from '@engine/core/errors'
import type { FloatArray } from '@engine/core/matrix'
import type { Node, Shape } from '@engine/graph/ir'
import { isBinary, isUnary, planBinary, planUnary } from './elementwise'
import {
  planConv2d,
  planConv2dInputGrad,
  planConv2dWeightGrad,
  planFoldBatch,
  planMaxPool2d,
  planMaxPool2dGrad,
  planUnfoldBatch,
} from './convolution'
import { planMultiply } from './matmul'
import { broadcastStrides, stridedPositions, stridesOf } from './strided'

/** Plans one node over fixed buffers: all sizes and positions are worked out here, none when it runs. */
export function planNode(node: Node, inputs: readonly FloatArray[], out: FloatArray): () => void {
  const { op } = node
  const [a, b] = inputs
  const shapes = node.inputs.map(({ shape }) => shape)
  const shape = node.output.shape
  if (isUnary(op)) return planUnary(op, a, out)
  if (isBinary(op)) return planBinary(op, { data: a, shape: shapes[0] }, { data: b, shape: shapes[1] }, shape, out)
  switch (node.op) {
    case 'matmul':
    case 'batchMatmul': {
      const [rows, cols] = shape.slice(-2)
      const inner = shapes[0].at(node.attrs.transA ? -2 : -1) ?? 0
      const multiply = planMultiply({ rows, cols, inner, ...node.attrs })
      const products = node.op === 'matmul' ? 1 : shape[0]
      return () => {
        for (let i = 0; i < products; i++) multiply(a, i * rows * inner, b, i * inner * cols, out, i * rows * cols)
      }
    }
    case 'reduceSum':
      return planSum(a, out, reducedPositions(shapes[0], node.attrs.axes))
    case 'reduceMax':
      return planMax(a, out, reducedPositions(shapes[0], node.attrs.axes))
    case 'logSoftmax':
      return planLogSoftmax(a, out, shape[1])
    case 'reshape':
    case 'stopGradient':
      return () => out.set(a)
    case 'transpose': {
      const strides = stridesOf(shapes[0])
      const from = node.attrs.perm.map((axis) => strides[axis])
      return planGather(a, out, stridedPositions(shape, from))
    }
    case 'broadcastTo':
      return planGather(a, out, stridedPositions(shape, broadcastStrides(shapes[0], shape)))
    case 'slice': {
      const strides = stridesOf(shapes[0])
      return planGather(a, out, stridedPositions(shape, strides, dot(node.attrs.starts, strides)))
    }
    case 'pad': {
      const strides = stridesOf(shape)
      return planScatter(a, out, stridedPositions(shapes[0], strides, dot(node.attrs.before, strides)))
    }
    case 'concat': {
      const strides = stridesOf(shape)
      const { axis } = node.attrs
      let start = 0
      const to = shapes.map((part) => {
        const places = stridedPositions(part, strides, start * strides[axis])
        start += part[axis]
        return places
      })
      return () => {
        for (const [p, places] of to.entries()) for (let i = 0; i < places.length; i++) out[places[i]] = inputs[p][i]
      }
    }
    case 'conv2d':
      return planConv2d({ inputShape: shapes[0], kernelShape: shapes[1], convolution: node.attrs }, a, b, out)
    case 'conv2dInputGrad':
      return planConv2dInputGrad({ inputShape: shape, kernelShape: shapes[1], convolution: node.attrs }, a, b, out)
    case 'conv2dWeightGrad':
      return planConv2dWeightGrad({ inputShape: shapes[0], kernelShape: shape, convolution: node.attrs }, a, b, out)
    case 'unfold':
      return planUnfoldBatch(shapes[0], node.attrs, a, out)
    case 'fold':
      return planFoldBatch(shape, node.attrs, a, out)
    case 'lookup':
      return planLookup(a, b, shape[shape.length - 1], out)
    case 'scatterAdd':
      return planScatterAdd(a, b, shape[1], out)
    case 'maxPool2d':
      return planMaxPool2d(shapes[0], node.attrs, a, out)
    case 'maxPool2dGrad':
      return planMaxPool2dGrad(shapes[0], node.attrs, a, b, out)
  }
  throw new QuerentError('internal', `no kernel for ${op}`)
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0)

/** Which result each element of the operand goes to. */
function reducedPositions(shape: Shape, axes: readonly number[]): Int32Array {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  return stridedPositions(shape, broadcastStrides(kept, shape))
}

function planSum(a: FloatArray, out: FloatArray, to: Int32Array): () => void {
  const sum = new Float64Array(out.length)
  return () => {
    sum.fill(0)
    for (let i = 0; i < a.length; i++) sum[to[i]] += a[i]
    out.set(sum)
  }
}

function planMax(a: FloatArray, out: FloatArray, to: Int32Array): () => void {
  return () => {
    out.fill(-Infinity)
    for (let i = 0; i < a.length; i++) out[to[i]] = Math.max(out[to[i]], a[i])
  }
}

function planLogSoftmax(a: FloatArray, out: FloatArray, classes: number): () => void {
  return () => {
    for (let row = 0; row < a.length; row += classes) {
      let max = -Infinity
      for (let c = 0; c < classes; c++) max = Math.max(max, a[row + c])
      let sum = 0
      for (let c = 0; c < classes; c++) sum += Math.exp(a[row + c] - max)
      const logSum = Math.log(sum)
      for (let c = 0; c < classes; c++) out[row + c] = a[row + c] - max - logSum
    }
  }
}

function planGather(a: FloatArray, out: FloatArray, from: Int32Array): () => void {
  return () => {
    for (let i = 0; i < from.length; i++) out[i] = a[from[i]]
  }
}

function planScatter(a: FloatArray, out: FloatArray, to: Int32Array): () => void {
  return () => {
    out.fill(0)
    for (let i = 0; i < to.length; i++) out[to[i]] = a[i]
  }
}

function planLookup(ids: FloatArray, table: FloatArray, width: number, out: FloatArray): () => void {
  return () => {
    for (let i = 0; i < ids.length; i++) for (let j = 0; j < width; j++) out[i * width + j] = table[ids[i] * width + j]
  }
}

function planScatterAdd(ids: FloatArray, rows: FloatArray, width: number, out: FloatArray): () => void {
  const sum = new Float64Array(out.length)
  return () => {
    sum.fill(0)
    for (let i = 0; i < ids.length; i++) for (let j = 0; j < width; j++) sum[ids[i] * width + j] += rows[i * width + j]
    out.set(sum)
  }
}
