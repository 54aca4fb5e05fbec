import { QuerentError } from '../core/errors'
import type { Convolution, Graph, Node, OpNode, Pooling, PrimitiveAttributes, PrimitiveName, Shape, Source, Value, Window } from './ir'
import { sizeOf } from './ir'
import { primitives } from './registry'
import { broadcastShapes, range, sameShape, showShape } from './shapes'

type UnaryName = 'neg' | 'exp' | 'log' | 'sqrt' | 'square' | 'abs' | 'tanh' | 'erf' | 'relu' | 'positive' | 'logSoftmax' | 'stopGradient'
type BinaryName = 'add' | 'sub' | 'mul' | 'div' | 'greaterEqual'
type Unary = Readonly<Record<UnaryName, (a: Value) => Value>>
type Binary = Readonly<Record<BinaryName, (a: Value, b: Value) => Value>>
type Product = (a: Value, b: Value, transposition?: { readonly transA?: boolean; readonly transB?: boolean }) => Value
/** Over `axes`, or all of them; reduced axes disappear unless `keepDims`. */
type Reduction = (a: Value, axes?: readonly number[], keepDims?: boolean) => Value

/** Traces a computation: one method per primitive, each returning the value it makes. Equal nodes are shared. */
export interface Builder extends Unary, Binary {
  /** Everything traced so far, in execution order. */
  readonly nodes: readonly Node[]
  /** An input or parameter; asking again for a name gives the same value. */
  input(name: string, shape: Shape): Value
  parameter(name: string, shape: Shape): Value
  /** A scalar, or row-major data of `shape`. */
  constant(data: number | Float64Array, shape?: Shape): Value
  readonly matmul: Product
  readonly batchMatmul: Product
  readonly reduceSum: Reduction
  readonly reduceMax: Reduction
  reshape(a: Value, shape: Shape): Value
  transpose(a: Value, perm: readonly number[]): Value
  broadcastTo(a: Value, shape: Shape): Value
  slice(a: Value, starts: readonly number[], ends: readonly number[]): Value
  pad(a: Value, before: readonly number[], after: readonly number[]): Value
  concat(values: readonly Value[], axis: number): Value
  conv2d(x: Value, kernel: Value, attrs: Convolution): Value
  conv2dInputGrad(error: Value, kernel: Value, attrs: Convolution & { readonly inputShape: Shape }): Value
  conv2dWeightGrad(x: Value, error: Value, attrs: Convolution & { readonly kernelShape: Shape }): Value
  unfold(x: Value, attrs: Window): Value
  fold(columns: Value, attrs: Window & { readonly inputShape: Shape }): Value
  lookup(ids: Value, table: Value): Value
  scatterAdd(ids: Value, rows: Value, size: number): Value
  maxPool2d(x: Value, attrs: Pooling): Value
  maxPool2dGrad(x: Value, error: Value, attrs: Pooling): Value
  /** Any primitive by name, as graph transformations need it. */
  apply<P extends PrimitiveName>(op: P, inputs: readonly Value[], attrs: PrimitiveAttributes[P]): Value
  /** The node that computes a value; undefined for inputs, parameters and constants. */
  producer(value: Value): Node | undefined
  output(name: string, value: Value): void
  /** The nodes that the outputs need, without identities. */
  build(): Graph
}

export function createBuilder(): Builder {
  const nodes: Node[] = []
  const sources: Source[] = []
  const producers = new Map<Value, Node>()
  const scalars = new Map<Value, number>()
  const known = new Map<string, Value>()
  const outputs = new Map<string, Value>()
  let count = 0
  const newValue = (shape: Shape): Value => ({ id: count++, shape })

  function named(kind: 'input' | 'parameter', name: string, shape: Shape): Value {
    const key = `${kind}:${name}`
    const existing = known.get(key)
    if (existing !== undefined) {
      if (!sameShape(existing.shape, shape))
        throw new QuerentError('internal', `${kind} ${name} is ${showShape(existing.shape)}, now asked for as ${showShape(shape)}`)
      return existing
    }
    const value = newValue(shape)
    sources.push({ kind, name, value })
    known.set(key, value)
    return value
  }

  function constant(data: number | Float64Array, shape: Shape = []): Value {
    if (typeof data !== 'number') {
      if (data.length !== sizeOf(shape)) throw new QuerentError('internal', `constant ${showShape(shape)} of ${data.length} values`)
      const value = newValue(shape)
      sources.push({ kind: 'constant', data, value })
      return value
    }
    const key = `constant:${data}`
    const existing = known.get(key)
    if (existing !== undefined) return existing
    const value = newValue([])
    sources.push({ kind: 'constant', data: Float64Array.of(data), value })
    known.set(key, value)
    scalars.set(value, data)
    return value
  }

  /** Appends a node without looking for anything simpler. */
  function append<P extends PrimitiveName>(op: P, inputs: readonly Value[], attrs: PrimitiveAttributes[P], shape: Shape): Value {
    const output = newValue(shape)
    const node: OpNode<P> = { op, inputs, attrs, output }
    nodes.push(node as Node)
    producers.set(output, node as Node)
    return output
  }

  function apply<P extends PrimitiveName>(op: P, given: readonly Value[], attrs: PrimitiveAttributes[P]): Value {
    const shape = primitives[op].shape(
      given.map((value) => value.shape),
      attrs,
    )
    const inputs = withoutBroadcasts(op, given, shape)
    const simpler = simplify(op, inputs, shape)
    if (simpler !== undefined) return simpler
    const key = `${op}(${inputs.map(({ id }) => id).join()})${JSON.stringify(attrs)}`
    const existing = known.get(key)
    if (existing !== undefined) return existing
    const output = append(op, inputs, attrs, shape)
    known.set(key, output)
    return output
  }

  /** Elementwise operations broadcast by themselves, so a broadcast operand is replaced by what it was made from. */
  function withoutBroadcasts(op: PrimitiveName, inputs: readonly Value[], shape: Shape): readonly Value[] {
    if (!isElementwiseBinary(op)) return inputs
    const lean = [...inputs]
    for (let i = 0; i < 2; i++) {
      const node = producers.get(lean[i])
      if (node?.op !== 'broadcastTo') continue
      const result = broadcastShapes(node.inputs[0].shape, lean[1 - i].shape)
      if (result !== undefined && sameShape(result, shape)) lean[i] = node.inputs[0]
    }
    return lean
  }

  /** What differentiation leaves behind: products with ±1, filled arrays negated or reshaped, chains of reshapes. */
  function simplify(op: PrimitiveName, inputs: readonly Value[], shape: Shape): Value | undefined {
    const [a] = inputs
    if (op === 'mul') {
      for (const [i, other] of inputs.entries()) {
        const factor = scalars.get(inputs[1 - i])
        if (factor === 1 && sameShape(other.shape, shape)) return other
        if (factor === -1 && sameShape(other.shape, shape)) return builder.neg(other)
      }
    }
    const node = producers.get(a)
    const filled = node?.op === 'broadcastTo' ? scalars.get(node.inputs[0]) : scalars.get(a)
    if (op === 'neg' && filled !== undefined) return builder.broadcastTo(constant(-filled), shape)
    if (op === 'reshape' && filled !== undefined) return builder.broadcastTo(constant(filled), shape)
    if ((op === 'reshape' || op === 'broadcastTo') && sameShape(a.shape, shape)) return a
    if (op === 'reshape' && node?.op === 'reshape') return builder.reshape(node.inputs[0], shape)
    return undefined
  }

  function output(name: string, value: Value): void {
    if (outputs.has(name)) throw new QuerentError('internal', `two outputs are called ${name}`)
    const taken = [...outputs.values()].includes(value)
    // A reshape to the same shape is the copy that executors need to hand out a source, or one value twice.
    outputs.set(name, taken || !producers.has(value) ? append('reshape', [value], { shape: value.shape }, value.shape) : value)
  }

  function build(): Graph {
    const needed = new Set<Value>(outputs.values())
    const through = (value: Value): Value => {
      const node = producers.get(value)
      return node?.op === 'stopGradient' ? through(node.inputs[0]) : value
    }
    const kept: Node[] = []
    for (const node of nodes.toReversed()) {
      if (!needed.has(node.output)) continue
      const inputs = node.inputs.map(through)
      for (const value of inputs) needed.add(value)
      kept.push({ ...node, inputs })
    }
    return { sources: sources.filter(({ value }) => needed.has(value)), nodes: kept.reverse(), outputs: new Map(outputs) }
  }

  const unary =
    (op: UnaryName) =>
    (a: Value): Value =>
      apply(op, [a], {})
  const binary =
    (op: BinaryName) =>
    (a: Value, b: Value): Value =>
      apply(op, [a, b], {})
  const product =
    (op: 'matmul' | 'batchMatmul'): Product =>
    (a, b, { transA = false, transB = false } = {}) =>
      apply(op, [a, b], { transA, transB })
  const reduction =
    (op: 'reduceSum' | 'reduceMax'): Reduction =>
    (a, axes = range(a.shape.length), keepDims = false) =>
      apply(op, [a], { axes, keepDims })

  const builder: Builder = {
    nodes,
    input: (name, shape) => named('input', name, shape),
    parameter: (name, shape) => named('parameter', name, shape),
    constant,
    add: binary('add'),
    sub: binary('sub'),
    mul: binary('mul'),
    div: binary('div'),
    greaterEqual: binary('greaterEqual'),
    neg: unary('neg'),
    exp: unary('exp'),
    log: unary('log'),
    sqrt: unary('sqrt'),
    square: unary('square'),
    abs: unary('abs'),
    tanh: unary('tanh'),
    erf: unary('erf'),
    relu: unary('relu'),
    positive: unary('positive'),
    logSoftmax: unary('logSoftmax'),
    stopGradient: unary('stopGradient'),
    matmul: product('matmul'),
    batchMatmul: product('batchMatmul'),
    reduceSum: reduction('reduceSum'),
    reduceMax: reduction('reduceMax'),
    reshape: (a, shape) => apply('reshape', [a], { shape }),
    transpose: (a, perm) => apply('transpose', [a], { perm }),
    broadcastTo: (a, shape) => apply('broadcastTo', [a], { shape }),
    slice: (a, starts, ends) => apply('slice', [a], { starts, ends }),
    pad: (a, before, after) => apply('pad', [a], { before, after }),
    concat: (values, axis) => apply('concat', values, { axis }),
    conv2d: (x, kernel, attrs) => apply('conv2d', [x, kernel], attrs),
    conv2dInputGrad: (error, kernel, attrs) => apply('conv2dInputGrad', [error, kernel], attrs),
    conv2dWeightGrad: (x, error, attrs) => apply('conv2dWeightGrad', [x, error], attrs),
    unfold: (x, attrs) => apply('unfold', [x], attrs),
    fold: (columns, attrs) => apply('fold', [columns], attrs),
    lookup: (ids, table) => apply('lookup', [ids, table], {}),
    scatterAdd: (ids, rows, size) => apply('scatterAdd', [ids, rows], { size }),
    maxPool2d: (x, attrs) => apply('maxPool2d', [x], attrs),
    maxPool2dGrad: (x, error, attrs) => apply('maxPool2dGrad', [x, error], attrs),
    apply,
    producer: (value) => producers.get(value),
    output,
    build,
  }
  return builder
}

const isElementwiseBinary = (op: PrimitiveName): boolean =>
  op === 'add' || op === 'sub' || op === 'mul' || op === 'div' || op === 'greaterEqual'
