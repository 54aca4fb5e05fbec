import type { Builder } from '../builder'
import type { Shape, Value } from '../ir'
import { check, showShape } from '../shapes'
import type { Primitive } from './primitive'

interface Transposition {
  readonly transA: boolean
  readonly transB: boolean
}

/** `lead` axes in front are carried along; the last two are multiplied. */
function productShape(op: string, lead: number, [a, b]: readonly Shape[], { transA, transB }: Transposition): Shape {
  check(a.length === lead + 2 && b.length === lead + 2, op, () => `needs ${lead + 2}-D operands, got ${showShape(a)} and ${showShape(b)}`)
  const [rows, inner] = transA ? [a[lead + 1], a[lead]] : [a[lead], a[lead + 1]]
  const [depth, cols] = transB ? [b[lead + 1], b[lead]] : [b[lead], b[lead + 1]]
  const fits = inner === depth && a.slice(0, lead).every((size, i) => size === b[i])
  check(fits, op, () => `${showShape(a)}${transA ? 'ᵀ' : ''} and ${showShape(b)}${transB ? 'ᵀ' : ''} do not multiply`)
  return [...a.slice(0, lead), rows, cols]
}

/** C = op(A)·op(B): dop(A) = dC·op(B)ᵀ and dop(B) = op(A)ᵀ·dC, transposed back where the operand was. */
function productVjp(
  multiply: (a: Value, b: Value, transposition: Partial<Transposition>) => Value,
  [a, b]: readonly Value[],
  { transA, transB }: Transposition,
  cotangent: Value,
): Value[] {
  return [
    transA ? multiply(b, cotangent, { transA: transB, transB: true }) : multiply(cotangent, b, { transB: !transB }),
    transB ? multiply(cotangent, a, { transA: true, transB: transA }) : multiply(a, cotangent, { transA: !transA }),
  ]
}

export const matmul: Primitive<'matmul'> = {
  shape: (inputs, attrs) => productShape('matmul', 0, inputs, attrs),
  vjp: (node, cotangent, g: Builder) => productVjp(g.matmul, node.inputs, node.attrs, cotangent),
}

export const batchMatmul: Primitive<'batchMatmul'> = {
  shape: (inputs, attrs) => productShape('batchMatmul', 1, inputs, attrs),
  vjp: (node, cotangent, g: Builder) => productVjp(g.batchMatmul, node.inputs, node.attrs, cotangent),
}
