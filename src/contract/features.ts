/** Features in the feature store. */
export interface FeatureInfo {
  /** hash of what they were made of */
  readonly key: string
  readonly name: string
  /** name of the data set */
  readonly dataset: string
  readonly datasetSha256: string
  /** SHA-256 of the network; null for features that came as a file */
  readonly backboneSha256: string | null
  readonly rows: number
  readonly width: number
  /** milliseconds that the network took for all rows */
  readonly forwardMs: number
  /** SHA-256 of the stored file */
  readonly sha256: string
  readonly bytes: number
  /** where they come from, for people */
  readonly source: string
}

export interface FeatureProgress {
  readonly rows: number
  readonly total: number
}
