import { featureName, networkInputs, type ExtractionRequest, type FeatureNetwork } from '@contract/features'
import type { DatasetInfo } from '@contract/types'

/** What is chosen and typed for an extraction; a field that is left empty is as the network has it. */
export interface ExtractionDraft {
  /** id of a public network; empty: a file */
  network: string
  name: string
  size: string
  mean: string
  std: string
}

export type ExtractionField = keyof ExtractionDraft
export type DraftInputs = Pick<ExtractionRequest, 'name' | 'size' | 'mean' | 'std'>

/** The public networks that read what a data set holds. */
export const networksFor = ({ kind }: Pick<DatasetInfo, 'kind'>, networks: readonly FeatureNetwork[]): FeatureNetwork[] =>
  networks.filter(({ reads }) => (reads === 'images' ? kind === 'image' : kind === 'text'))

/** A draft to begin with, or that of an earlier request. */
export function draftOf(fitting: readonly FeatureNetwork[], request?: ExtractionRequest): ExtractionDraft {
  if (request === undefined) return { network: fitting[0]?.id ?? '', name: '', size: '', mean: '', std: '' }
  const { network, name = '', size = [], mean = [], std = [] } = request
  return { network: 'preset' in network ? network.preset : '', name, size: size.join(', '), mean: mean.join(', '), std: std.join(', ') }
}

/** What a draft asks for, or what is wrong in which field; `files` are names of the chosen files, null for those of before. */
export function readDraft(
  { network, name, size, mean, std }: ExtractionDraft,
  files: readonly string[] | null,
): { readonly inputs: DraftInputs; readonly problems: Partial<Record<ExtractionField, string>> } {
  const inputs: DraftInputs = {}
  const problems: Partial<Record<ExtractionField, string>> = {}
  if (network === '' && files !== null && files.filter((file) => /\.onnx$/i.test(file)).length !== 1)
    problems.network = files.length === 0 ? 'Choose an .onnx file.' : `One .onnx file is needed; these are ${files.join(', ')}.`
  if (name.trim() !== '') {
    const parsed = featureName.safeParse(name)
    if (parsed.success) inputs.name = parsed.data
    else problems.name = 'At most 120 characters, no slash, and no ending as files have.'
  }
  const given = { size: numbers(size), mean: numbers(mean), std: numbers(std) }
  if (size.trim() !== '') {
    const parsed = networkInputs.size.safeParse(given.size)
    if (parsed.success) inputs.size = parsed.data
    else problems.size = 'Height and width in whole pixels, e.g. 224, 224.'
  }
  if (mean.trim() !== '') {
    const parsed = networkInputs.mean.safeParse(given.mean)
    if (parsed.success) inputs.mean = parsed.data
    else problems.mean = 'Numbers with commas between them, e.g. 0.5 or 0.48, 0.46, 0.41.'
  }
  if (std.trim() !== '') {
    const parsed = networkInputs.std.safeParse(given.std)
    if (parsed.success) inputs.std = parsed.data
    else problems.std = 'Numbers above zero with commas between them, e.g. 0.5.'
  }
  return { inputs, problems }
}

/** An empty place is no zero. */
const numbers = (text: string): number[] => text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)))
