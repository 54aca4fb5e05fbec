import { networkInputs } from '@contract/features'
import { z } from '@engine/core/zod'

/** How inputs are prepared for a network of somebody else, and its output reduced to a row of features. */
export const extractionSettings = z.strictObject({
  /** null: the size the model asks for, or else the size the images have */
  size: networkInputs.size.nullable().default(null),
  filter: z.enum(['bilinear', 'bicubic']).default('bilinear'),
  mean: networkInputs.mean.default([]),
  std: networkInputs.std.default([]),
  /** name of the model's output; null: the first that has one row for each sample */
  output: z.string().nullable().default(null),
  /** of outputs with a row for each token or a plane for each channel: the first token, or the mean; auto: first for images, mean for texts */
  pooling: z.enum(['auto', 'first', 'mean']).default('auto'),
  /** texts: tokens that are kept */
  maxTokens: z.int().min(2).max(8192).default(256),
  /** rows of one pass */
  batch: z.int().min(1).max(4096).default(32),
})
export type ExtractionSettings = z.infer<typeof extractionSettings>
