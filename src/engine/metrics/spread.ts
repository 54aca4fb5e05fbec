import type { SelectionKernels } from '../core/distances'
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

/** Inner products and squared distances of n points, n × n each. */
export interface Pairs {
  readonly size: number
  readonly dots: Float64Array
  readonly squared: Float64Array
}

/** `known`: the pairs of the first points, if they were asked before. */
export function pairsOf(points: Matrix<FloatArray>, kernels: SelectionKernels, known?: Pairs): Pairs {
  const n = points.rows
  const from = known?.size ?? 0
  const dots = new Float64Array(n * n)
  const squared = new Float64Array(n * n)
  const products = kernels.open(points)
  const before = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = 0; known && i < from; i++) {
    dots.set(known.dots.subarray(i * from, (i + 1) * from), i * n)
    squared.set(known.squared.subarray(i * from, (i + 1) * from), i * n)
  }
  for (let i = from; i < n; i++) {
    const out = dots.subarray(i * n, i * n + i + 1)
    products(i, before, i + 1, out)
    for (let j = 0; j < i; j++) dots[j * n + i] = out[j]
  }
  const rounding = (points.cols + 8) * 2 ** -52
  for (let i = from; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const sum = dots[i * n + i] + dots[j * n + j]
      const distance = sum - 2 * dots[i * n + j]
      if (distance > sum * rounding) squared[i * n + j] = squared[j * n + i] = distance
    }
  }
  return { size: n, dots, squared }
}

export interface SpreadOptions {
  /** positions of the points to be covered */
  readonly cover: Int32Array
  readonly delta: number | null
  /** class of every point */
  readonly labels: Int32Array
  readonly classes: number
}

/** All measures of the batch at `members`, in pick order; what a measure needs more rows for is null. */
export function spreadOf({ size: n, dots, squared }: Pairs, members: Int32Array, { cover, delta, labels, classes }: SpreadOptions): Spread {
  const b = members.length
  const gram = new Float64Array(b * b)
  const cosines = new Float64Array(b * b)
  const nearest = new Float64Array(b).fill(Infinity)
  const squaredSums = new Float64Array(b)
  let distances = 0
  let squares = 0
  let similarity = 0
  for (let i = 0; i < b; i++) {
    const row = members[i] * n
    const own = dots[row + members[i]]
    gram[i * b + i] = own
    cosines[i * b + i] = 1 / b
    let closest = -1
    for (let j = 0; j < i; j++) {
      const at = row + members[j]
      const distance = Math.sqrt(squared[at])
      distances += distance
      squares += squared[at]
      squaredSums[i] += squared[at]
      squaredSums[j] += squared[at]
      nearest[i] = Math.min(nearest[i], distance)
      nearest[j] = Math.min(nearest[j], distance)
      const length = Math.sqrt(own * gram[j * b + j])
      const cosine = length > 0 ? dots[at] / length : 0
      closest = Math.max(closest, cosine)
      gram[i * b + j] = gram[j * b + i] = dots[at]
      cosines[i * b + j] = cosines[j * b + i] = cosine / b
    }
    if (i > 0) similarity += closest
  }
  const isPair = b > 1
  const square = (data: Float64Array): Matrix<Float64Array> => ({ data, rows: b, cols: b })
  return {
    mean_pairwise_distance: isPair ? distances / ((b * (b - 1)) / 2) : null,
    // ‖xᵢ − mean‖² = Σⱼ dᵢⱼ² / b − Σ_{i<j} dᵢⱼ² / b²
    centroid_distance: b > 0 ? squaredSums.reduce((sum, own) => sum + Math.sqrt(Math.max(0, own / b - squares / b ** 2)), 0) / b : null,
    min_nearest_neighbour: isPair ? nearest.reduce((a, c) => Math.min(a, c)) : null,
    mean_nearest_neighbour: isPair ? nearest.reduce((a, c) => a + c) / b : null,
    log_det: b > 0 ? logDetOfGram(square(gram)) : null,
    vendi: b > 0 ? vendiOfGram(square(cosines), b) : null,
    redundancy: isPair ? similarity / (b - 1) : null,
    ...coverage({ size: n, dots, squared }, members, cover, delta),
    class_entropy: classEntropy(
      members.map((member) => labels[member]),
      classes,
    ),
  }
}

function coverage(
  { size: n, squared }: Pairs,
  members: Int32Array,
  cover: Int32Array,
  delta: number | null,
): Pick<Spread, 'coverage_radius' | 'coverage_at_delta'> {
  if (members.length === 0 || cover.length === 0) return { coverage_radius: null, coverage_at_delta: null }
  let radius = 0
  let covered = 0
  for (const point of cover) {
    let nearest = Infinity
    for (const member of members) nearest = Math.min(nearest, squared[point * n + member])
    const distance = Math.sqrt(nearest)
    radius = Math.max(radius, distance)
    if (delta !== null && distance <= delta) covered++
  }
  return { coverage_radius: radius, coverage_at_delta: delta === null ? null : covered / cover.length }
}

/** Mean distance of each of the first n points to the nearest other one; null below two. */
export function meanNearestOf({ size, squared }: Pairs, n: number): number | null {
  if (n < 2) return null
  let sum = 0
  for (let i = 0; i < n; i++) {
    let nearest = Infinity
    for (let j = 0; j < n; j++) if (j !== i) nearest = Math.min(nearest, squared[i * size + j])
    sum += Math.sqrt(nearest)
  }
  return sum / n
}

/** Mean and standard deviation (n − 1) of every measure over batches; null where a batch lacks it. */
export function spreadMoments(draws: readonly Spread[]): Readonly<Record<keyof Spread, { mean: number; sd: number } | null>> {
  const moments = (name: keyof Spread): { mean: number; sd: number } | null => {
    const values = draws.flatMap((draw) => draw[name] ?? [])
    if (values.length < Math.max(2, draws.length)) return null
    const mean = values.reduce((a, b) => a + b) / values.length
    return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) }
  }
  return Object.fromEntries(spreadNames.map((name) => [name, moments(name)])) as ReturnType<typeof spreadMoments>
}
