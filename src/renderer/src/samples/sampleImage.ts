import { useLocalStorage } from '@vueuse/core'
import type { SampleSet } from '@contract/types'

/** Whether pictures with one channel are shown dark on light, as ink on paper; otherwise as they are stored, 0 black. */
export const useInk = () => useLocalStorage('querent:dark-on-light', false)

export const isPicture = ({ kind, shape }: Pick<SampleSet, 'kind' | 'shape'>): boolean => kind === 'image' && shape.length === 3

export const valuesAt = ({ shape, values }: Pick<SampleSet, 'shape' | 'values'>, at: number): SampleSet['values'] => {
  const size = shape.reduce((a, b) => a * b, 1)
  return values.subarray(at * size, (at + 1) * size)
}

/** The lowest and the highest number; NaN is passed over. */
export function extent(values: ArrayLike<number>): readonly [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i]
    if (values[i] > high) high = values[i]
  }
  return low <= high ? [low, high] : [0, 0]
}

/** The pixels of a picture; without a known range from its darkest to its lightest value. */
export function sampleImage(set: SampleSet, at: number, ink: boolean): ImageData {
  const [channels, height, width] = set.shape
  const values = valuesAt(set, at)
  const image = new ImageData(width, height)
  const [low, high] = set.valueRange === null ? extent(values) : [0, set.valueRange]
  const scale = high > low ? 255 / (high - low) : 0
  const pixels = width * height
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let c = 0; c < 3; c++) {
      const value = (values[(channels >= 3 ? c * pixels : 0) + pixel] - low) * scale
      image.data[4 * pixel + c] = channels < 3 && ink ? 255 - value : value
    }
    image.data[4 * pixel + 3] = 255
  }
  return image
}
