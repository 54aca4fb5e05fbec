import { z } from '@engine/core/zod'
import { importFiles } from './importing'

/** A pre-trained backbone of the model library. */
export interface ModelInfo {
  readonly name: string
  readonly sha256: string
  /** types of its layers, in order */
  readonly layers: readonly string[]
  readonly inputShape: readonly number[]
  /** numbers per sample that it makes */
  readonly width: number
  readonly parameters: number
  readonly bytes: number
  /** where it comes from, for people */
  readonly source: string
  readonly method: 'supervised' | 'simclr' | 'imported'
  /** on the test rows of its source, with a head of its own; null where nobody knows */
  readonly accuracy: number | null
}

/** How far pre-training is. */
export interface PretrainProgress {
  readonly epoch: number
  readonly epochs: number
  readonly loss: number
}

/** Something that runs need and that is made before the first of them: a backbone, or features. */
export interface Preparation {
  /** e.g. `pre-training cnn of digits` */
  readonly what: string
  /** e.g. `epoch 3/10` */
  readonly detail: string
  /** of this step, 0 … 1 */
  readonly fraction: number
  /** milliseconds to the end of this step; null until it can be told */
  readonly etaMs: number | null
}

/** Weights of torch with their architecture, or a Keras model.json with its weight files. */
export const modelImport = z.strictObject({
  files: importFiles,
  /** name in the library; of the file when left out */
  name: z.string().trim().min(1).max(100).optional(),
  /** shape of a sample, channels first, where no file says it */
  inputShape: z.array(z.int().min(1)).min(1).max(3).optional(),
})
export type ModelImport = z.infer<typeof modelImport>
