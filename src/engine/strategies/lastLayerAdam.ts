import { dot } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { adamConstants, adamTerms, type AdamForm } from '../nn/adamDirection'
import type { Direction } from './lossGradients'

/** Products of every sample's update direction with G target directions (n × G), and its squared length (n). */
export interface Influence {
  readonly products: Matrix<Float64Array>
  readonly squared: Float64Array
}

/** Moments of the last layer: weight (C × d) and, unless it is left out, bias (C). */
export interface LastLayerMoments {
  readonly first: Direction
  readonly second: Direction
  readonly step: number
}

/**
 * Adam directions Γ of the last layer in closed form, for each of several labellings of the same rows (A§8.1). Row k of a sample's
 * gradient is (p_k − [k is its label])·(h, 1), so that all C labels need two directions per class, not C.
 */
export function lastLayerAdam(
  probabilities: Matrix,
  embeddings: Matrix,
  form: AdamForm,
  moments: LastLayerMoments,
  directions: readonly Direction[],
  labelings: readonly Int32Array[],
): Influence[] {
  const { rows: n, cols: classes } = probabilities
  const d = embeddings.cols
  const terms = adamTerms(form, moments.step)
  const width = d + moments.first.length - 1
  const first = packed(moments.first, classes, d, terms.firstScale)
  const second = packed(moments.second, classes, d, terms.secondScale)
  const targets = directions.map((direction) => packed(direction, classes, d, 1))
  const groups = targets.length
  const fill = form === 'code' ? fillCode : fillPaper
  const results = labelings.map(() => ({
    products: { data: new Float64Array(n * groups), rows: n, cols: groups },
    squared: new Float64Array(n),
  }))

  const x = new Float64Array(width).fill(1)
  const gamma = new Float64Array(width)
  /** what class k adds to the sums when it is not the label (0 …) and when it is (stride …) */
  const stride = groups + 1
  const parts = new Float64Array(2 * stride)
  for (let i = 0; i < n; i++) {
    x.set(embeddings.data.subarray(i * d, (i + 1) * d))
    for (let k = 0; k < classes; k++) {
      const p = probabilities.data[i * classes + k]
      let wanted = 0 // bit 1: k is the label somewhere, bit 0: it is not
      for (const labels of labelings) wanted |= labels[i] === k ? 2 : 1
      for (let isLabel = 0; isLabel < 2; isLabel++) {
        if ((wanted & (1 + isLabel)) === 0) continue
        const error = p - isLabel
        const from = isLabel * stride
        parts[from] = fill(gamma, x, first, second, k * width, width, terms.gain * error, terms.squareGain * error * error)
        for (let g = 0; g < groups; g++) parts[from + 1 + g] = dot(targets[g], k * width, gamma, 0, width)
      }
      for (let s = 0; s < labelings.length; s++) {
        const from = labelings[s][i] === k ? stride : 0
        const { products, squared } = results[s]
        squared[i] += parts[from]
        for (let g = 0; g < groups; g++) products.data[i * groups + g] += parts[from + 1 + g]
      }
    }
  }
  return results
}

/** Weight and bias of each class side by side, times `scale`. */
function packed([weight, bias]: Direction, classes: number, d: number, scale: number): Float64Array {
  const width = d + (bias === undefined ? 0 : 1)
  const out = new Float64Array(classes * width)
  for (let k = 0; k < classes; k++) {
    for (let t = 0; t < d; t++) out[k * width + t] = scale * weight[k * d + t]
    if (bias !== undefined) out[k * width + d] = scale * bias[k]
  }
  return out
}

type Fill = (
  gamma: Float64Array,
  x: Float64Array,
  first: Float64Array,
  second: Float64Array,
  from: number,
  width: number,
  gain: number,
  squareGain: number,
) => number

// One function per form: a branch in the inner loop costs a third of its speed.
const fillCode: Fill = (gamma, x, first, second, from, width, gain, squareGain) => {
  const { epsilon } = adamConstants
  let sum = 0
  for (let t = 0; t < width; t++) {
    const value = x[t]
    const step = (first[from + t] + gain * value) / Math.sqrt(second[from + t] + squareGain * value * value + epsilon)
    gamma[t] = step
    sum += step * step
  }
  return sum
}

const fillPaper: Fill = (gamma, x, first, second, from, width, gain, squareGain) => {
  const { epsilon } = adamConstants
  let sum = 0
  for (let t = 0; t < width; t++) {
    const value = x[t]
    const step = (first[from + t] + gain * value) / (Math.sqrt(second[from + t] + squareGain * value * value) + epsilon)
    gamma[t] = step
    sum += step * step
  }
  return sum
}
