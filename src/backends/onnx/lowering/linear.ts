import type { OpNode, Shape } from '@engine/graph/ir'
import { inLayout, layoutOf } from './layout'
import { sampleWeightGradient } from './convolution'
import type { Emission, Lowerings } from './lowering'

type Linear = 'matmul' | 'batchMatmul' | 'reduceSum' | 'reduceMax' | 'logSoftmax'

const gemm = (node: OpNode<'matmul'>, bias: readonly string[], { builder, tensor }: Emission): string =>
  builder.node('Gemm', [tensor(node.inputs[0]), tensor(node.inputs[1]), ...bias], {
    transA: Number(node.attrs.transA),
    transB: Number(node.attrs.transB),
  })

/** matmul + bias as one Gemm, when nothing else reads the product. */
export function biasedProduct({ inputs, output }: OpNode<'add'>, emission: Emission): string | undefined {
  for (const [product, bias] of [inputs, [...inputs].reverse()]) {
    const node = emission.producer(product)
    if (node?.op !== 'matmul' || emission.uses(product) !== 1 || !sameShape(product.shape, output.shape)) continue
    return gemm(node, [emission.tensor(bias)], emission)
  }
  return undefined
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((length, i) => length === b[i])

export const linear: Lowerings<Linear> = {
  matmul: (node, emission) => gemm(node, [], emission),
  batchMatmul: (node, emission) => {
    const weightGradient = sampleWeightGradient(node, emission)
    if (weightGradient !== undefined) return weightGradient
    const { builder, tensor } = emission
    const {
      inputs: [a, b],
      attrs: { transA, transB },
    } = node
    const operand = (name: string, transposed: boolean): string =>
      transposed ? builder.node('Transpose', [name], { perm: [0, 2, 1] }) : name
    return builder.node('MatMul', [operand(tensor(a), transA), operand(tensor(b), transB)])
  },
  reduceSum: ({ inputs: [a], attrs }, emission) => {
    const { builder, tensor } = emission
    const { axes, keepDims } = attrs
    const layout = keepDims || a.shape.length !== 4 ? undefined : layoutOf(a, emission)
    if (layout === undefined) return reduce('ReduceSum', tensor(a), attrs, builder)
    const moved = reduce('ReduceSum', inLayout(a, layout, emission), { axes: axes.map((axis) => layout.indexOf(axis)), keepDims }, builder)
    const left = layout.filter((axis) => !axes.includes(axis))
    const perm = left.toSorted((p, q) => p - q).map((axis) => left.indexOf(axis))
    return perm.every((from, to) => from === to) ? moved : builder.node('Transpose', [moved], { perm })
  },
  reduceMax: ({ inputs, attrs }, { builder, tensor }) => reduce('ReduceMax', tensor(inputs[0]), attrs, builder),
  logSoftmax: ({ inputs }, { builder, tensor }) => builder.node('LogSoftmax', [tensor(inputs[0])], { axis: -1 }),
}

function reduce(type: string, from: string, { axes, keepDims }: OpNode<'reduceSum'>['attrs'], builder: Emission['builder']): string {
  // ONNX takes an empty list of axes for all of them.
  if (axes.length === 0) return from
  return builder.node(type, [from, builder.integers(axes)], { keepdims: Number(keepDims) })
}
