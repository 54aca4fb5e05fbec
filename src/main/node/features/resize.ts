/** How a pixel between pixels is made: weights fall linearly, or follow a cubic (a = −0.5), over a width that grows when an image shrinks. */
export type ResizeFilter = 'bilinear' | 'bicubic'

interface Kernel {
  /** half width in source pixels */
  readonly support: number
  weight(distance: number): number
}

const kernels: Readonly<Record<ResizeFilter, Kernel>> = {
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance)
      if (x >= 2) return 0
      return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2
    },
  },
}

interface Tap {
  readonly first: number
  readonly weights: Float64Array
}

/** Source pixels that each of `to` pixels is made of, with weights that sum to 1; pixel centres lie at ½, 1½, …. */
function tapsOf(from: number, to: number, { support, weight }: Kernel): Tap[] {
  const scale = from / to
  const stretch = Math.max(1, scale)
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale
    const first = Math.max(0, Math.floor(centre - support * stretch + 0.5))
    const end = Math.min(from, Math.floor(centre + support * stretch + 0.5))
    const weights = Float64Array.from({ length: end - first }, (_, k) => weight((first + k + 0.5 - centre) / stretch))
    const sum = weights.reduce((a, b) => a + b, 0)
    return { first, weights: weights.map((value) => value / sum) }
  })
}

/** Resizes planes of height × width pixels, one after the other, to another size, with antialiasing as Pillow and torch do it. */
export function createResizer(
  from: readonly [height: number, width: number],
  to: readonly [height: number, width: number],
  filter: ResizeFilter,
): (planes: Float32Array, out: Float32Array) => void {
  const [height, width] = from
  const [newHeight, newWidth] = to
  if (height === newHeight && width === newWidth) return (planes, out) => out.set(planes)
  const across = tapsOf(width, newWidth, kernels[filter])
  const down = tapsOf(height, newHeight, kernels[filter])
  const rows = new Float64Array(height * newWidth)
  return (planes, out) => {
    for (let plane = 0; plane * height * width < planes.length; plane++) {
      const source = plane * height * width
      for (let y = 0; y < height; y++)
        for (let x = 0; x < newWidth; x++) {
          const { first, weights } = across[x]
          let sum = 0
          for (let k = 0; k < weights.length; k++) sum += weights[k] * planes[source + y * width + first + k]
          rows[y * newWidth + x] = sum
        }
      const target = plane * newHeight * newWidth
      for (let y = 0; y < newHeight; y++) {
        const { first, weights } = down[y]
        for (let x = 0; x < newWidth; x++) {
          let sum = 0
          for (let k = 0; k < weights.length; k++) sum += weights[k] * rows[(first + k) * newWidth + x]
          out[target + y * newWidth + x] = sum
        }
      }
    }
  }
}
