import { sizeOf } from '../ir'
import { broadcastShapes, check, range, sameShape, showShape } from '../shapes'
import { type Primitive, unbroadcast } from './primitive'

export const reshape: Primitive<'reshape'> = {
  shape: ([from], { shape }) => {
    check(sizeOf(from) === sizeOf(shape), 'reshape', () => `${showShape(from)} does not fill ${showShape(shape)}`)
    return shape
  },
  vjp: (node, cotangent, g) => [g.reshape(cotangent, node.inputs[0].shape)],
}

export const transpose: Primitive<'transpose'> = {
  shape: ([shape], { perm }) => {
    const valid = perm.length === shape.length && range(perm.length).every((axis) => perm.includes(axis))
    check(valid, 'transpose', () => `axes ${perm.join(', ')} of ${showShape(shape)}`)
    return perm.map((axis) => shape[axis])
  },
  vjp: ({ attrs: { perm } }, cotangent, g) => [
    g.transpose(
      cotangent,
      range(perm.length).map((axis) => perm.indexOf(axis)),
    ),
  ],
}

export const broadcastTo: Primitive<'broadcastTo'> = {
  shape: ([from], { shape }) => {
    const result = broadcastShapes(from, shape)
    check(result !== undefined && sameShape(result, shape), 'broadcastTo', () => `${showShape(from)} to ${showShape(shape)}`)
    return shape
  },
  vjp: (node, cotangent, g) => [unbroadcast(g, cotangent, node.inputs[0].shape)],
}

export const slice: Primitive<'slice'> = {
  shape: ([shape], { starts, ends }) => {
    const valid =
      starts.length === shape.length &&
      ends.length === shape.length &&
      shape.every((size, i) => 0 <= starts[i] && starts[i] < ends[i] && ends[i] <= size)
    check(valid, 'slice', () => `${starts.join(', ')} to ${ends.join(', ')} of ${showShape(shape)}`)
    return ends.map((end, i) => end - starts[i])
  },
  vjp: ({ inputs: [a], attrs: { starts, ends } }, cotangent, g) => [
    g.pad(
      cotangent,
      starts,
      a.shape.map((size, i) => size - ends[i]),
    ),
  ],
}

export const pad: Primitive<'pad'> = {
  shape: ([shape], { before, after }) => {
    const valid = before.length === shape.length && after.length === shape.length && [...before, ...after].every((count) => count >= 0)
    check(valid, 'pad', () => `${before.join(', ')} before and ${after.join(', ')} after ${showShape(shape)}`)
    return shape.map((size, i) => before[i] + size + after[i])
  },
  vjp: ({ inputs: [a], attrs: { before } }, cotangent, g) => [
    g.slice(
      cotangent,
      before,
      a.shape.map((size, i) => before[i] + size),
    ),
  ],
}

export const concat: Primitive<'concat'> = {
  shape: (inputs, { axis }) => {
    const [first] = inputs
    const valid =
      first !== undefined &&
      axis >= 0 &&
      axis < first.length &&
      inputs.every((shape) => shape.length === first.length && shape.every((size, i) => i === axis || size === first[i]))
    check(valid, 'concat', () => `${inputs.map(showShape).join(', ')} along axis ${axis}`)
    return first.map((size, i) => (i === axis ? inputs.reduce((total, shape) => total + shape[axis], 0) : size))
  },
  vjp: ({ inputs, attrs: { axis } }, cotangent, g) => {
    let start = 0
    return inputs.map(({ shape }) => {
      const starts = shape.map((_, i) => (i === axis ? start : 0))
      start += shape[axis]
      return g.slice(
        cotangent,
        starts,
        shape.map((size, i) => starts[i] + size),
      )
    })
  },
}

export const stopGradient: Primitive<'stopGradient'> = {
  shape: ([shape]) => shape,
  vjp: () => [null],
}
