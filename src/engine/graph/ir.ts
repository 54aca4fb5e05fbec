/**
 * A traced computation: floating-point tensors of fixed shape, one node per primitive operation, in execution order.
 * Graphs are data. `grad`, `sampleNorm2` and `sampleDot` transform them; executors interpret or emit them.
 */
export type Shape = readonly number[]

/** A tensor inside one graph. Ids are unique within it, and small, but may have gaps. */
export interface Value {
  readonly id: number
  readonly shape: Shape
}

/**
 * The primitives: name → attributes. Semantics, for operands of shape as noted:
 *
 * | primitive | inputs | result |
 * | --- | --- | --- |
 * | add sub mul div | a, b | elementwise; shapes broadcast by the numpy rule |
 * | neg exp log sqrt square abs tanh erf | a | elementwise |
 * | relu | a | max(a, 0) |
 * | positive | a | 1 where a > 0, else 0 (derivative 0) |
 * | greaterEqual | a, b | 1 where a ≥ b, else 0; broadcast (derivative 0) |
 * | matmul | a, b | 2-D product of a (or aᵀ) with b (or bᵀ) |
 * | batchMatmul | a, b | 3-D: one matmul per leading index |
 * | reduceSum reduceMax | a | over `axes`; kept as length 1 when `keepDims` |
 * | logSoftmax | a (n × c) | over the last axis, max-subtracted |
 * | reshape | a | same elements in row-major order |
 * | transpose | a | axes permuted: result axis i is input axis `perm[i]` |
 * | broadcastTo | a | numpy broadcast to `shape` |
 * | slice | a | `starts[i] ≤ index < ends[i]` on every axis |
 * | pad | a | zeros: `before[i]` and `after[i]` on every axis |
 * | concat | a, b, … | along `axis` |
 * | stopGradient | a | identity with derivative 0 |
 * | conv2d | x (n × ci × h × w), k (co × ci × kh × kw) | cross-correlation with stride and zero padding |
 * | conv2dInputGrad | δ (n × co × oh × ow), k | gradient with respect to x, of shape `inputShape` |
 * | conv2dWeightGrad | x, δ | gradient with respect to k, of shape `kernelShape` |
 * | unfold | x (n × ci × h × w) | columns n × (ci·kh·kw) × (oh·ow), row order ci, kh, kw |
 * | fold | c (n × (ci·kh·kw) × (oh·ow)) | adds columns back: the transpose of unfold, of shape `inputShape` |
 * | lookup | ids (any shape), table (v × d) | the row of the table for every id, ids' shape × d; ids are whole, 0 … v − 1 |
 * | scatterAdd | ids, rows (ids' shape × d) | adds rows up by id: the transpose of lookup, `size` × d |
 * | maxPool2d | x (n × c × h × w) | windows of `size`, step `stride`, no padding; remainder rows and columns dropped |
 * | maxPool2dGrad | x, δ | δ at the first maximum (row-major) of each window; windows may not overlap |
 */
export interface PrimitiveAttributes {
  add: None
  sub: None
  mul: None
  div: None
  neg: None
  exp: None
  log: None
  sqrt: None
  square: None
  abs: None
  tanh: None
  erf: None
  relu: None
  positive: None
  greaterEqual: None
  matmul: { readonly transA: boolean; readonly transB: boolean }
  batchMatmul: { readonly transA: boolean; readonly transB: boolean }
  reduceSum: { readonly axes: readonly number[]; readonly keepDims: boolean }
  reduceMax: { readonly axes: readonly number[]; readonly keepDims: boolean }
  logSoftmax: None
  reshape: { readonly shape: Shape }
  transpose: { readonly perm: readonly number[] }
  broadcastTo: { readonly shape: Shape }
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] }
  pad: { readonly before: readonly number[]; readonly after: readonly number[] }
  concat: { readonly axis: number }
  stopGradient: None
  conv2d: Convolution
  conv2dInputGrad: Convolution & { readonly inputShape: Shape }
  conv2dWeightGrad: Convolution & { readonly kernelShape: Shape }
  unfold: Window
  fold: Window & { readonly inputShape: Shape }
  lookup: None
  scatterAdd: { readonly size: number }
  maxPool2d: Pooling
  maxPool2dGrad: Pooling
}

export type None = Readonly<Record<string, never>>
/** Stride and symmetric zero padding in pixels, [vertical, horizontal]. */
export interface Convolution {
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number]
}
export interface Window extends Convolution {
  readonly kernel: readonly [number, number]
}
export interface Pooling {
  readonly size: readonly [number, number]
  readonly stride: readonly [number, number]
}

export type PrimitiveName = keyof PrimitiveAttributes

export type Node = { [P in PrimitiveName]: OpNode<P> }[PrimitiveName]

export interface OpNode<P extends PrimitiveName> {
  readonly op: P
  readonly inputs: readonly Value[]
  readonly attrs: PrimitiveAttributes[P]
  readonly output: Value
}

/** Where a value without a node comes from. */
export type Source =
  /** fed on every run; the first axis is the batch where it applies */
  | { readonly kind: 'input'; readonly name: string; readonly value: Value }
  /** trained; lives in the executor's parameter store under the same name */
  | { readonly kind: 'parameter'; readonly name: string; readonly value: Value }
  | { readonly kind: 'constant'; readonly data: Float64Array; readonly value: Value }

export interface Graph {
  readonly sources: readonly Source[]
  /** in execution order */
  readonly nodes: readonly Node[]
  /** every output is the result of a node (never a source), and no two names share a value */
  readonly outputs: ReadonlyMap<string, Value>
}

export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1)
