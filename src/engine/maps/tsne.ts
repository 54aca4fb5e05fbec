import type { Neighbours } from './neighbours'
import { createRepulsion } from './repulsion'

export interface TsneOptions {
  /** n × 2 start, taken as it is; small (standard deviation about 1e-4) for a start that only gives the order */
  readonly start: Float64Array
  readonly perplexity: number
  readonly iterations: number
  /** calls between two yields */
  readonly every: number
}

const exaggeration = 12
const theta = 0.6

/**
 * t-SNE (van der Maaten & Hinton 2008; Barnes–Hut form of 2014) over a neighbour graph: early exaggeration for a quarter of the
 * iterations, then momentum 0.8; step n / 12, at least 50. Draws nothing at random. Yields the positions (n × 2, reused).
 */
export function* tsne(graph: Neighbours, { start, perplexity, iterations, every }: TsneOptions): Generator<Float64Array, Float64Array> {
  const n = start.length / 2
  const positions = Float64Array.from(start)
  const edges = symmetric(graph, affinities(graph, perplexity))
  const tree = createRepulsion(n)
  const gradients = new Float64Array(2 * n)
  const velocity = new Float64Array(2 * n)
  const gains = new Float64Array(2 * n).fill(1)
  const rate = Math.max(n / exaggeration, 50)
  const exaggerated = Math.floor(iterations / 4)

  for (let iteration = 0; iteration < iterations; iteration++) {
    const pull = iteration < exaggerated ? exaggeration : 1
    const momentum = iteration < exaggerated ? 0.5 : 0.8
    const total = tree.forces(positions, theta, gradients)
    for (let i = 0; i < n; i++) {
      const x = positions[2 * i]
      const y = positions[2 * i + 1]
      let gx = -gradients[2 * i] / total
      let gy = -gradients[2 * i + 1] / total
      for (let e = edges.starts[i]; e < edges.starts[i + 1]; e++) {
        const j = edges.targets[e]
        const dx = x - positions[2 * j]
        const dy = y - positions[2 * j + 1]
        const weight = (pull * edges.weights[e]) / (1 + dx * dx + dy * dy)
        gx += weight * dx
        gy += weight * dy
      }
      // Positions change after the sweep: every gradient is of the same state.
      gradients[2 * i] = 4 * gx
      gradients[2 * i + 1] = 4 * gy
    }
    for (let t = 0; t < 2 * n; t++) {
      const gradient = gradients[t]
      gains[t] = gradient * velocity[t] < 0 ? gains[t] + 0.2 : Math.max(0.01, gains[t] * 0.8)
      velocity[t] = momentum * velocity[t] - rate * gains[t] * gradient
      positions[t] += velocity[t]
    }
    if ((iteration + 1) % every === 0) yield positions
  }
  return positions
}

/** n × k conditional probabilities of each row's neighbours; each row's entropy is ln(perplexity). */
function affinities({ k, distances }: Neighbours, perplexity: number): Float64Array {
  const n = distances.length / k
  const target = Math.log(Math.min(perplexity, k))
  const out = new Float64Array(n * k)
  for (let i = 0; i < n; i++) {
    const row = i * k
    const nearest = distances[row] ** 2
    let precision = 1
    let low = 0
    let high = Infinity
    for (let attempt = 0; attempt < 64; attempt++) {
      let sum = 0
      let weighted = 0
      for (let t = row; t < row + k; t++) {
        const squared = distances[t] ** 2 - nearest
        out[t] = Math.exp(-precision * squared)
        sum += out[t]
        weighted += out[t] * squared
      }
      const entropy = Math.log(sum) + (precision * weighted) / sum
      for (let t = row; t < row + k; t++) out[t] /= sum
      if (Math.abs(entropy - target) < 1e-5) break
      if (entropy > target) low = precision
      else high = precision
      precision = high === Infinity ? precision * 2 : (low + high) / 2
    }
  }
  return out
}

interface Edges {
  /** n + 1: where the edges of each row begin */
  readonly starts: Int32Array
  readonly targets: Int32Array
  readonly weights: Float64Array
}

/** (p(j|i) + p(i|j)) / 2n as rows of edges. */
function symmetric({ k, rows }: Neighbours, conditional: Float64Array): Edges {
  const n = rows.length / k
  const shares = Array.from({ length: n }, () => new Map<number, number>())
  for (let e = 0; e < rows.length; e++) {
    const i = Math.floor(e / k)
    const j = rows[e]
    const half = conditional[e] / (2 * n)
    shares[i].set(j, (shares[i].get(j) ?? 0) + half)
    shares[j].set(i, (shares[j].get(i) ?? 0) + half)
  }
  const starts = new Int32Array(n + 1)
  shares.forEach(({ size }, i) => (starts[i + 1] = starts[i] + size))
  const targets = new Int32Array(starts[n])
  const weights = new Float64Array(starts[n])
  shares.forEach((own, i) => {
    let e = starts[i]
    for (const [j, weight] of own) {
      targets[e] = j
      weights[e++] = weight
    }
  })
  return { starts, targets, weights }
}
