import { badInput } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import type { Random } from '../core/random'

/** Changes the first `count` samples of a batch in place. */
export type Augment = (batch: FloatArray, count: number, random: Random) => void

/**
 * Random horizontal flip, then a crop of the original size from the image padded with zeros by 4 pixels (an eighth of the height
 * where that is less). Acts on scaled values.
 */
export function flipCrop(inputShape: readonly number[]): Augment {
  if (inputShape.length !== 3)
    throw badInput('flip-crop augmentation needs images', { path: 'training.augment', found: `samples of shape ${inputShape.join(' × ')}` })
  const [channels, height, width] = inputShape
  const margin = Math.min(4, Math.ceil(height / 8))
  const original = new Float64Array(channels * height * width)
  return (batch, count, random) => {
    for (let sample = 0; sample < count; sample++) {
      const start = sample * original.length
      for (let i = 0; i < original.length; i++) original[i] = batch[start + i]
      const flip = random.int(2) === 1
      const down = random.int(2 * margin + 1) - margin
      const right = random.int(2 * margin + 1) - margin
      for (let to = 0; to < original.length; to++) {
        const x = (to % width) + right
        const line = Math.floor(to / width)
        const y = (line % height) + down
        const inside = x >= 0 && x < width && y >= 0 && y < height
        batch[start + to] = inside ? original[(line + down) * width + (flip ? width - 1 - x : x)] : 0
      }
    }
  }
}
