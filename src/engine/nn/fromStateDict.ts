import { z } from '../core/zod'
import { badInput, nearestName, type QuerentError, unsupported } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import { createModel } from './createModel'
import type { Executor } from './executor'
import type { LayerSpec, Model } from './model'
import { planAll } from './layers'

/** A named array of a model file, row-major. */
export interface StateTensor {
  readonly shape: readonly number[]
  readonly data: FloatArray
}

const size = z.int().positive()
const pooled = { size, stride: size.optional() }
const convolved = { stride: size.optional(), padding: z.int().nonnegative().optional() }

/** A layer by its name in torch, lower case, where it has one; dense, convolutional and embedding layers take their sizes from the tensors. */
const plainEntries = [
  z.strictObject({ type: z.literal('dense') }),
  z.strictObject({ type: z.literal('conv1d'), ...convolved }),
  z.strictObject({ type: z.literal('conv2d'), ...convolved }),
  z.strictObject({ type: z.literal('relu') }),
  z.strictObject({ type: z.literal('tanh') }),
  z.strictObject({ type: z.literal('gelu') }),
  z.strictObject({ type: z.literal('maxpool1d'), ...pooled }),
  z.strictObject({ type: z.literal('maxpool2d'), ...pooled }),
  z.strictObject({ type: z.literal('avgpool1d'), ...pooled }),
  z.strictObject({ type: z.literal('avgpool2d'), ...pooled }),
  z.strictObject({ type: z.literal('adaptiveavgpool1d') }),
  z.strictObject({ type: z.literal('adaptiveavgpool2d') }),
  z.strictObject({ type: z.literal('batchnorm1d') }),
  z.strictObject({ type: z.literal('batchnorm2d') }),
  z.strictObject({ type: z.literal('layernorm') }),
  z.strictObject({ type: z.literal('groupnorm'), groups: size, eps: z.number().positive().optional() }),
  z.strictObject({ type: z.literal('embedding') }),
  z.strictObject({ type: z.literal('flatten') }),
  z.strictObject({ type: z.literal('unflatten') }),
  z.strictObject({ type: z.literal('dropout'), rate: z.number().min(0).lt(1).default(0.5) }),
  z.strictObject({ type: z.literal('tokens') }),
  z.strictObject({ type: z.literal('position') }),
  z.strictObject({ type: z.literal('multiheadattention'), heads: size }),
  z.strictObject({ type: z.literal('tokenmean') }),
] as const

type Entry =
  | z.infer<(typeof plainEntries)[number]>
  | { readonly type: 'residual'; readonly layers: readonly Entry[]; readonly shortcut: readonly Entry[] }

const entrySchema: z.ZodType<Entry> = z.discriminatedUnion('type', [
  ...plainEntries,
  z.strictObject({
    type: z.literal('residual'),
    layers: z.array(z.lazy(() => entrySchema)).min(1),
    shortcut: z.array(z.lazy(() => entrySchema)).default([]),
  }),
])

/** Layers in the order of torch's `nn.Sequential`. */
export const architectureSchema = z.array(entrySchema)
type Architecture = readonly Entry[]

/** A model file of torch: parsed JSON and named arrays. */
export interface StateSource {
  readonly architecture?: unknown
  readonly tensors: ReadonlyMap<string, StateTensor>
  readonly inputShape: readonly number[]
  /** what the model is going to read */
  readonly samples?: ArrayLike<number>
}

/** What torch counts beside the statistics, and nothing needs. */
const isBatchCount = (name: string): boolean => name.endsWith('.num_batches_tracked')

/**
 * A model with the weights of a torch `state_dict` (`<position>.weight`, `<position>.bias`, …; in a residual block
 * `<position>.layers.<i>.weight`, `<position>.shortcut.<i>.weight`, …). Without an `architecture` (parsed JSON)
 * the tensors are dense layers with ReLU between. Throws `bad-input` for a tensor that is missing, left over or of the wrong shape.
 */
export async function modelFromArrays(source: StateSource, executor: Executor): Promise<Model> {
  const { layers, state } = layersFromArrays(source)
  const [first, last] = [layers[0], layers[layers.length - 1]]
  if (first.type === 'embedding') checkTokens(source.samples ?? [], first.rows)
  const classes = last.type === 'dense' ? last.units : 0
  const model = createModel({ layers, init: 'he-uniform', inputShape: source.inputShape, classes }, executor)
  model.restore(
    state.map(({ data }) => {
      const array = executor.allocate(data.length)
      array.set(data)
      return array
    }),
  )
  return model
}

function checkTokens(samples: ArrayLike<number>, rows: number): void {
  for (let i = 0; i < samples.length; i++)
    if (!(Number.isInteger(samples[i]) && samples[i] >= 0 && samples[i] < rows))
      throw badInput(`the inputs hold ${samples[i]}, and the embedding has rows for the tokens 0 to ${rows - 1}`, {
        found: String(samples[i]),
        expected: `whole numbers from 0 to ${rows - 1}`,
      })
}

/** The layers that a `state_dict` and an architecture describe, with the tensors of their state in order. */
export function layersFromArrays(source: StateSource): {
  readonly layers: LayerSpec[]
  readonly state: readonly (StateTensor & { readonly name: string })[]
} {
  const { tensors, inputShape } = source
  const { architecture, positions } = source.architecture === undefined ? denseLayers(tensors) : parseArchitecture(source.architecture)
  const unused = new Set([...tensors.keys()].filter((name) => !isBatchCount(name)))
  const layers = architecture.map((entry, i) => layerSpec(entry, String(positions[i]), tensors, unused))
  const state = planAll(layers, inputShape).flatMap(({ parameters }, i) =>
    parameters.map((parameter) => {
      const shape = parameter.shape.join(' × ')
      const name = parameter.name.replace(/^\d+/, String(positions[i]))
      const tensor = tensors.get(name)
      if (tensor === undefined) throw missing(name, architecture[i].type, shape, unused)
      if (tensor.shape.join(' × ') !== shape)
        throw badInput(`tensor ${name} has the wrong shape`, { path: name, found: tensor.shape.join(' × '), expected: shape })
      unused.delete(name)
      return { ...tensor, name: parameter.name }
    }),
  )
  const [stray] = unused
  if (stray !== undefined) {
    const used = [...tensors.keys()].filter((name) => !unused.has(name))
    throw badInput(`tensor ${stray} belongs to no layer of the architecture`, { path: stray, nearest: nearestName(stray, used) })
  }
  return { layers, state }
}

const missing = (name: string, type: string, expected: string, unused: ReadonlySet<string>): QuerentError =>
  badInput(`the model file has no tensor ${name} for layer ${name.split('.', 1)[0]} (${type})`, {
    path: name,
    expected,
    nearest: nearestName(name, unused) ?? [...unused][0],
  })

interface Positioned {
  readonly architecture: Architecture
  /** where each layer stood in the `nn.Sequential` that was saved */
  readonly positions: readonly number[]
}

function parseArchitecture(value: unknown): Positioned {
  const parsed = architectureSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw badInput(`the architecture is not a list of layers: ${issue.message}`, { path: issue.path.join('.') })
  }
  return { architecture: parsed.data, positions: parsed.data.map((_, i) => i) }
}

/** What a state_dict without an architecture means: a dense layer per weight, in order of position. */
function denseLayers(tensors: ReadonlyMap<string, StateTensor>): Positioned {
  const weights = [...tensors.keys()].flatMap((name) => /^(\d+)\.weight$/.exec(name)?.[1] ?? []).map(Number)
  if (weights.length === 0)
    throw badInput('the model file holds no tensor called <position>.weight', {
      found: [...tensors.keys()].join(', '),
      expected: '0.weight, 0.bias, …',
    })
  weights.sort((a, b) => a - b)
  const architecture: Entry[] = []
  const positions: number[] = []
  for (const position of weights) {
    if (positions.length > 0) {
      architecture.push({ type: 'relu' })
      positions.push(-1)
    }
    architecture.push({ type: 'dense' })
    positions.push(position)
  }
  return { architecture, positions }
}

/** Takes the sizes of a layer from its tensors, which are called `<path>.…`. */
function layerSpec(entry: Entry, path: string, tensors: ReadonlyMap<string, StateTensor>, unused: Set<string>): LayerSpec {
  const inner = (list: string, entries: Architecture): LayerSpec[] =>
    entries.map((inside, i) => layerSpec(inside, `${path}.${list}.${i}`, tensors, unused))
  switch (entry.type) {
    case 'dense':
    case 'embedding':
    case 'conv1d':
    case 'conv2d': {
      const name = `${path}.weight`
      const expected = { dense: 'out × in', embedding: 'rows × width', conv1d: 'out × in × length', conv2d: 'out × in × height × width' }[
        entry.type
      ]
      const weight = tensors.get(name)
      if (weight === undefined) throw missing(name, entry.type, expected, unused)
      if (weight.shape.length !== expected.split('×').length)
        throw badInput(`tensor ${name} has the wrong shape`, { path: name, found: weight.shape.join(' × '), expected })
      const bias = tensors.has(`${path}.bias`)
      const [out, , height, width = height] = weight.shape
      if (entry.type === 'dense') return { type: 'dense', units: out, bias }
      if (entry.type === 'embedding') return { type: 'embedding', rows: out, width: weight.shape[1] }
      if (height !== width)
        throw unsupported(`tensor ${name}: only square kernels can be read`, { path: name, found: `${height} × ${width}` })
      return { ...entry, filters: out, kernel: height, bias }
    }
    case 'residual':
      return { type: 'residual', layers: inner('layers', entry.layers), shortcut: inner('shortcut', entry.shortcut) }
    case 'adaptiveavgpool1d':
    case 'adaptiveavgpool2d':
      return { type: 'globalavgpool' }
    case 'batchnorm1d':
    case 'batchnorm2d':
      return { type: 'batchnorm' }
    case 'multiheadattention':
      return { type: 'attention', heads: entry.heads }
    default:
      return entry
  }
}
