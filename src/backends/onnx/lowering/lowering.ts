import type { Node, OpNode, PrimitiveName, Value } from '@engine/graph/ir'
import type { OnnxBuilder } from '../builder'
import type { Layout } from './layout'

/** The state of one translation, as lowerings see it. */
export interface Emission {
  readonly builder: OnnxBuilder
  /** The ONNX tensor of a value; emits what it needs first. */
  readonly tensor: (value: Value) => string
  /** The node that computes a value; none for a graph source. */
  readonly producer: (value: Value) => Node | undefined
  /** How many node inputs and graph outputs read a value. */
  readonly uses: (value: Value) => number
  /** Whether the graph holds a node of this kind reading `value` as its first input. */
  readonly feeds: (value: Value, op: PrimitiveName) => boolean
  /** Whether the graph holds a node of this kind at all. */
  readonly holds: (op: PrimitiveName) => boolean
  /** Values n × c × h × w that also exist in another layout, by id. */
  readonly moved: Map<number, { readonly layout: Layout; readonly name: string }>
}

/** Emits a node and returns the ONNX tensor that holds its output. */
export type Lowering<P extends PrimitiveName> = (node: OpNode<P>, emission: Emission) => string

export type Lowerings<P extends PrimitiveName> = { readonly [Q in P]: Lowering<Q> }
