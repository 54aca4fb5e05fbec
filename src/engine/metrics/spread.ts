import type { SelectionKernels } from '../core/distances'
import { squaredNorms } from '../core/linear'
import type { FloatArray, Matrix } from '../core/matrix'

import { logDetOfGram, vendiOfGram } from './diversity'
import { classEntropy } from './dynamics'

/** The measures of A§14 by the names they have in diagnostics.csv. */
export const spreadNames = [
  'mean_pairwise_distance',
  'centroid_distance',
  'min_nearest_neighbour',
  'mean_nearest_neighbour',
  'log_det',
  'vendi',
  'redundancy',
  'coverage_radius',
  'coverage_at_delta',
  'class_entropy',
] as const
export type Spread = Readonly<Record<(typeof spreadNames)[number], number | null>>

/** Inner products and distances of n points, n × n each. */
export interface Pairs {
  readonly size: number
  readonly dots: Float64Array
  readonly distances: Float64Array
}

/** `first`: only pairs with one of so many points at the front are asked for; others, and the products of points with themselves, are 0. */
export function pairsOf(points: Matrix<FloatArray>, kernels: SelectionKernels, first = points.rows): Pairs {
  const n = points.rows
  const dots = new Float64Array(n * n)
  const distances = new Float64Array(n * n)
  const products = kernels.open(points)
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const norms = squaredNorms(points)
  const rounding = (points.cols + 8) * 2 ** -52
  for (let i = 0; i < first; i++) {
    const out = dots.subarray(i * n + i, (i + 1) * n)
    products(i, all.subarray(i), n - i, out)
    for (let j = i + 1; j < n; j++) {
      dots[j * n + i] = out[j - i]
      const sum = norms[i] + norms[j]
      const squared = sum - 2 * out[j - i]
      if (squared > sum * rounding) distances[i * n + j] = distances[j * n + i] = Math.sqrt(squared)
    }
  }
  return { size: n, dots, distances }
}

export interface SpreadOptions {
  /** positions of the points to be covered */
  readonly cover: Int32Array
  readonly delta: number | null
  /** class of every point */
  readonly labels: Int32Array
  readonly classes: number
}

/** The measures that take b³ operations for a batch of b. */
export type Volume = Pick<Spread, 'log_det' | 'vendi'>
export type Coverage = Pick<Spread, 'coverage_radius' | 'coverage_at_delta'>
export type Layout = Omit<Spread, keyof Volume | keyof Coverage>

/** All measures of the batch at `members`, in pick order; what a measure needs more rows for is null. */
export const spreadOf = (pairs: Pairs, members: Int32Array, options: SpreadOptions): Spread => ({
  ...layoutOf(pairs, members, options),
  ...coverageOf(pairs, members, options),
  ...volumeOf(pairs, members),
})

/** Log-determinant and Vendi score of the batch at `members`. */
export function volumeOf({ size: n, dots }: Pairs, members: Int32Array): Volume {
  const b = members.length
  if (b === 0) return { log_det: null, vendi: null }
  const gram = new Float64Array(b * b)
  const cosines = new Float64Array(b * b)
  for (let i = 0; i < b; i++) {
    gram[i * b + i] = dots[members[i] * n + members[i]]
    cosines[i * b + i] = 1 / b
    for (let j = 0; j < i; j++) {
      const product = dots[members[i] * n + members[j]]
      const length = Math.sqrt(gram[i * b + i] * gram[j * b + j])
      gram[i * b + j] = gram[j * b + i] = product
      cosines[i * b + j] = cosines[j * b + i] = length > 0 ? product / length / b : 0
    }
  }
  const square = (data: Float64Array): Matrix<Float64Array> => ({ data, rows: b, cols: b })
  return { log_det: logDetOfGram(square(gram)), vendi: vendiOfGram(square(cosines), b) }
}

/** How the batch at `members` lies by itself. */
export function layoutOf({ size: n, dots, distances }: Pairs, members: Int32Array, { labels, classes }: SpreadOptions): Layout {
  const b = members.length
  const nearest = new Float64Array(b).fill(Infinity)
  const squaredSums = new Float64Array(b)
  const scales = Float64Array.from(members, (member) => (dots[member * n + member] > 0 ? 1 / Math.sqrt(dots[member * n + member]) : 0))
  let [sum, squares, similarity] = [0, 0, 0]
  for (let i = 0; i < b; i++) {
    const row = members[i] * n
    let [closest, most, own] = [Infinity, -1, 0]
    for (let j = 0; j < i; j++) {
      const distance = distances[row + members[j]]
      const squared = distance * distance
      sum += distance
      own += squared
      squaredSums[j] += squared
      if (distance < closest) closest = distance
      if (distance < nearest[j]) nearest[j] = distance
      const cosine = dots[row + members[j]] * scales[i] * scales[j]
      if (cosine > most) most = cosine
    }
    nearest[i] = closest
    squaredSums[i] = own
    squares += own
    if (i > 0) similarity += most
  }
  const isPair = b > 1
  return {
    mean_pairwise_distance: isPair ? sum / ((b * (b - 1)) / 2) : null,
    // ‖xᵢ − mean‖² = Σⱼ dᵢⱼ² / b − Σ_{i<j} dᵢⱼ² / b²
    centroid_distance: b > 0 ? squaredSums.reduce((all, own) => all + Math.sqrt(Math.max(0, own / b - squares / b ** 2)), 0) / b : null,
    min_nearest_neighbour: isPair ? nearest.reduce((a, c) => Math.min(a, c)) : null,
    mean_nearest_neighbour: isPair ? nearest.reduce((a, c) => a + c) / b : null,
    redundancy: isPair ? similarity / (b - 1) : null,
    class_entropy: classEntropy(
      members.map((member) => labels[member]),
      classes,
    ),
  }
}

/** How the batch at `members` covers points. */
export function coverageOf({ size: n, distances }: Pairs, members: Int32Array, { cover, delta }: SpreadOptions): Coverage {
  if (members.length === 0 || cover.length === 0) return { coverage_radius: null, coverage_at_delta: null }
  const nearest = new Float64Array(cover.length).fill(Infinity)
  for (const member of members) {
    const row = member * n
    for (let i = 0; i < cover.length; i++) {
      const distance = distances[row + cover[i]]
      if (distance < nearest[i]) nearest[i] = distance
    }
  }
  let [radius, covered] = [0, 0]
  for (const distance of nearest) {
    if (distance > radius) radius = distance
    if (delta !== null && distance <= delta) covered++
  }
  return { coverage_radius: radius, coverage_at_delta: delta === null ? null : covered / cover.length }
}

/** Mean distance of each of some points to the nearest other one of them; null below two. */
export function meanNearestOf({ size, distances }: Pairs, points: Int32Array): number | null {
  if (points.length < 2) return null
  let sum = 0
  for (const i of points) {
    let nearest = Infinity
    for (const j of points) if (j !== i) nearest = Math.min(nearest, distances[i * size + j])
    sum += nearest
  }
  return sum / points.length
}

export interface Moments {
  readonly mean: number
  readonly sd: number
}

/** Mean and standard deviation (n − 1) of every measure over batches; null where a batch lacks it. */
export function spreadMoments<K extends keyof Spread>(
  draws: readonly Readonly<Record<K, number | null>>[],
): Readonly<Record<K, Moments | null>> {
  const moments = (name: K): Moments | null => {
    const values = draws.flatMap((draw) => draw[name] ?? [])
    if (values.length < Math.max(2, draws.length)) return null
    const mean = values.reduce((a, b) => a + b) / values.length
    return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) }
  }
  return Object.fromEntries((Object.keys(draws[0]) as K[]).map((name) => [name, moments(name)])) as Readonly<Record<K, Moments | null>>
}
