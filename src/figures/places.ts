/** Places of rows on a map, in a square from −1 to 1. */
export interface Places {
  /** row of each place */
  readonly rows: Int32Array
  /** two coordinates per place */
  readonly positions: Float32Array
  /** place of each row of the training array; −1 where it has none yet */
  readonly placeOf: Int32Array
  /** both axes have one unit */
  readonly keepsAspect: boolean
}

/**
 * Fits a frame (n × 2) into the square. A map whose axes have one unit (PCA) keeps its aspect; of others each axis is stretched, for
 * distances on them mean nothing.
 */
export function fitPlaces(rows: Int32Array, positions: Float32Array, count: number, keepsAspect: boolean): Places {
  const bounds = [0, 1].map((axis) => {
    let [low, high] = [Infinity, -Infinity]
    for (let t = axis; t < positions.length; t += 2) {
      low = Math.min(low, positions[t])
      high = Math.max(high, positions[t])
    }
    return { middle: (low + high) / 2, half: Math.max((high - low) / 2, 1e-12) }
  })
  const widest = Math.max(bounds[0].half, bounds[1].half)
  const fitted = new Float32Array(positions.length)
  for (let t = 0; t < positions.length; t++) {
    const { middle, half } = bounds[t % 2]
    fitted[t] = (0.95 * (positions[t] - middle)) / (keepsAspect ? widest : half)
  }
  const placeOf = new Int32Array(count).fill(-1)
  rows.forEach((row, place) => (placeOf[row] = place))
  return { rows, positions: fitted, placeOf, keepsAspect }
}
