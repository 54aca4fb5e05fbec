import { z } from '@engine/core/zod'
import { isFeatureFile } from '@engine/study/expand'
import { command, id, nothing } from './command'
import type { WireError } from './errorCodec'
import { importFiles } from './importing'

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

const side = z.int().min(1).max(4096)
/** How inputs are made fit for a network. */
export const networkInputs = {
  /** images: height and width */
  size: z.tuple([side, side]),
  /** subtracted from pixels in [0, 1], or from values: one number, or one for each channel or column */
  mean: z.array(z.number()).max(65_536),
  /** divides what is left */
  std: z.array(z.number().gt(0)).max(65_536),
}

/** A public network that makes features; nothing of it comes with the app. */
export interface FeatureNetwork {
  readonly id: string
  readonly title: string
  readonly reads: 'images' | 'texts'
  /** numbers per row */
  readonly width: number
  readonly source: string
  readonly licence: string
  /** of all files, about */
  readonly bytes: number
  readonly hosts: readonly string[]
  /** its files were downloaded */
  readonly isHere: boolean
  /** how its inputs are made fit for it, and what is kept of its outputs */
  readonly settings: Readonly<Record<string, unknown>> & {
    readonly size?: [number, number] | null
    readonly mean?: number[]
    readonly std?: number[]
  }
}

/** Names with the ending of a file mean files in studies. */
export const featureName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine((name) => !isFeatureFile(name), 'a name that does not look like a file is needed')

/** Which network makes features of the training rows of which data set of the library; what is left out is as the network has it. */
export const extractionRequest = z.strictObject({
  dataset: id,
  /** one `.onnx` file among `files`; its weights and its tokenizer.json may lie beside it */
  network: z.union([z.strictObject({ preset: id }), z.strictObject({ files: importFiles })]),
  name: featureName.optional(),
  size: networkInputs.size.optional(),
  mean: networkInputs.mean.optional(),
  std: networkInputs.std.optional(),
})
export type ExtractionRequest = z.infer<typeof extractionRequest>

/** How far the latest extraction of a data set is. */
export interface ExtractionState {
  /** started again it goes on where it was */
  readonly request: ExtractionRequest
  readonly phase: 'running' | 'stopped' | 'failed' | 'done'
  /** what is counted: bytes of the network, or rows */
  readonly step: 'download' | 'rows'
  readonly done: number
  /** null until it can be told */
  readonly total: number | null
  readonly etaMs: number | null
  /** `details.path` names the field of the request, where one is at fault */
  readonly error: WireError | null
}

export const featureCommands = {
  /** Features of the feature store. */
  'features.list': command<FeatureInfo[]>()(nothing),
  /** Public networks that are known by name. */
  'features.networks': command<FeatureNetwork[]>()(nothing),
  /** The latest extraction of each data set since the lab was started, and what was left unfinished before. */
  'features.extractions': command<ExtractionState[]>()(nothing),
  /** Starts an extraction, or goes on with it, one at a time for each data set; `features.changed` tells the rest. */
  'features.extract': command<null>()(extractionRequest),
  /** Stops; what was made is kept. */
  'features.stop': command<null>()(z.strictObject({ dataset: id })),
} as const
