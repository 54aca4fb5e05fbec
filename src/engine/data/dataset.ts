/** Samples in their storage type; one allocation for the data set, never copied per run. */
export interface Pool {
  readonly data: Uint8Array | Float32Array | Float64Array
  readonly rows: number
  /** Shape of one sample: [d] for vectors, [channels, height, width] for images. */
  readonly shape: readonly number[]
}

export type DatasetKind = 'image' | 'vector' | 'tabular' | 'text' | 'series'

/** A labelled data set with a training array and, when the source provides one, a test array. */
export interface Dataset {
  readonly id: string
  readonly kind: DatasetKind
  readonly classNames: readonly string[]
  readonly train: LabeledPool
  readonly test: LabeledPool | null
  /** Largest possible raw value (255 for bytes, 16 for `digits`); null when unbounded. */
  readonly valueRange: number | null
  /** SHA-256 (hex) of the canonical bytes: storage type, shape, data and labels of train, then of test. */
  readonly sha256: string
}

export interface LabeledPool extends Pool {
  /** class of each row; `unlabeled` where nobody has said */
  readonly labels: Int32Array
}

/** The class number of a row whose class is not known. */
export const unlabeled = -1

/** The rows whose class is not known, ascending. */
export const unlabeledRows = (labels: Int32Array): number[] => {
  const rows: number[] = []
  for (let row = 0; row < labels.length; row++) if (labels[row] === unlabeled) rows.push(row)
  return rows
}

/** Affine map of raw values to network inputs: (raw − shift[j]) · scale[j]; arrays of length 1 apply to every value. */
export interface Scaling {
  readonly shift: Float64Array
  readonly scale: Float64Array
  /** raw value of each column that stands in for NaN, where values may be missing */
  readonly fill?: Float64Array
}

/** Rows of a pool as a model sees them. */
export interface Rows {
  readonly pool: Pool
  readonly scaling: Scaling
  readonly index: Int32Array
}
