import { badInput, type QuerentError, unsupported } from '../core/errors'
import { z } from '../core/zod'
import type { StateTensor } from './fromStateDict'
import { kerasLayer, type KerasLayer, type Sample } from './kerasLayers'
import type { LayerSpec } from './model'

const layerEntry = z.object({
  class_name: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
  inbound_nodes: z.array(z.unknown()).optional(),
})
const network = z.object({
  class_name: z.string(),
  config: z.union([z.object({ layers: z.array(layerEntry) }), z.array(layerEntry)]),
})
/** A converted Keras model says its network under `model_config`, one that TensorFlow.js itself saved says it directly. */
const topology = z.object({
  modelTopology: z
    .looseObject({})
    .transform((given) => given.model_config ?? given)
    .pipe(network),
})
const manifest = z.object({
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string().min(1)).min(1),
      weights: z.array(
        z.object({ name: z.string(), shape: z.array(z.int().nonnegative()), dtype: z.string(), quantization: z.unknown().optional() }),
      ),
    }),
  ),
})

/** The weights that a TensorFlow.js `model.json` lists (float32), from its files (`read`); refuses files that are cut off. */
export function weightsOfManifest(json: unknown, read: (file: string) => Uint8Array): Map<string, StateTensor> {
  const parsed = manifest.safeParse(json)
  if (!parsed.success) throw notKeras(parsed.error.issues[0])
  const found = new Map<string, StateTensor>()
  for (const { paths, weights } of parsed.data.weightsManifest) {
    const stray = paths.find((path) => /^([/\\]|[a-z]+:)|\.\.([/\\]|$)/i.test(path))
    if (stray !== undefined) throw badInput('the weight files must lie beside model.json', { path: 'weightsManifest', found: stray })
    const parts = paths.map(read)
    const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    let from = 0
    for (const { name, shape, dtype, quantization } of weights) {
      if (dtype !== 'float32' || quantization !== undefined)
        throw unsupported(`weight ${name} is not stored as plain float32`, {
          path: name,
          found: quantization === undefined ? dtype : 'quantised',
        })
      const size = shape.reduce((a, b) => a * b, 1)
      if (from + 4 * size > bytes.length)
        throw badInput(`the weight files are cut off inside ${name}`, {
          path: name,
          found: `${bytes.length} bytes`,
          expected: `at least ${from + 4 * size} bytes`,
        })
      const view = new DataView(bytes.buffer, from, 4 * size)
      const data = Float32Array.from({ length: size }, (_, i) => view.getFloat32(4 * i, true))
      if (!data.every(Number.isFinite)) throw badInput(`weight ${name} holds a value that is no finite number`, { path: name })
      found.set(name, { shape, data })
      from += 4 * size
    }
    if (from !== bytes.length)
      throw badInput('the weight files hold more than the list of weights says', {
        found: `${bytes.length} bytes`,
        expected: `${from} bytes`,
      })
  }
  return found
}

export interface KerasNetwork {
  readonly layers: LayerSpec[]
  readonly state: (StateTensor & { readonly name: string })[]
  readonly inputShape: readonly number[]
  /** of a first layer that rescales: inputs are (value − shift) · scale */
  readonly scaling?: { readonly shift: readonly number[]; readonly scale: readonly number[] }
}

/**
 * The layers of a Keras model as TensorFlow.js stores layers models: sequential ones, and functional ones that are a chain. Kernels and
 * dense layers after a flattening are put into the order of channels first. Layers that have no counterpart are refused by name.
 */
export function layersFromKeras(json: unknown, weights: ReadonlyMap<string, StateTensor>, inputShape?: readonly number[]): KerasNetwork {
  const parsed = topology.safeParse(json)
  if (!parsed.success) throw notKeras(parsed.error.issues[0])
  const { config } = parsed.data.modelTopology
  const entries = Array.isArray(config) ? config : config.layers
  checkChain(entries)
  const given = entries.map(({ config: { batch_input_shape: size, batch_shape: other } }) => size ?? other).find(Array.isArray)
  const channelsLast = (given ?? channelsLastOf(inputShape)) as readonly (number | null)[] | undefined
  const sizes = channelsLast?.slice(1)
  if (sizes === undefined || !sizes.every((size) => typeof size === 'number'))
    throw badInput('model.json does not say which shape samples have', {
      path: 'batch_input_shape',
      found: JSON.stringify(given ?? null),
      expected: 'whole numbers, or --input-shape',
    })
  const layers: LayerSpec[] = []
  const state: (StateTensor & { readonly name: string })[] = []
  let sample: Sample = { shape: channelsFirst(sizes), flattened: null }
  const first = sample.shape
  let scaling: KerasNetwork['scaling']
  for (const { class_name: kind, config: own } of entries) {
    if (kind === 'InputLayer') continue
    if (kind === 'Rescaling' && layers.length === 0 && scaling === undefined) {
      scaling = rescaling(own)
      continue
    }
    const name = String(own.name)
    const made: KerasLayer = kerasLayer(kind, own, sample, (weight) => weightOf(weights, name, weight))
    for (const { layer, tensors = {} } of made.layers) {
      for (const [tensor, value] of Object.entries(tensors)) state.push({ ...value, name: `${layers.length}.${tensor}` })
      layers.push(layer)
    }
    sample = made.sample
  }
  return { layers, state, inputShape: first, ...(scaling && { scaling }) }
}

/** value · scale + offset as (value − shift) · scale. */
function rescaling({ name, scale, offset = 0 }: Readonly<Record<string, unknown>>): NonNullable<KerasNetwork['scaling']> {
  if (typeof scale === 'number' && scale !== 0 && typeof offset === 'number')
    return { shift: [offset === 0 ? 0 : -offset / scale], scale: [scale] }
  throw unsupported(`layer ${String(name)} (Rescaling): only one scale and one offset for all values can be imported`, {
    path: String(name),
    found: JSON.stringify({ scale, offset }),
    expected: 'two numbers',
  })
}

const channelsFirst = (sizes: readonly number[]): number[] =>
  sizes.length > 1 ? [sizes[sizes.length - 1], ...sizes.slice(0, -1)] : [...sizes]
const channelsLastOf = (shape: readonly number[] | undefined): readonly (number | null)[] | undefined =>
  shape && [null, ...(shape.length > 1 ? [...shape.slice(1), shape[0]] : shape)]

/** Refuses functional models with branches: every layer but the first reads the one before it. */
function checkChain(entries: readonly z.infer<typeof layerEntry>[]): void {
  entries.forEach(({ class_name: kind, config, inbound_nodes: nodes = [] }, i) => {
    const sources = [...JSON.stringify(nodes).matchAll(/\["([^"]+)",\d+,\d+/g)].map(([, name]) => name)
    const before = i === 0 ? undefined : entries[i - 1].config.name
    if (sources.length > 1 || (sources.length === 1 && sources[0] !== before))
      throw unsupported(
        `layer ${String(config.name)} (${kind}) does not read just the layer before it: only chains of layers can be imported`,
        {
          path: String(config.name),
          found: sources.join(', '),
          expected: 'a chain; residual networks come as .safetensors with an architecture file',
        },
      )
  })
}

function weightOf(weights: ReadonlyMap<string, StateTensor>, layer: string, weight: string): StateTensor {
  const name = `${layer}/${weight}`
  const found = weights.get(name) ?? [...weights].find(([key]) => key.endsWith(`/${name}`))?.[1]
  if (found === undefined)
    throw badInput(`the weight files have no weight ${name}`, { path: name, expected: [...weights.keys()].slice(0, 20).join(' · ') })
  return found
}

const notKeras = ({ path, message }: { readonly path: readonly PropertyKey[]; readonly message: string }): QuerentError =>
  badInput(`not a Keras layers model of TensorFlow.js: ${path.map(String).join('.')}: ${message}`, {
    path: path.map(String).join('.'),
    expected: 'model.json with modelTopology and weightsManifest (a graph model holds no layers)',
  })
