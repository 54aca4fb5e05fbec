import { QuerentError } from '../core/errors'
import type { Matrix } from '../core/matrix'

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
