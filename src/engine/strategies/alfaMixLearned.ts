import { argMax, dot } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { hallucinatedError, outputsOf, type Head } from './alfaMix'

const steps = 5
const rate = 0.1
const lengthWeight = 0.01
const [decay1, decay2, epsilon] = [0.9, 0.999, 1e-8]

/**
 * As `closedFormFlips`, but every share αⱼ of the way to an anchor is learnt (A§11.1): five steps of Adam on
 * −CE(ŷ) + 0.01 ‖α‖ from half the bound, kept within 0 and cap/√d; the row counts if its prediction differs after any step.
 */
export function learnedMixFlips(head: Head, features: Matrix, row: number, anchors: Matrix): (cap: number) => boolean {
  const d = features.cols
  const own = features.data.slice(row * d, (row + 1) * d)
  const top = argMax(outputsOf(head, features, row))
  return (cap) => {
    for (let a = 0; a < anchors.rows; a++) {
      const way = Float64Array.from(own, (h, j) => anchors.data[a * d + j] - h)
      if (learns(head, own, way, top, cap / Math.sqrt(d))) return true
    }
    return false
  }
}

function learns(head: Head, own: ArrayLike<number>, way: Float64Array, top: number, bound: number): boolean {
  const d = way.length
  const alpha = new Float64Array(d).fill(bound / 2)
  const [first, second] = [new Float64Array(d), new Float64Array(d)]
  for (let step = 1; step <= steps + 1; step++) {
    const mixed: Matrix<Float64Array> = { data: alpha.map((share, j) => own[j] + share * way[j]), rows: 1, cols: d }
    const outputs = outputsOf(head, mixed, 0)
    if (argMax(outputs) !== top) return true
    if (step > steps) return false
    const errors = hallucinatedError(outputs)
    const length = Math.sqrt(dot(alpha, 0, alpha, 0, d))
    for (let j = 0; j < d; j++) {
      let gradient = length > 0 ? (lengthWeight * alpha[j]) / length : 0
      for (let c = 0; c < errors.length; c++) gradient -= errors[c] * head.weight.data[c * d + j] * way[j]
      first[j] += (1 - decay1) * (gradient - first[j])
      second[j] += (1 - decay2) * (gradient * gradient - second[j])
      const change = first[j] / (1 - decay1 ** step) / (Math.sqrt(second[j] / (1 - decay2 ** step)) + epsilon)
      alpha[j] = Math.min(bound, Math.max(0, alpha[j] - rate * change))
    }
  }
  return false
}
