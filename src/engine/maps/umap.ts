import type { Random } from '../core/random'
import type { Neighbours } from './neighbours'

export interface UmapOptions {
  /** n × 2, of width about 10 */
  readonly start: Float64Array
  readonly epochs: number
  /** epochs between two yields */
  readonly every: number
  readonly random: Random
}

/** Of 1 / (1 + a·d^2b), fitted to a least distance of 0.1 and a spread of 1. */
const a = 1.57694
const b = 0.895061
const negatives = 5
const mostForce = 4

/**
 * UMAP (McInnes, Healy & Melville 2018) over a neighbour graph: fuzzy union of the local graphs, then stochastic gradient steps with
 * five negative samples per edge. Yields the positions (n × 2, reused).
 */
export function* umap(graph: Neighbours, { start, epochs, every, random }: UmapOptions): Generator<Float64Array, Float64Array> {
  const n = start.length / 2
  const positions = Float64Array.from(start)
  const { heads, tails, weights } = fuzzyUnion(graph)
  const strongest = weights.reduce((most, weight) => Math.max(most, weight), 0)
  // An edge of weight w acts in a share w / strongest of the epochs, at even distances.
  const period = weights.map((weight) => strongest / weight)
  const due = period.slice()

  for (let epoch = 1; epoch <= epochs; epoch++) {
    const rate = 1 - (epoch - 1) / epochs
    for (let e = 0; e < heads.length; e++) {
      if (due[e] > epoch) continue
      due[e] += period[e]
      const i = 2 * heads[e]
      const j = 2 * tails[e]
      const dx = positions[i] - positions[j]
      const dy = positions[i + 1] - positions[j + 1]
      const squared = dx * dx + dy * dy
      if (squared > 0) {
        const power = squared ** b
        const pull = (-2 * a * b * power) / (squared * (1 + a * power))
        const mx = rate * clipped(pull * dx)
        const my = rate * clipped(pull * dy)
        positions[i] += mx
        positions[i + 1] += my
        positions[j] -= mx
        positions[j + 1] -= my
      }
      for (let t = 0; t < negatives; t++) {
        const other = 2 * Math.floor(random.next() * n)
        if (other === i) continue
        const ox = positions[i] - positions[other]
        const oy = positions[i + 1] - positions[other + 1]
        const apart = ox * ox + oy * oy
        const push = apart > 0 ? (2 * b) / ((0.001 + apart) * (1 + a * apart ** b)) : 0
        positions[i] += rate * (push > 0 ? clipped(push * ox) : mostForce)
        positions[i + 1] += rate * (push > 0 ? clipped(push * oy) : mostForce)
      }
    }
    if (epoch % every === 0) yield positions
  }
  return positions
}

const clipped = (force: number): number => Math.max(-mostForce, Math.min(mostForce, force))

interface FuzzyEdges {
  readonly heads: Int32Array
  readonly tails: Int32Array
  readonly weights: Float64Array
}

/** Edges i → j with weight w(i→j) + w(j→i) − w(i→j)·w(j→i), in both directions. */
function fuzzyUnion(graph: Neighbours): FuzzyEdges {
  const { k, rows } = graph
  const n = rows.length / k
  const own = memberships(graph)
  const local = Array.from({ length: n }, (_, i) => new Map(Array.from({ length: k }, (_, t) => [rows[i * k + t], own[i * k + t]])))
  const heads: number[] = []
  const tails: number[] = []
  const weights: number[] = []
  const add = (i: number, j: number, weight: number): void => {
    heads.push(i)
    tails.push(j)
    weights.push(weight)
  }
  for (let i = 0; i < n; i++) {
    for (const [j, there] of local[i]) {
      const back = local[j].get(i) ?? 0
      if (back > 0 && j < i) continue // done from the other side
      const weight = there + back - there * back
      if (weight <= 0) continue
      add(i, j, weight)
      add(j, i, weight)
    }
  }
  return { heads: Int32Array.from(heads), tails: Int32Array.from(tails), weights: Float64Array.from(weights) }
}

/** n × k: exp(−(d − nearest) / width), with widths that make each row's sum log2(k). */
function memberships({ k, distances }: Neighbours): Float64Array {
  const n = distances.length / k
  const target = Math.log2(k)
  const out = new Float64Array(n * k)
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / distances.length
  for (let i = 0; i < n; i++) {
    const row = distances.subarray(i * k, (i + 1) * k)
    const nearest = row.find((distance) => distance > 0) ?? 0
    let width = 1
    let low = 0
    let high = Infinity
    for (let attempt = 0; attempt < 64; attempt++) {
      let sum = 0
      for (const distance of row) sum += distance > nearest ? Math.exp(-(distance - nearest) / width) : 1
      if (Math.abs(sum - target) < 1e-5) break
      if (sum > target) high = width
      else low = width
      width = high === Infinity ? width * 2 : (low + high) / 2
    }
    width = Math.max(width, 1e-3 * mean)
    row.forEach((distance, t) => (out[i * k + t] = distance > nearest ? Math.exp(-(distance - nearest) / width) : 1))
  }
  return out
}
