import type { FloatArray } from '../core/matrix'
import type { Random } from '../core/random'
import type { Augment } from './augment'

/** Deviation of the noise, in units of scaled inputs. */
const noise = 0.1
/** Least share of an image's area that a view shows. */
const leastArea = 0.3
/** Share of a vector's values, or of a series' steps, that a view hides. */
const hidden = 0.25

/**
 * Random views of a batch's samples for contrastive training (Chen et al. 2020): images are cropped to 30 … 100 % of their area, resized
 * and flipped; vectors lose a quarter of their values, series a stretch of a quarter; all get noise. Acts on scaled values in place.
 */
export function randomViews(inputShape: readonly number[]): Augment {
  const change =
    inputShape.length === 3 ? cropAndFlip(inputShape) : inputShape.length === 2 ? hideStretch(inputShape) : hideValues(inputShape)
  const spread = noise * Math.sqrt(12)
  const size = inputShape.reduce((a, b) => a * b, 1)
  return (batch, count, random) => {
    for (let sample = 0; sample < count; sample++) {
      change(batch, sample * size, random)
      for (let i = sample * size; i < (sample + 1) * size; i++) batch[i] += spread * (random.next() - 0.5)
    }
  }
}

/** Changes the sample that starts at `at`. */
type Change = (batch: FloatArray, at: number, random: Random) => void

function cropAndFlip([channels, height, width]: readonly number[]): Change {
  const original = new Float64Array(channels * height * width)
  return (batch, at, random) => {
    for (let i = 0; i < original.length; i++) original[i] = batch[at + i]
    const side = Math.sqrt(leastArea + (1 - leastArea) * random.next())
    const top = random.next() * (1 - side) * (height - 1)
    const left = random.next() * (1 - side) * (width - 1)
    const flip = random.int(2) === 1
    for (let row = 0; row < height; row++) {
      const y = top + side * row
      const [y0, y1] = [Math.floor(y), Math.min(height - 1, Math.floor(y) + 1)]
      for (let col = 0; col < width; col++) {
        const x = left + side * (flip ? width - 1 - col : col)
        const [x0, x1] = [Math.floor(x), Math.min(width - 1, Math.floor(x) + 1)]
        const [dy, dx] = [y - y0, x - x0]
        for (let c = 0; c < channels; c++) {
          const plane = c * height * width
          const line = (from: number): number => (1 - dx) * original[plane + from * width + x0] + dx * original[plane + from * width + x1]
          batch[at + plane + row * width + col] = (1 - dy) * line(y0) + dy * line(y1)
        }
      }
    }
  }
}

function hideStretch([channels, length]: readonly number[]): Change {
  const steps = Math.ceil(hidden * length)
  return (batch, at, random) => {
    const from = random.int(length - steps + 1)
    for (let c = 0; c < channels; c++) batch.fill(0, at + c * length + from, at + c * length + from + steps)
  }
}

function hideValues([size]: readonly number[]): Change {
  return (batch, at, random) => {
    for (let i = at; i < at + size; i++) if (random.next() < hidden) batch[i] = 0
  }
}
