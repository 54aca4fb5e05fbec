/** One line of `bench`: median, least and greatest milliseconds of `runs` repetitions. */
export interface BenchResult {
  readonly name: string
  readonly ms: number
  readonly min_ms: number
  readonly max_ms: number
  readonly runs: number
  /** what was worked on, e.g. `10,000 × 512, 10 classes, k 100` */
  readonly size: string
  readonly [extra: string]: string | number
}

/** Summary of repeated timings; `extra` may name further numbers. */
export function benchResult(
  name: string,
  size: string,
  times: readonly number[],
  extra: Readonly<Record<string, string | number>> = {},
): BenchResult {
  const sorted = [...times].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  return { name, ms: median, min_ms: sorted[0], max_ms: sorted[sorted.length - 1], runs: sorted.length, size, ...extra }
}
