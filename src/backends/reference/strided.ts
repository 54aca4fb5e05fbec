import type { Shape } from '@engine/graph/ir'
import { sizeOf } from '@engine/graph/ir'

/** Row-major strides. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis]
  }
  return strides
}

/** Strides of `operand` under the axes of `result`: 0 on every axis along which it is broadcast. */
export function broadcastStrides(operand: Shape, result: Shape): number[] {
  const strides = stridesOf(operand)
  const lead = result.length - operand.length
  return result.map((_, axis) => (axis < lead || operand[axis - lead] === 1 ? 0 : strides[axis - lead]))
}

/** Position in another array of each element of `shape` in row-major order: offset + Σ indexᵢ · stridesᵢ. */
export function stridedPositions(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  const result = new Int32Array(sizeOf(shape))
  const index = new Array<number>(shape.length).fill(0)
  let position = offset
  for (let i = 0; i < result.length; i++) {
    result[i] = position
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += strides[axis]
      if (++index[axis] < shape[axis]) break
      position -= strides[axis] * shape[axis]
      index[axis] = 0
    }
  }
  return result
}
