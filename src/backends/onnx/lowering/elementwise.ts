import type { Value } from '@engine/graph/ir'
import { inLayoutOfOperands } from './layout'
import { biasedProduct } from './linear'
import { biasedConvolution } from './convolution'
import type { Emission, Lowering, Lowerings } from './lowering'

type Elementwise =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'neg'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'square'
  | 'abs'
  | 'tanh'
  | 'erf'
  | 'relu'
  | 'positive'
  | 'greaterEqual'
  | 'stopGradient'

type Unary = 'neg' | 'exp' | 'log' | 'sqrt' | 'abs' | 'tanh' | 'erf' | 'relu'
type Binary = 'sub' | 'div'

const unary = <P extends Unary>(type: string): Lowering<P> =>
  inLayoutOfOperands(({ inputs }, { builder, tensor }) => builder.node(type, [tensor(inputs[0])]))

const binary = <P extends Binary | 'add'>(type: string): Lowering<P> =>
  inLayoutOfOperands(({ inputs }, { builder, tensor }) => builder.node(type, inputs.map(tensor)))

/** The boolean ONNX tensor behind a 0/1 value, when it is one. */
function condition(value: Value, { builder, tensor, producer }: Emission): string | undefined {
  const node = producer(value)
  if (node?.op === 'positive') return builder.node('Greater', [tensor(node.inputs[0]), builder.scalar(0)])
  if (node?.op === 'greaterEqual') return builder.node('GreaterOrEqual', node.inputs.map(tensor))
  return undefined
}

const indicator: Lowering<'positive' | 'greaterEqual'> = inLayoutOfOperands(({ output }, emission) => {
  const { builder } = emission
  return builder.node('Where', [condition(output, emission) as string, builder.scalar(1), builder.scalar(0)])
})

const sum = binary<'add'>('Add')

export const elementwise: Lowerings<Elementwise> = {
  add: (node, emission) => biasedProduct(node, emission) ?? biasedConvolution(node, emission) ?? sum(node, emission),
  sub: binary('Sub'),
  div: binary('Div'),
  // A product with a 0/1 mask is a choice: one pass less, and no float copy of the mask.
  mul: inLayoutOfOperands(({ inputs: [a, b] }, emission) => {
    const { builder, tensor } = emission
    const [mask, other] = [condition(a, emission), b]
    if (mask !== undefined) return builder.node('Where', [mask, tensor(other), builder.scalar(0)])
    const second = condition(b, emission)
    if (second !== undefined) return builder.node('Where', [second, tensor(a), builder.scalar(0)])
    return builder.node('Mul', [tensor(a), tensor(b)])
  }),
  neg: unary('Neg'),
  exp: unary('Exp'),
  log: unary('Log'),
  sqrt: unary('Sqrt'),
  abs: unary('Abs'),
  tanh: unary('Tanh'),
  erf: unary('Erf'),
  relu: unary('Relu'),
  square: inLayoutOfOperands(({ inputs }, { builder, tensor }) => builder.node('Mul', [tensor(inputs[0]), tensor(inputs[0])])),
  positive: indicator,
  greaterEqual: indicator,
  stopGradient: ({ inputs }, { tensor }) => tensor(inputs[0]),
}
