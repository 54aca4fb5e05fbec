import { QuerentError } from '../core/errors'
import type { FloatArray, Matrix } from '../core/matrix'
import type { Scaling } from './dataset'

/** Features of the rows of a training array (rows × width, float32), made by a network before the run; read by rows, never as a whole. */
export interface FeatureSource {
  readonly rows: number
  readonly width: number
  /** The named rows in their order: a float32 copy (n × width). */
  read(rows: Int32Array): Matrix<Float32Array>
  /** where they come from, for people */
  readonly source: string
  /** milliseconds that the network took for all rows; 0 where nobody measured it */
  readonly forwardMs: number
}

/** Features that are being made: written in chunks of rows, and read like any others once they are all there. */
export interface FeatureTarget extends FeatureSource {
  /** Puts values (n × width) at rows `first … first + n − 1`. */
  write(first: number, values: Float32Array): void
  /** Gives back what holds the values; nothing can be read afterwards. */
  dispose(): void
}

/** A target in memory. */
export function memoryFeatures(rows: number, width: number, source = 'memory', forwardMs = 0): FeatureTarget {
  let data = new Float32Array(rows * width)
  return {
    rows,
    width,
    source,
    forwardMs,
    read: (wanted) => {
      const out = new Float32Array(wanted.length * width)
      wanted.forEach((row, i) => {
        checkRow(row, rows, source)
        out.set(data.subarray(row * width, (row + 1) * width), i * width)
      })
      return { data: out, rows: wanted.length, cols: width }
    },
    write: (first, values) => {
      checkChunk(first, values.length, rows, width, source)
      data.set(values, first * width)
    },
    dispose: () => {
      data = new Float32Array(0)
    },
  }
}

export function checkRow(row: number, rows: number, source: string): void {
  if (!(row >= 0 && row < rows))
    throw new QuerentError('internal', `${source}: no features of row ${row}`, { found: String(row), expected: `0 … ${rows - 1}` })
}

/** Refuses values that are no whole rows of the target. */
export function checkChunk(first: number, length: number, rows: number, width: number, source: string): void {
  if (first < 0 || length % width !== 0 || first + length / width > rows)
    throw new QuerentError('internal', `${source}: ${length} values from row ${first} on do not fit ${rows}×${width}`)
}

/** Rows that are in memory at a time while a whole source is looked at. */
const chunkRows = 4096

/** Mean and standard deviation (divisor n, in float64) of each column over the given rows, as a scaling to mean 0 and deviation 1; constant columns are only centred. */
export function fitFeatureScaling(source: FeatureSource, rows: Int32Array): Scaling {
  const { width } = source
  const shift = new Float64Array(width)
  const squares = new Float64Array(width)
  if (rows.length === 0) return { shift, scale: squares.fill(1) }
  // Differences from the first row, so that constant columns have a deviation of exactly 0.
  const origin = source.read(rows.subarray(0, 1)).data
  eachRow(source, rows, (data, at) => {
    for (let j = 0; j < width; j++) shift[j] += data[at + j] - origin[j]
  })
  for (let j = 0; j < width; j++) shift[j] = origin[j] + shift[j] / rows.length
  eachRow(source, rows, (data, at) => {
    for (let j = 0; j < width; j++) squares[j] += (data[at + j] - shift[j]) ** 2
  })
  return { shift, scale: squares.map((sum) => (sum > 0 ? 1 / Math.sqrt(sum / rows.length) : 1)) }
}

function eachRow(source: FeatureSource, rows: Int32Array, visit: (data: Float32Array, at: number) => void): void {
  for (let from = 0; from < rows.length; from += chunkRows) {
    const { data } = source.read(rows.subarray(from, from + chunkRows))
    for (let at = 0; at < data.length; at += source.width) visit(data, at)
  }
}

/** The named rows, scaled: (raw − shift) · scale, computed in float64, written to `out` (n × width). */
export function readScaled(source: FeatureSource, rows: Int32Array, { shift, scale }: Scaling, out: FloatArray): void {
  const { width } = source
  const { data } = source.read(rows)
  for (let i = 0, j = 0; i < data.length; i++) {
    out[i] = (data[i] - shift[j]) * scale[j]
    if (++j === width) j = 0
  }
}
