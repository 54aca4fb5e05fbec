import { z } from '../core/zod'
import { badInput, nearestName, unsupported } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import { createModel } from './createModel'
import type { Executor } from './executor'
import type { LayerSpec, Model } from './model'
import { planLayers } from './layers'

/** A named array of a model file, row-major. */
export interface StateTensor {
  readonly shape: readonly number[]
  readonly data: FloatArray
}

const size = z.int().positive()

/** Layers in the order of torch's `nn.Sequential`; dense and convolutional layers take their sizes from the tensors. */
export const architectureSchema = z.array(
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('dense') }),
    z.strictObject({ type: z.literal('conv2d'), stride: size.optional(), padding: z.int().nonnegative().optional() }),
    z.strictObject({ type: z.literal('relu') }),
    z.strictObject({ type: z.literal('tanh') }),
    z.strictObject({ type: z.literal('maxpool2d'), size, stride: size.optional() }),
    z.strictObject({ type: z.literal('flatten') }),
    z.strictObject({ type: z.literal('dropout'), rate: z.number().min(0).lt(1).default(0.5) }),
  ]),
)
type Architecture = z.infer<typeof architectureSchema>

/**
 * A model with the weights of a torch `state_dict` (`<position>.weight`, `<position>.bias`). Without an `architecture` (parsed JSON)
 * the tensors are dense layers with ReLU between. Throws `bad-input` for a tensor that is missing, left over or of the wrong shape.
 */
export async function modelFromArrays(
  source: { readonly architecture?: unknown; readonly tensors: ReadonlyMap<string, StateTensor>; readonly inputShape: readonly number[] },
  executor: Executor,
): Promise<Model> {
  const { tensors, inputShape } = source
  const { architecture, positions } = source.architecture === undefined ? denseLayers(tensors) : parseArchitecture(source.architecture)
  const unused = new Set(tensors.keys())
  const layers = architecture.map((entry, i) => layerSpec(entry, positions[i], tensors, unused))
  const [stray] = unused
  if (stray !== undefined) {
    const used = [...tensors.keys()].filter((name) => !unused.has(name))
    throw badInput(`tensor ${stray} belongs to no layer of the architecture`, { path: stray, nearest: nearestName(stray, used) })
  }

  const values = planLayers(layers, inputShape).flatMap(({ parameters }, i) =>
    parameters.map(({ shape }, p) => {
      const name = tensorName(positions[i], p === 0 ? 'weight' : 'bias')
      const tensor = tensors.get(name)
      if (tensor === undefined || tensor.shape.join() !== shape.join())
        throw badInput(`tensor ${name} has the wrong shape`, { path: name, found: tensor?.shape.join(' × '), expected: shape.join(' × ') })
      const array = executor.allocate(tensor.data.length)
      array.set(tensor.data)
      return array
    }),
  )
  const last = layers[layers.length - 1]
  const classes = last.type === 'dense' ? last.units : 0
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes }, executor)
  model.restore(values)
  return model
}

const tensorName = (position: number, kind: 'weight' | 'bias'): string => `${position}.${kind}`

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
  const architecture: Architecture = []
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

/** Takes the sizes of a layer from its tensors and strikes them off `unused`. */
function layerSpec(
  entry: Architecture[number],
  position: number,
  tensors: ReadonlyMap<string, StateTensor>,
  unused: Set<string>,
): LayerSpec {
  if (entry.type !== 'dense' && entry.type !== 'conv2d') return entry
  const name = tensorName(position, 'weight')
  const rank = entry.type === 'dense' ? 2 : 4
  const expected = entry.type === 'dense' ? 'out × in' : 'out × in × height × width'
  const weight = tensors.get(name)
  if (weight === undefined)
    throw badInput(`the model file has no tensor ${name} for layer ${position} (${entry.type})`, {
      path: name,
      expected,
      nearest: nearestName(name, unused) ?? [...unused][0],
    })
  if (weight.shape.length !== rank)
    throw badInput(`tensor ${name} has the wrong shape`, { path: name, found: weight.shape.join(' × '), expected })
  const bias = tensors.has(tensorName(position, 'bias'))
  unused.delete(name)
  unused.delete(tensorName(position, 'bias'))
  const [out, , height, width] = weight.shape
  if (entry.type === 'dense') return { type: 'dense', units: out, bias }
  if (height !== width) throw unsupported(`tensor ${name}: only square kernels can be read`, { path: name, found: `${height} × ${width}` })
  return { ...entry, filters: out, kernel: height, bias }
}
