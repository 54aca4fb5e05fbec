/** A linear axis: range, ticks, and pixels. */
export interface Scale {
  readonly min: number
  readonly max: number
  readonly ticks: readonly number[]
}

/** Step of 1, 2 or 5 × 10^k that cuts a span into at most `count` parts. */
export function niceStep(span: number, count: number): number {
  const rough = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10
  return step * power
}

/** Axis over the data, rounded outwards to half a step, never beyond `bounds`; ticks at whole steps. */
export function niceScale(values: readonly number[], count: number, bounds: readonly [number, number] = [-Infinity, Infinity]): Scale {
  let low = Math.min(...values)
  let high = Math.max(...values)
  if (!(high >= low)) [low, high] = [0, 1]
  if (high - low < 1e-9 * Math.max(1, Math.abs(high))) [low, high] = [low - 0.5, high + 0.5]
  const step = niceStep(high - low, count)
  const min = Math.max(bounds[0], Math.floor((2 * low) / step) * (step / 2))
  const max = Math.min(bounds[1], Math.ceil((2 * high) / step) * (step / 2))
  const first = Math.ceil(min / step - 1e-9)
  const last = Math.floor(max / step + 1e-9)
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => rounded((first + i) * step))
  return { min: rounded(min), max: rounded(max), ticks }
}

/** Without the noise of multiplying a decimal step. */
const rounded = (value: number): number => Number(value.toPrecision(12))

/** The stops whose labels fit side by side, first one kept. */
export function fittingTicks(stops: readonly number[], pixelOf: (value: number) => number, gap: number): number[] {
  const kept: number[] = []
  for (const stop of stops) if (kept.length === 0 || pixelOf(stop) - pixelOf(kept[kept.length - 1]) >= gap) kept.push(stop)
  return kept
}

/**
 * Moves labels apart to at least `gap`, as little as possible and within [low, high], keeping their order: labels that touch form a
 * block centred on the mean of its wishes.
 */
export function spread(wishes: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wishes.map((_, index) => index).sort((a, b) => wishes[a] - wishes[b] || a - b)
  const room = order.length > 1 ? Math.min(gap, (high - low) / (order.length - 1)) : gap
  const blocks: { start: number; size: number; sum: number }[] = []
  const startOf = (sum: number, size: number): number =>
    Math.min(Math.max(sum / size - (room * (size - 1)) / 2, low), high - room * (size - 1))
  for (const index of order) {
    let block = { start: startOf(wishes[index], 1), size: 1, sum: wishes[index] }
    for (let above = blocks.at(-1); above && above.start + room * above.size > block.start; above = blocks.at(-1)) {
      blocks.pop()
      const size = above.size + block.size
      const sum = above.sum + block.sum
      block = { start: startOf(sum, size), size, sum }
    }
    blocks.push(block)
  }
  const places = new Array<number>(wishes.length)
  let next = 0
  for (const { start, size } of blocks) for (let i = 0; i < size; i++) places[order[next++]] = start + room * i
  return places
}

/** A number as an axis shows it: shortest decimals, true minus. */
export const axisText = (value: number): string => String(rounded(value)).replace('-', '−')
