import { basename, dirname, join } from 'node:path'
import { existsSync } from 'node:fs'
import { badInput, QuerentError, unsupported } from '@engine/core/errors'
import { z } from '@engine/core/zod'
import { readNpy } from '@engine/data/npy'
import { isZip, npzKeys, readNpzEntry } from '@engine/data/npz'
import { requireFinite, type NumericArray } from '@engine/data/numericArray'
import { openSafetensors } from '@engine/data/safetensors'
import { withoutHead } from '@engine/nn/architectures'
import { createBackbone, scalingOf, type Backbone } from '@engine/nn/backbone'
import { layersFromKeras, weightsOfManifest } from '@engine/nn/fromKeras'
import { layersFromArrays, type StateTensor } from '@engine/nn/fromStateDict'
import type { LayerSpec } from '@engine/nn/model'
import { nodeHasher, readBytes } from '../datasets/files'

/** What a weights file does not say by itself. */
export interface ModelFileOptions {
  /** shape of a sample, where no file says it */
  readonly inputShape?: readonly number[]
  /** architecture file; beside the weights under their name when left out */
  readonly architecture?: string
  readonly name?: string
  /** (raw − shift) · scale of its inputs; the values themselves when left out */
  readonly scaling?: { readonly shift: readonly number[]; readonly scale: readonly number[] }
}

const shape = z.array(z.int().min(1)).min(1).max(3)
const described = z.strictObject({
  layers: z.array(z.unknown()).min(1),
  inputShape: shape.optional(),
  /** whether the last dense layer tells classes of the source, and is left out */
  head: z.boolean().default(true),
  scaling: z.strictObject({ shift: z.array(z.number()).min(1), scale: z.array(z.number()).min(1) }).optional(),
})

/**
 * Reads a backbone: torch weights (`.safetensors`, `.npz`) with an architecture in JSON beside them (`{ layers, inputShape, head,
 * scaling }`, or the list of layers alone), or a Keras layers model (`model.json` with its weight files). A last dense layer is left out.
 */
export function readModelFile(
  path: string,
  shown: string,
  options: ModelFileOptions,
): { readonly backbone: Backbone; readonly source: string } {
  return named(shown, () => {
    const read = /\.json$/i.test(path) ? kerasModel(path, shown, options) : torchModel(path, shown, options)
    const { layers, state, scaling = { shift: [0], scale: [1] }, inputShape, head } = read
    const kept = head && layers.at(-1)?.type === 'dense' ? withoutHead(layers) : layers
    if (kept.length === 0)
      throw badInput('the model is nothing but a last layer, so there is no backbone', { found: `${layers.length} layers` })
    const count = (list: readonly LayerSpec[]): ReadonlySet<string> => new Set(list.map((_, i) => String(i)))
    const own = count(kept)
    const backbone = createBackbone(
      {
        name: options.name ?? nameOf(path),
        layers: kept,
        inputShape,
        scaling: scalingOf(options.scaling ?? scaling),
        weights: state
          .filter(({ name }) => own.has(name.split('.', 1)[0]))
          .map(({ name, shape: size, data }) => ({ name, shape: size, data: Float32Array.from(data) })),
      },
      nodeHasher(),
    )
    return { backbone, source: basename(path) }
  })
}

interface ReadModel {
  readonly layers: readonly LayerSpec[]
  readonly state: readonly (StateTensor & { readonly name: string })[]
  readonly inputShape: readonly number[]
  readonly head: boolean
  readonly scaling?: { readonly shift: readonly number[]; readonly scale: readonly number[] }
}

function torchModel(path: string, shown: string, options: ModelFileOptions): ReadModel {
  const bytes = readBytes(path, shown)
  const beside = options.architecture ?? path.replace(/\.[a-z]+$/i, '.json')
  if (!existsSync(beside))
    throw badInput(`${shown}: no architecture file beside the weights`, {
      file: shown,
      path: 'model.backbone',
      found: 'no such file',
      expected: `${basename(beside)}: a JSON list of layers, or { layers, inputShape, head, scaling }`,
    })
  const json = parseJson(beside)
  const parsed = described.safeParse(Array.isArray(json) ? { layers: json } : json)
  if (!parsed.success)
    throw badInput(`${basename(beside)}: ${parsed.error.issues[0].message}`, {
      file: basename(beside),
      path: parsed.error.issues[0].path.join('.'),
      expected: 'a list of layers, or { layers, inputShape, head, scaling }',
    })
  const { layers: architecture, head, scaling, ...about } = parsed.data
  const inputShape = about.inputShape ?? options.inputShape
  if (inputShape === undefined)
    throw badInput(`${basename(beside)} does not say which shape samples have`, {
      file: basename(beside),
      path: 'inputShape',
      expected: 'e.g. [1, 28, 28], or --input-shape',
    })
  const { layers, state } = layersFromArrays({ architecture, tensors: tensorsOf(bytes, shown), inputShape })
  if (layers[0].type === 'embedding')
    throw unsupported(`${shown}: studies read numbers and pixels, no token numbers`, { file: shown, path: '0', found: 'embedding' })
  return { layers, state, inputShape, head, ...(scaling && { scaling }) }
}

function tensorsOf(bytes: Uint8Array, shown: string): ReadonlyMap<string, StateTensor> {
  const arrays: [string, NumericArray][] = isZip(bytes)
    ? npzKeys(bytes, shown).map((key) => [key, readNpy(readNpzEntry(bytes, shown, key), `${shown}#${key}`)])
    : ((tensors) => tensors.keys.map((key): [string, NumericArray] => [key, tensors.read(key)]))(openSafetensors(bytes, shown))
  return new Map(
    arrays.map(([name, array]) => {
      requireFinite(array, `${shown}#${name}`)
      return [name, { shape: array.shape, data: Float64Array.from(array.data) }]
    }),
  )
}

function kerasModel(path: string, shown: string, options: ModelFileOptions): ReadModel {
  const json = parseJson(path)
  const tensors = weightsOfManifest(json, (file) => {
    const beside = join(dirname(path), file)
    if (existsSync(beside)) return readBytes(beside, `${shown}: ${file}`)
    throw new QuerentError('not-found', `the weight file ${file} of ${shown} is not beside it`, { file, path: 'model.backbone' })
  })
  return { ...layersFromKeras(json, tensors, options.inputShape), head: true }
}

function parseJson(path: string): unknown {
  const name = basename(path)
  try {
    return JSON.parse(new TextDecoder().decode(readBytes(path, name)))
  } catch (error) {
    if (error instanceof QuerentError) throw error
    throw badInput(`${name}: not valid JSON`, { file: name, found: error instanceof Error ? error.message : '' })
  }
}

const nameOf = (path: string): string => {
  const file = basename(path).replace(/\.[a-z]+$/i, '')
  const name = (file === 'model' ? basename(dirname(path)) : file).replace(/[^a-z0-9._-]+/gi, '-').replace(/^[-._]+/, '')
  return name.slice(0, 90) || 'model'
}

/** Gives errors about a model the name of its file. */
function named<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof QuerentError) || error.message.includes(file)) throw error
    throw new QuerentError(error.code, `${file}: ${error.message}`, { file, ...error.details }, { cause: error })
  }
}
