import type { DatasetKind } from '@engine/data/dataset'

type Values = Uint8Array | Float32Array | Float64Array

/** The shape that a sample takes when it may have `within` pixels a side, steps, or values. */
export function shapeWithin(kind: DatasetKind, shape: readonly number[], within: number): readonly number[] {
  if (kind === 'image' && shape.length === 3) {
    const [channels, height, width] = shape
    const factor = Math.ceil(Math.max(height, width) / within)
    return factor <= 1 ? shape : [channels, Math.max(1, Math.floor(height / factor)), Math.max(1, Math.floor(width / factor))]
  }
  const last = shape[shape.length - 1]
  return last <= within ? shape : [...shape.slice(0, -1), within]
}

/** Writes a sample in its smaller shape: images as means of blocks, series as the lowest and highest of their stretches, rows cut. */
export function shrinkSample(
  kind: DatasetKind,
  sample: Values,
  from: readonly number[],
  to: readonly number[],
  out: { [index: number]: number },
  at: number,
): void {
  if (kind === 'image' && from.length === 3) return shrinkImage(sample, from, to, out, at)
  const [steps, kept] = [from[from.length - 1], to[to.length - 1]]
  for (let channel = 0; channel * steps < sample.length; channel++) {
    const line = sample.subarray(channel * steps, (channel + 1) * steps)
    if (kind === 'series') thinLine(line, kept, out, at + channel * kept)
    else for (let j = 0; j < kept; j++) out[at + channel * kept + j] = line[j]
  }
}

function shrinkImage(
  sample: Values,
  [channels, height, width]: readonly number[],
  [, tall, wide]: readonly number[],
  out: { [index: number]: number },
  at: number,
): void {
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < tall; y++)
      for (let x = 0; x < wide; x++) {
        const [top, bottom] = [Math.floor((y * height) / tall), Math.floor(((y + 1) * height) / tall)]
        const [left, right] = [Math.floor((x * width) / wide), Math.floor(((x + 1) * width) / wide)]
        let sum = 0
        for (let v = top; v < bottom; v++) for (let u = left; u < right; u++) sum += sample[(c * height + v) * width + u]
        out[at + (c * tall + y) * wide + x] = sum / ((bottom - top) * (right - left))
      }
}

/** Two values of each stretch, in the order in which they come, so that peaks stay. */
function thinLine(line: Values, kept: number, out: { [index: number]: number }, at: number): void {
  const pairs = kept >> 1
  for (let pair = 0; pair < pairs; pair++) {
    const [start, end] = [Math.floor((pair * line.length) / pairs), Math.floor(((pair + 1) * line.length) / pairs)]
    let [low, high] = [start, start]
    for (let i = start + 1; i < end; i++) {
      if (line[i] < line[low]) low = i
      if (line[i] > line[high]) high = i
    }
    out[at + 2 * pair] = line[Math.min(low, high)]
    out[at + 2 * pair + 1] = line[Math.max(low, high)]
  }
  if (kept % 2 === 1) out[at + kept - 1] = line[line.length - 1]
}
