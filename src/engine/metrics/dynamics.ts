import type { SelectionKernels } from '../core/distances'
import { squaredDistance, squaredNorms } from '../core/linear'
import { stacked, type Matrix } from '../core/matrix'

/** Running mean distance over all pairs of rows seen so far; an addition costs its new pairs only. Keeps the matrices, not copies. */
export interface PairwiseDistance {
  add(rows: Matrix): void
  /** Mean Euclidean distance over pairs; null below two rows. */
  mean(): number | null
}

/**
 * With `kernels`, distances come from products of the rows: several times as fast, and for rows of mean 0 as good as exact. Without,
 * they come from differences, which stay exact however far the rows are from the origin.
 */
export function createPairwiseDistance(cols: number, kernels?: SelectionKernels): PairwiseDistance {
  const seen: Matrix[] = []
  let count = 0
  let sum = 0
  return {
    add(rows) {
      if (rows.cols !== cols) throw new RangeError(`rows of ${cols} values are needed, got ${rows.cols}`)
      for (const other of [undefined, ...seen]) sum += kernels ? sumByProducts(kernels, rows, other) : sumByDifferences(rows, other)
      seen.push(rows)
      count += rows.rows
    },
    mean: () => (count < 2 ? null : sum / ((count * (count - 1)) / 2)),
  }
}

/** Sum of the distances between rows of a and rows of b, or over the pairs of rows of a. */
function sumByDifferences(a: Matrix, b?: Matrix): number {
  const { cols } = a
  const other = b ?? a
  let sum = 0
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < (b?.rows ?? i); j++) sum += Math.sqrt(squaredDistance(a.data, i * cols, other.data, j * cols, cols))
  return sum
}

function sumByProducts(kernels: SelectionKernels, a: Matrix, b?: Matrix): number {
  const { cols } = a
  const joint = b ? stacked(b, a) : a
  const products = kernels.open(joint)
  const norms = squaredNorms(joint)
  const partners = Int32Array.from({ length: b?.rows ?? a.rows }, (_, j) => j)
  const out = new Float64Array(partners.length)
  const rounding = (cols + 8) * 2 ** -52
  let sum = 0
  for (let i = b?.rows ?? 0; i < joint.rows; i++) {
    const count = b?.rows ?? i
    products(i, partners, count, out)
    for (let j = 0; j < count; j++) {
      const both = norms[i] + norms[j]
      const squared = both - 2 * out[j]
      if (squared > both * rounding) sum += Math.sqrt(squared)
    }
  }
  return sum
}

/** Mean Euclidean distance over all pairs of rows (A§14); null below two rows. */
export function meanPairwiseDistance(features: Matrix, kernels?: SelectionKernels): number | null {
  const pairs = createPairwiseDistance(features.cols, kernels)
  pairs.add(features)
  return pairs.mean()
}

/** Entropy of the class frequencies over ln C, in [0, 1] (A§14); null without labels or with fewer than two classes. */
export function classEntropy(labels: ArrayLike<number>, classes: number): number | null {
  if (labels.length === 0 || classes < 2) return null
  const counts = new Float64Array(classes)
  for (let i = 0; i < labels.length; i++) counts[labels[i]]++
  let sum = 0
  for (const count of counts) if (count > 0) sum -= (count / labels.length) * Math.log(count / labels.length)
  return sum / Math.log(classes)
}

/** |A ∩ B| / |A ∪ B| of two sets of rows; 1 when both are empty. */
export function jaccard(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const first = new Set(Array.from(a))
  const second = new Set(Array.from(b))
  let shared = 0
  for (const row of first) if (second.has(row)) shared++
  const union = first.size + second.size - shared
  return union === 0 ? 1 : shared / union
}

/** Ranks from 1, equal values sharing the mean of their ranks. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = Int32Array.from({ length: values.length }, (_, i) => i).sort((i, j) => values[i] - values[j])
  const ranks = new Float64Array(values.length)
  for (let start = 0; start < order.length;) {
    let end = start + 1
    while (end < order.length && values[order[end]] === values[order[start]]) end++
    for (let t = start; t < end; t++) ranks[order[t]] = (start + 1 + end) / 2
    start = end
  }
  return ranks
}

/** Spearman's rank correlation with mid-ranks; null below two values or when one side is constant. */
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number | null {
  if (a.length !== b.length) throw new RangeError(`rank correlation of ${a.length} and ${b.length} values`)
  const x = midRanks(a)
  const y = midRanks(b)
  const mean = (a.length + 1) / 2
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < x.length; i++) {
    xy += (x[i] - mean) * (y[i] - mean)
    xx += (x[i] - mean) ** 2
    yy += (y[i] - mean) ** 2
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy)
}
