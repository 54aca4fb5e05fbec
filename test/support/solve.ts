import type { Matrix } from '@engine/core/matrix'

export const inner = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0)

/** a⁻¹ b (n) of a matrix (n × n) that needs no pivots, by Gauss–Jordan elimination. */
export function solve({ data, rows: n }: Matrix<Float64Array>, b: Float64Array): Float64Array {
  const [a, x] = [data.slice(), b.slice()]
  for (let k = 0; k < n; k++) {
    for (let i = 0; i < n; i++) {
      if (i === k) continue
      const factor = a[i * n + k] / a[k * n + k]
      for (let j = k; j < n; j++) a[i * n + j] -= factor * a[k * n + j]
      x[i] -= factor * x[k]
    }
  }
  return x.map((value, k) => value / a[k * n + k])
}
