import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { openOnnxModel, type OnnxModel, type OnnxPort } from '@backends/onnx/model'
import { badInput, unsupported } from '@engine/core/errors'
import type { Dataset } from '@engine/data/dataset'
import { shapeText } from '@engine/data/numericArray'
import type { Extraction, FeatureMaker } from './extract'
import { floatInput, type FloatFeed } from './onnxInputs'
import type { ExtractionSettings } from './settings'
import { openTokenizer, tokenizerBeside, type TextSource } from './texts'
import { sha256Of } from './writer'

export interface OnnxExtraction {
  /** absolute path of the `.onnx` file */
  readonly model: string
  readonly settings: ExtractionSettings
  readonly dataset: Dataset
  /** null where the data set has no texts */
  readonly texts: TextSource | null
  /** absolute path of a `tokenizer.json`; looked for beside the model when left out */
  readonly tokenizer?: string
  readonly threads: number
}

/** What a model file is, for the feature store: its content, that of files beside it, and the settings. */
export async function onnxNetwork({ model, settings, texts, tokenizer }: Omit<OnnxExtraction, 'threads' | 'dataset'>): Promise<{
  readonly network: Extraction['network']
  readonly backboneSha256: string
}> {
  const beside = [`${model}_data`, `${model}.data`, ...(texts === null ? [] : [tokenizer ?? tokenizerBeside(model) ?? ''])]
  const sha256 = await sha256Of(model, basename(model))
  const others = await Promise.all(beside.filter(existsSync).map((file) => sha256Of(file)))
  return { network: { onnx: sha256, beside: others, settings }, backboneSha256: sha256 }
}

/** Opens the model and decides from its inputs how rows of the data set go in. */
export async function openOnnxMaker(request: OnnxExtraction): Promise<FeatureMaker> {
  const { model: file, settings, dataset, threads } = request
  const name = basename(file)
  const model = await openOnnxModel(file, name, threads)
  try {
    return model.inputs.some(({ name: input }) => input === 'input_ids')
      ? await textMaker(model, name, request)
      : floatMaker(model, name, settings, dataset)
  } catch (error) {
    await model.dispose()
    throw error
  }
}

function floatMaker(model: OnnxModel, name: string, settings: ExtractionSettings, dataset: Dataset): FeatureMaker {
  const [port, ...more] = model.inputs
  if (port === undefined || more.length > 0 || port.type !== 'float32')
    throw unsupported(`${name} is not a model of one float32 input`, {
      file: name,
      found: model.inputs.map((input) => `${input.name}: ${input.type}`).join(', ') || 'no inputs',
      expected: 'one float32 input, or input_ids of a text model',
    })
  const input = floatInput(port, dataset, settings, name)
  const fixed = typeof port.shape[0] === 'number' && port.shape[0] > 0 ? port.shape[0] : null
  const output = outputOf(model, settings, name)
  return {
    batch: fixed ?? settings.batch,
    make: async (first, count) => {
      const feed = filledUp(input(first, count), fixed)
      const result = await model.run({ [port.name]: feed }, output)
      return reduced(result, feed.shape[0], count, name, settings.pooling === 'auto' ? 'first' : settings.pooling, null)
    },
    dispose: model.dispose,
  }
}

async function textMaker(
  model: OnnxModel,
  name: string,
  { model: file, settings, texts, tokenizer, dataset }: OnnxExtraction,
): Promise<FeatureMaker> {
  if (texts === null)
    throw badInput(`${name} reads texts, and ${dataset.id} has none`, {
      file: name,
      found: dataset.kind,
      expected: 'an imported data set of texts',
    })
  const found = tokenizer ?? tokenizerBeside(file)
  if (found === undefined)
    throw badInput(`${name} needs the tokenizer.json of its model`, {
      file: name,
      expected: 'tokenizer.json beside it, or --tokenizer FILE',
    })
  const reader = await openTokenizer(found, model.inputs, settings.maxTokens, name)
  const output = outputOf(model, settings, name)
  return {
    batch: settings.batch,
    make: async (first, count) => {
      const { feeds, mask, tokens } = reader.feeds(await texts(Array.from({ length: count }, (_, i) => first + i)))
      const result = await model.run(feeds, output)
      return reduced(result, count, count, name, settings.pooling === 'auto' ? 'mean' : settings.pooling, { mask, tokens })
    },
    dispose: model.dispose,
  }
}

/** A model of a fixed batch gets the last row again in the places that are left. */
function filledUp({ data, shape }: FloatFeed, fixed: number | null): FloatFeed {
  const [rows, ...sample] = shape
  if (fixed === null || rows === fixed) return { data, shape }
  const size = data.length / rows
  const out = new Float32Array(fixed * size)
  out.set(data)
  for (let row = rows; row < fixed; row++) out.set(data.subarray((rows - 1) * size, rows * size), row * size)
  return { data: out, shape: [fixed, ...sample] }
}

const usualOutputs = ['image_embeds', 'sentence_embedding', 'pooler_output', 'last_hidden_state']

function outputOf({ outputs }: OnnxModel, { output }: ExtractionSettings, name: string): string {
  const names = outputs.map((port) => port.name)
  if (output !== null) {
    if (names.includes(output)) return output
    throw badInput(`${name} has no output "${output}"`, { file: name, path: 'output', found: output, expected: names.join(' · ') })
  }
  const isMatrix = ({ shape, type }: OnnxPort): boolean => shape.length === 2 && type.startsWith('float')
  return usualOutputs.find((usual) => names.includes(usual)) ?? outputs.find(isMatrix)?.name ?? names[0]
}

/**
 * One row of features per sample: a matrix (n × d) as it is; of n × tokens × d the first token, or the mean of those that the mask
 * counts; of n × channels × height × width the mean of each plane.
 */
function reduced(
  { data, shape }: { readonly data: Float32Array; readonly shape: readonly number[] },
  rows: number,
  count: number,
  name: string,
  pooling: 'first' | 'mean',
  text: { readonly mask: BigInt64Array; readonly tokens: number } | null,
): { readonly data: Float32Array; readonly width: number } {
  if (shape[0] !== rows || shape.length < 2 || shape.length > 4 || shape.includes(0))
    throw badInput(`${name}: an output of ${shapeText(shape)} is no row of features for each of ${rows} samples`, {
      file: name,
      path: 'output',
      found: shapeText(shape),
      expected: `${rows}×d, ${rows}×tokens×d or ${rows}×channels×height×width`,
    })
  if (shape.length === 2) return { data: data.slice(0, count * shape[1]), width: shape[1] }
  const [, tokens, width] = shape.length === 4 ? [0, shape[2] * shape[3], shape[1]] : shape
  const out = new Float32Array(count * width)
  // Positions of value j of token t: tokens lie one after the other, the pixels of a plane too.
  const at = shape.length === 4 ? (t: number, j: number) => j * tokens + t : (t: number, j: number) => t * width + j
  const isMean = pooling === 'mean' || shape.length === 4
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++) {
      let [sum, weight] = [0, 0]
      for (let t = 0; t < (isMean ? tokens : 1); t++) {
        if (isMean && text !== null && text.mask[i * text.tokens + t] === 0n) continue
        sum += data[i * tokens * width + at(t, j)]
        weight++
      }
      out[i * width + j] = sum / weight
    }
  return { data: out, width }
}
