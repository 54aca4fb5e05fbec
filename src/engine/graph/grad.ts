import { QuerentError } from '../core/errors'
import type { Builder } from './builder'
import type { OpNode, PrimitiveName, Value } from './ir'
import { primitives } from './registry'
import { showShape } from './shapes'

/**
 * Derivatives of a scalar with respect to values, as nodes of the same graph (reverse mode). A value may be used many times;
 * a value the scalar does not depend on gets zeros. Since derivatives are primitives too, they can be differentiated again.
 */
export function gradients(g: Builder, scalar: Value, wrt: readonly Value[]): Value[] {
  if (scalar.shape.length > 0) throw new QuerentError('internal', `gradients need a scalar, got ${showShape(scalar.shape)}`)
  const cotangents = backpropagate(g, scalar, g.constant(1), wrt)
  return wrt.map((value) => cotangents.get(value) ?? g.broadcastTo(g.constant(0), value.shape))
}

/** Cotangents of every value between `wrt` and `target`, given that of `target`. */
export function backpropagate(g: Builder, target: Value, seed: Value, wrt: readonly Value[]): ReadonlyMap<Value, Value> {
  const nodes = [...g.nodes] // the pass appends to g.nodes
  const active = new Set(wrt)
  for (const node of nodes) if (node.inputs.some((value) => active.has(value))) active.add(node.output)

  const cotangents = new Map<Value, Value>()
  if (active.has(target)) cotangents.set(target, seed)
  for (const node of nodes.reverse()) {
    const cotangent = cotangents.get(node.output)
    if (cotangent === undefined) continue
    for (const [i, contribution] of vjp(node, cotangent, g).entries()) {
      const input = node.inputs[i]
      if (contribution === null || !active.has(input)) continue
      const sum = cotangents.get(input)
      cotangents.set(input, sum === undefined ? contribution : g.add(sum, contribution))
    }
  }
  return cotangents
}

const vjp = <P extends PrimitiveName>(node: OpNode<P>, cotangent: Value, g: Builder): readonly (Value | null)[] =>
  primitives[node.op].vjp(node, cotangent, g)
