import { unsupported } from '../core/errors'
import type { Builder } from './builder'
import { backpropagate } from './grad'
import type { Node, OpNode, Value } from './ir'
import { range, showShape } from './shapes'

/**
 * Squared norm of each sample's gradient with respect to each parameter, n × T, from one batched backward pass (A§2.2).
 * `scalars` (n) holds one number per sample and may not couple samples. A parameter's gradient is never formed for dense layers
 * and only formed for convolutions when that is cheaper than the Gram form. Throws `unsupported` for a parameter that is used twice
 * or in any other way than as the weight or bias of a dense layer or convolution.
 */
export function sampleNorm2(g: Builder, scalars: Value, parameters: readonly Value[]): Value {
  return columns(
    g,
    usesOf(g, scalars, parameters).map((use) => norm2(g, use)),
  )
}

/**
 * Dot product of each sample's gradient with a target per parameter, n × T, without forming any gradient (A§2.2): every use is linear
 * in its parameter, so ⟨∇, V⟩ is the output error times what the layer makes of V.
 */
export function sampleDot(g: Builder, scalars: Value, parameters: readonly Value[], targets: readonly Value[]): Value {
  return columns(
    g,
    usesOf(g, scalars, parameters).map(({ kind, node, error }, t) => {
      const response =
        kind === 'bias' ? g.reshape(targets[t], node.inputs[1].shape) : g.apply(node.op, [node.inputs[0], targets[t]], node.attrs)
      return sumPerSample(g, g.mul(error, response))
    }),
  )
}

/** Where a parameter enters: a layer's output error belongs to the input it met. */
type Use =
  | { readonly kind: 'dense'; readonly node: OpNode<'matmul'>; readonly error: Value }
  | { readonly kind: 'conv2d'; readonly node: OpNode<'conv2d'>; readonly error: Value }
  | { readonly kind: 'bias'; readonly node: OpNode<'add'>; readonly error: Value }

function usesOf(g: Builder, scalars: Value, parameters: readonly Value[]): Use[] {
  const [n] = scalars.shape
  if (scalars.shape.length !== 1) throw unsupported(`per-sample gradients need one number per sample, got ${showShape(scalars.shape)}`)
  const nodes = ancestors(g, scalars)
  const errors = backpropagate(g, scalars, g.broadcastTo(g.constant(1), scalars.shape), parameters)
  return parameters.map((parameter) => {
    const { node, operand } = onlyUse(nodes, parameter)
    const error = errors.get(node.output)
    if (error !== undefined && error.shape[0] === n && node.inputs[1] === operand) {
      const whole = operand === parameter
      if (whole && node.op === 'matmul' && !node.attrs.transA) return { kind: 'dense', node, error }
      if (whole && node.op === 'conv2d') return { kind: 'conv2d', node, error }
      const lead = error.shape.length - operand.shape.length
      if (node.op === 'add' && (lead > 0 || operand.shape[0] === 1)) return { kind: 'bias', node, error }
    }
    throw unsupported(`no per-sample gradients for a parameter ${showShape(parameter.shape)} used by ${node.op}`)
  })
}

/** The one node that uses a parameter, directly or reshaped. */
function onlyUse(nodes: readonly Node[], parameter: Value): { node: Node; operand: Value } {
  const users = nodes.filter(({ inputs }) => inputs.includes(parameter))
  const [node] = users
  if (users.length !== 1 || node.inputs.filter((value) => value === parameter).length !== 1)
    throw unsupported(`no per-sample gradients for a parameter ${showShape(parameter.shape)} used ${users.length} times`)
  return node.op === 'reshape' ? onlyUse(nodes, node.output) : { node, operand: parameter }
}

function ancestors(g: Builder, value: Value): Node[] {
  const needed = new Set([value])
  const found: Node[] = []
  for (const node of g.nodes.toReversed()) {
    if (!needed.has(node.output)) continue
    for (const input of node.inputs) needed.add(input)
    found.push(node)
  }
  return found
}

function norm2(g: Builder, use: Use): Value {
  const { error } = use
  if (use.kind === 'dense') return g.mul(sumPerSample(g, g.square(error)), sumPerSample(g, g.square(use.node.inputs[0])))
  if (use.kind === 'bias') {
    const bias = use.node.inputs[1].shape
    const lead = error.shape.length - bias.length
    const shared = range(error.shape.length).filter((axis) => axis > 0 && (axis < lead || bias[axis - lead] === 1))
    return sumPerSample(g, g.square(shared.length > 0 ? g.reduceSum(error, shared) : error))
  }
  const [x, kernel] = use.node.inputs
  const [co, ci, kh, kw] = kernel.shape
  const [n, , oh, ow] = error.shape
  const places = oh * ow
  const inputs = g.unfold(x, { ...use.node.attrs, kernel: [kh, kw] })
  const errors = g.reshape(error, [n, co, places])
  if (2 * places ** 2 >= co * ci * kh * kw) return sumPerSample(g, g.square(g.batchMatmul(errors, inputs, { transB: true })))
  return sumPerSample(g, g.mul(g.batchMatmul(errors, errors, { transA: true }), g.batchMatmul(inputs, inputs, { transA: true })))
}

const sumPerSample = (g: Builder, value: Value): Value => g.reduceSum(value, range(value.shape.length).slice(1))

function columns(g: Builder, perSample: readonly Value[]): Value {
  const parts = perSample.map((value) => g.reshape(value, [value.shape[0], 1]))
  return parts.length === 1 ? parts[0] : g.concat(parts, 1)
}
