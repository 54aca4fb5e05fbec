import { strFromU8 } from 'fflate'
import { createReferenceExecutor } from '@backends/reference/executor'
import { badInput, QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { isZip, npzKeys } from '@engine/data/npz'
import { requireFinite, shapeText, type NumericArray } from '@engine/data/numericArray'
import { readArray, refuseUnreadable } from '@engine/data/readArray'
import { openSafetensors } from '@engine/data/safetensors'
import { modelFromArrays, type StateTensor } from '@engine/nn/fromStateDict'
import type { Model } from '@engine/nn/model'
import type { ArraySource } from '@engine/strategies/arrayView'
import { readBytes } from '../../node/datasets/files'
import type { CliContext } from '../io'
import { openArray } from './files'

type Network = NonNullable<ArraySource['network']>

/** A model of another framework on the float64 reference executor, with its `count` inputs (n × d, n × h × w or n × c × h × w). */
export async function openNetwork(
  context: CliContext,
  modelFile: string,
  architectureFile: string | undefined,
  inputsFile: string | undefined,
  seed: number,
): Promise<Network & { readonly count: number }> {
  if (inputsFile === undefined) throw new QuerentError('bad-usage', '--model needs --inputs')
  const inputs = openArray(context, inputsFile)
  requireFinite(inputs, inputsFile)
  const [rows, ...axes] = inputs.shape
  const shape = axes.length === 2 ? [1, ...axes] : axes
  if (shape.length !== 1 && shape.length !== 3)
    throw badInput(`${inputsFile}: inputs of a model are n×d or n×c×h×w`, { file: inputsFile, found: shapeText(inputs.shape) })
  const tensors = openTensors(context, modelFile)
  const architecture = architectureFile === undefined ? undefined : openJson(context, architectureFile)
  const source = { tensors, architecture, inputShape: shape, samples: inputs.data }
  const model = await named(modelFile, () => modelFromArrays(source, createReferenceExecutor()))
  const pool = { data: Float64Array.from(inputs.data), rows, shape }
  const rowsOf: Network['rowsOf'] = (index) => ({ pool, scaling: identityScaling, index })
  return { model, count: rows, rowsOf, passes: randomFrom(seed).fork('passes'), signal: context.signal }
}

function openTensors(context: CliContext, file: string): ReadonlyMap<string, StateTensor> {
  const bytes = readBytes(context.resolve(file), file)
  const arrays = isZip(bytes) ? npzArrays(bytes, file) : safetensorsArrays(bytes, file)
  return new Map(
    arrays.map(([name, array]) => {
      requireFinite(array, `${file}#${name}`)
      return [name, { shape: array.shape, data: Float64Array.from(array.data) }]
    }),
  )
}

const npzArrays = (bytes: Uint8Array, file: string): [string, NumericArray][] =>
  npzKeys(bytes, file).map((key) => [key, readArray(bytes, `${file}#${key}`)])

function safetensorsArrays(bytes: Uint8Array, file: string): [string, NumericArray][] {
  refuseUnreadable(bytes, file)
  const tensors = openSafetensors(bytes, file)
  return tensors.keys.map((key) => [key, tensors.read(key)])
}

function openJson(context: CliContext, file: string): unknown {
  try {
    return JSON.parse(strFromU8(readBytes(context.resolve(file), file)))
  } catch (error) {
    if (error instanceof QuerentError) throw error
    throw badInput(`${file}: not valid JSON`, { file, found: error instanceof Error ? error.message : '' })
  }
}

/** Gives errors about a model the name of its file. */
async function named(file: string, work: () => Promise<Model>): Promise<Model> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof QuerentError)) throw error
    throw new QuerentError(error.code, `${file}: ${error.message}`, { file, ...error.details }, { cause: error })
  }
}
