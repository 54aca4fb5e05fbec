import { unsupported } from '../core/errors'
import type { Builder } from './builder'
import { backpropagate } from './grad'
import { sizeOf, type Node, type OpNode, type Value } from './ir'
import { range, showShape } from './shapes'

/**
 * Squared norm of each sample's gradient with respect to each parameter, n × T, from one batched backward pass (A§2.2).
 * `scalars` (n) holds one number per sample and may not couple samples. A parameter's gradient is never formed for dense layers
 * and only formed for convolutions and sequences when that is cheaper than the Gram form. Throws `unsupported` for a parameter that is
 * used twice or in any other way than as weight of a dense layer or convolution, looked-up table, added bias or factor.
 */
export function sampleNorm2(g: Builder, scalars: Value, parameters: readonly Value[]): Value {
  return columns(
    g,
    usesOf(g, scalars, parameters).map((use) => norm2(g, scalars.shape[0], use)),
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
      const target = g.reshape(targets[t], node.inputs[1].shape)
      const response = kind === 'bias' ? target : g.apply(node.op, [node.inputs[0], target], node.attrs)
      return sumPerSample(g, scalars.shape[0], g.mul(error, response))
    }),
  )
}

/**
 * Every sample's gradient with respect to each parameter, n × its size (row-major): what needs more of them than norms and products.
 * One batch of them is alive at a time.
 */
export function sampleGradients(g: Builder, scalars: Value, parameters: readonly Value[]): Value[] {
  const [n] = scalars.shape
  return usesOf(g, scalars, parameters).map((use, t) => g.reshape(gradient(g, n, use), [n, sizeOf(parameters[t].shape)]))
}

/** Where a parameter enters, as the second input of `node`: a layer's output error belongs to the input it met. */
type Use =
  /** a matrix product, for one row per sample or several that follow each other */
  | { readonly kind: 'dense'; readonly node: OpNode<'matmul'>; readonly error: Value }
  | { readonly kind: 'conv2d'; readonly node: OpNode<'conv2d'>; readonly error: Value }
  | { readonly kind: 'table'; readonly node: OpNode<'lookup'>; readonly error: Value }
  | { readonly kind: 'bias'; readonly node: OpNode<'add'>; readonly error: Value }
  | { readonly kind: 'factor'; readonly node: OpNode<'mul'>; readonly error: Value }

function usesOf(g: Builder, scalars: Value, parameters: readonly Value[]): Use[] {
  const [n] = scalars.shape
  if (scalars.shape.length !== 1) throw unsupported(`per-sample gradients need one number per sample, got ${showShape(scalars.shape)}`)
  const nodes = ancestors(g, scalars)
  const errors = backpropagate(g, scalars, g.broadcastTo(g.constant(1), scalars.shape), parameters)
  return parameters.map((parameter) => {
    const { node, operand } = onlyUse(nodes, parameter)
    const error = errors.get(node.output)
    if (error !== undefined && node.inputs[1] === operand) {
      if (node.op === 'matmul' && !node.attrs.transA && isBySample(g, node.inputs[0], n)) return { kind: 'dense', node, error }
      if (node.op === 'conv2d' && error.shape[0] === n) return { kind: 'conv2d', node, error }
      if (node.op === 'lookup' && error.shape[0] === n) return { kind: 'table', node, error }
      const shared = error.shape.length > operand.shape.length || operand.shape[0] === 1
      if (node.op === 'add' && error.shape[0] === n && shared) return { kind: 'bias', node, error }
      if (node.op === 'mul' && error.shape[0] === n && shared) return { kind: 'factor', node, error }
    }
    throw unsupported(`no per-sample gradients for a parameter ${showShape(parameter.shape)} used by ${node.op}`)
  })
}

/** Whether the rows of a matrix are those of n samples, one after the other. */
function isBySample(g: Builder, rows: Value, n: number): boolean {
  if (rows.shape[0] === n) return true
  const node = g.producer(rows)
  return node?.op === 'reshape' && node.inputs[0].shape[0] === n
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

function gradient(g: Builder, n: number, use: Use): Value {
  const { error } = use
  switch (use.kind) {
    case 'dense': {
      const [rows, units] = error.shape
      const [x] = use.node.inputs
      const errors = g.reshape(error, [n, rows / n, units])
      const inputs = g.reshape(x, [n, rows / n, x.shape[1]])
      return use.node.attrs.transB ? g.batchMatmul(errors, inputs, { transA: true }) : g.batchMatmul(inputs, errors, { transA: true })
    }
    case 'conv2d': {
      const { errors, inputs } = convolutionPairs(g, n, use)
      return g.batchMatmul(errors, inputs, { transB: true })
    }
    case 'table': {
      const [ids, { shape }] = use.node.inputs
      // A table per sample, one after the other.
      const first = g.constant(
        Float64Array.from({ length: n }, (_, i) => i * shape[0]),
        [n, ...ids.shape.slice(1).map(() => 1)],
      )
      return g.scatterAdd(g.add(ids, first), error, n * shape[0])
    }
    case 'bias':
    case 'factor':
      return summedOverShared(g, use)
  }
}

function norm2(g: Builder, n: number, use: Use): Value {
  const { error } = use
  switch (use.kind) {
    case 'dense': {
      const [rows, units] = error.shape
      const [x] = use.node.inputs
      if (rows === n) return g.mul(sumPerSample(g, n, g.square(error)), sumPerSample(g, n, g.square(x)))
      const [steps, width] = [rows / n, x.shape[1]]
      return pairedNorm2(g, g.reshape(error, [n, steps, units]), g.reshape(x, [n, steps, width]), 1)
    }
    case 'conv2d': {
      const { errors, inputs } = convolutionPairs(g, n, use)
      return pairedNorm2(g, errors, inputs, 2)
    }
    case 'table': {
      const [ids, { shape }] = use.node.inputs
      const tokens = sizeOf(ids.shape) / n
      const errors = g.reshape(error, [n, tokens, shape[1]])
      const [down, across] = [g.reshape(ids, [n, tokens, 1]), g.reshape(ids, [n, 1, tokens])]
      const equal = g.mul(g.greaterEqual(down, across), g.greaterEqual(across, down))
      return sumPerSample(g, n, g.mul(g.batchMatmul(errors, errors, { transB: true }), equal))
    }
    case 'bias':
    case 'factor':
      return sumPerSample(g, n, g.square(summedOverShared(g, use)))
  }
}

/** Output errors n × co × places, and the inputs of every place, n × (ci·kh·kw) × places. */
function convolutionPairs(g: Builder, n: number, { node, error }: Extract<Use, { kind: 'conv2d' }>) {
  const [x, kernel] = node.inputs
  const [, co, oh, ow] = error.shape
  const [, , kh, kw] = kernel.shape
  return { errors: g.reshape(error, [n, co, oh * ow]), inputs: g.unfold(x, { ...node.attrs, kernel: [kh, kw] }) }
}

/** The gradient of an added or multiplied parameter: n × the axes on which it varies. */
function summedOverShared(g: Builder, { kind, node, error }: Extract<Use, { kind: 'bias' | 'factor' }>): Value {
  const [other, operand] = node.inputs
  const each = kind === 'bias' ? error : g.mul(error, other)
  const lead = error.shape.length - operand.shape.length
  const shared = range(error.shape.length).filter((axis) => axis > 0 && (axis < lead || operand.shape[axis - lead] === 1))
  return shared.length > 0 ? g.reduceSum(each, shared) : each
}

/** ‖Σ over places of error ⊗ input‖² for each of n samples; both have the places on `axis`, the numbers of a place on the other one. */
function pairedNorm2(g: Builder, errors: Value, inputs: Value, axis: 1 | 2): Value {
  const [n] = errors.shape
  const places = errors.shape[axis]
  const byPlace = axis === 1
  if (2 * places ** 2 >= errors.shape[3 - axis] * inputs.shape[3 - axis])
    return sumPerSample(g, n, g.square(g.batchMatmul(errors, inputs, { transA: byPlace, transB: !byPlace })))
  const pairs = (value: Value): Value => g.batchMatmul(value, value, { transA: !byPlace, transB: byPlace })
  return sumPerSample(g, n, g.mul(pairs(errors), pairs(inputs)))
}

/** n sums of a value whose rows belong to n samples, one after the other. */
function sumPerSample(g: Builder, n: number, value: Value): Value {
  const own = value.shape[0] === n ? value : g.reshape(value, [n, sizeOf(value.shape) / n])
  return g.reduceSum(own, range(own.shape.length).slice(1))
}

function columns(g: Builder, perSample: readonly Value[]): Value {
  const parts = perSample.map((value) => g.reshape(value, [value.shape[0], 1]))
  return parts.length === 1 ? parts[0] : g.concat(parts, 1)
}
