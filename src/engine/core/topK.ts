import { badInput } from './errors'

/**
 * Positions of the k largest scores, best first; of equal scores the lower position (A§2.4).
 * All positions when k exceeds their number; NaN is refused.
 */
export function topK(scores: ArrayLike<number>, k: number): Int32Array {
  const n = scores.length
  const count = Math.min(k, n)
  const sorted = Float64Array.from(scores).sort()
  // NaN sorts last, where the largest values are.
  if (n > 0 && Number.isNaN(sorted[n - 1])) {
    const row = Array.prototype.findIndex.call(scores, Number.isNaN)
    throw badInput(`score ${row} is not a number`, { path: `score ${row}`, found: 'NaN', expected: 'a number' })
  }
  if (count === 0) return new Int32Array(0)
  const threshold = sorted[n - count]
  const picks = new Int32Array(count)
  let above = 0
  for (let i = 0; i < n; i++) if (scores[i] > threshold) picks[above++] = i
  for (let i = 0; i < n && above < count; i++) if (scores[i] === threshold) picks[above++] = i
  return picks.sort((i, j) => (scores[i] > scores[j] ? -1 : scores[i] < scores[j] ? 1 : i - j))
}
