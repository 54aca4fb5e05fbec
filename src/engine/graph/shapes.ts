import { QuerentError } from '../core/errors'
import type { Shape } from './ir'

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => size === b[i])

/** `[2×3]`, `[]` for a scalar. */
export const showShape = (shape: Shape): string => `[${shape.join('×')}]`

/** Shapes that do not fit are mistakes of whoever traced the graph, unless a caller checks user input first. */
export const shapeError = (op: string, problem: string): QuerentError => new QuerentError('internal', `${op}: ${problem}`)

export function check(condition: boolean, op: string, problem: () => string): void {
  if (!condition) throw shapeError(op, problem())
}

/** Result shape of the numpy broadcasting rule, or undefined when the shapes do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length)
  const result: number[] = []
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1
    const y = b[i - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) return undefined
    result.push(x === 1 ? y : x)
  }
  return result
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

/** Number of window positions along one axis. */
export const positions = (size: number, kernel: number, stride: number, padding: number): number =>
  Math.floor((size + 2 * padding - kernel) / stride) + 1
