import { badInput, unsupported } from '../core/errors'
import type { StateTensor } from './fromStateDict'
import { planAll } from './layers'
import { normalizationEpsilon } from './layers/normalization'
import type { LayerSpec } from './model'

/** What a layer gets. */
export interface Sample {
  /** channels first */
  readonly shape: readonly number[]
  /** shape before a flattening, whose order a dense layer's weights follow; null elsewhere */
  readonly flattened: readonly number[] | null
}

export interface KerasLayer {
  /** with their tensors by name in torch */
  readonly layers: readonly { readonly layer: LayerSpec; readonly tensors?: Readonly<Record<string, StateTensor>> }[]
  readonly sample: Sample
}

type Config = Readonly<Record<string, unknown>>
type Weights = (name: string) => StateTensor

/** What makes one of our layers, or two with an activation, of one of Keras; refuses what has no counterpart. */
export function kerasLayer(kind: string, config: Config, sample: Sample, weight: Weights): KerasLayer {
  const name = String(config.name)
  const make = makers[kind]
  if (make === undefined)
    throw unsupported(`layer ${name} (${kind}) of the Keras model is unknown here`, {
      path: name,
      found: kind,
      expected: Object.keys(makers).join(' · '),
    })
  for (const key of ['data_format'] as const)
    if (config[key] !== undefined && config[key] !== 'channels_last') throw refuse(config, key, config[key], 'channels_last')
  const layers = [...make(config, sample, weight), ...activation(config, kind)]
  const kept = layers.map(({ layer }) => layer)
  const shape = planAll(kept, sample.shape).at(-1)?.outputShape ?? sample.shape
  const flattened =
    kind === 'Flatten' ? sample.shape : kind === 'Dropout' || kind === 'Activation' || kind === 'ReLU' ? sample.flattened : null
  return { layers, sample: { shape, flattened } }
}

const refuse = (config: Config, key: string, found: unknown, expected: string) =>
  unsupported(`layer ${String(config.name)}: ${key} ${JSON.stringify(found)} cannot be imported`, {
    path: `${String(config.name)}.${key}`,
    found: JSON.stringify(found),
    expected,
  })

type Maker = (config: Config, sample: Sample, weight: Weights) => KerasLayer['layers']

const makers: Readonly<Record<string, Maker>> = {
  Dense: (config, { shape, flattened }, weight) => {
    const kernel = weight('kernel')
    const [rows, units] = kernel.shape
    if (rows !== shape[shape.length - 1])
      throw badInput(`layer ${String(config.name)}: the kernel does not fit what the layer gets`, {
        path: String(config.name),
        found: `${rows} inputs`,
        expected: `${shape[shape.length - 1]}`,
      })
    const order = flattened === null ? (i: number) => i : channelsLastPlace(flattened)
    const data = new Float32Array(rows * units)
    for (let u = 0; u < units; u++) for (let i = 0; i < rows; i++) data[u * rows + i] = kernel.data[order(i) * units + u]
    const bias = config.use_bias !== false
    return [{ layer: { type: 'dense', units, ...(bias ? {} : { bias }) }, tensors: withBias({ shape: [units, rows], data }, bias, weight) }]
  },
  Conv2D: (config, { shape }, weight) => convolution(config, shape, weight, 2),
  Conv1D: (config, { shape }, weight) => convolution(config, shape, weight, 1),
  MaxPooling2D: (config) => pooling('maxpool2d', config, 2),
  AveragePooling2D: (config) => pooling('avgpool2d', config, 2),
  MaxPooling1D: (config) => pooling('maxpool1d', config, 1),
  AveragePooling1D: (config) => pooling('avgpool1d', config, 1),
  GlobalAveragePooling2D: () => [{ layer: { type: 'globalavgpool' } }],
  GlobalAveragePooling1D: () => [{ layer: { type: 'globalavgpool' } }],
  Flatten: (_config, { shape }) => (shape.length > 1 ? [{ layer: { type: 'flatten' } }] : []),
  Dropout: ({ rate }) => (typeof rate === 'number' && rate > 0 ? [{ layer: { type: 'dropout', rate } }] : []),
  ReLU: (config) => {
    for (const key of ['max_value', 'negative_slope', 'threshold'] as const) {
      const value = Array.isArray(config[key]) ? (config[key] as unknown[])[0] : config[key]
      if (typeof value === 'number' && value !== 0) throw refuse(config, key, config[key], 'a plain ReLU')
    }
    return [{ layer: { type: 'relu' } }]
  },
  Activation: () => [],
  BatchNormalization: (config, { shape }, weight) => {
    const channels = shape[0]
    const axis = Array.isArray(config.axis) ? (config.axis as unknown[])[0] : config.axis
    if (axis !== undefined && axis !== -1 && axis !== shape.length) throw refuse(config, 'axis', config.axis, 'the last')
    const filled = (value: number): StateTensor => ({ shape: [channels], data: new Float32Array(channels).fill(value) })
    const epsilon = typeof config.epsilon === 'number' ? config.epsilon : 1e-3
    // The same values come out where the difference of the two constants is part of the variance.
    const variance = weight('moving_variance')
    return [
      {
        layer: { type: 'batchnorm' },
        tensors: {
          weight: config.scale === false ? filled(1) : weight('gamma'),
          bias: config.center === false ? filled(0) : weight('beta'),
          running_mean: weight('moving_mean'),
          running_var: { ...variance, data: Float32Array.from(variance.data, (value) => value + epsilon - normalizationEpsilon) },
        },
      },
    ]
  },
}

function activation(config: Config, kind: string): KerasLayer['layers'] {
  const { activation: given } = config
  if (given === undefined || given === 'linear') return []
  if (given === 'relu' || given === 'tanh') return [{ layer: { type: given } }]
  if (given === 'gelu') return [{ layer: { type: 'gelu' } }]
  // The probabilities of a classifier: the layer is left out anyway, or its logits do.
  if (given === 'softmax' && (kind === 'Dense' || kind === 'Activation')) return []
  throw refuse(config, 'activation', given, 'linear · relu · tanh · gelu · softmax at the end')
}

function withBias(weight: StateTensor, bias: boolean, read: Weights): Readonly<Record<string, StateTensor>> {
  return bias ? { weight, bias: read('bias') } : { weight }
}

/** Place in an array of h × w × c of the value at i in one of c × h × w. */
function channelsLastPlace([channels, ...sizes]: readonly number[]): (i: number) => number {
  const places = sizes.reduce((a, b) => a * b, 1)
  return (i) => (i % places) * channels + Math.floor(i / places)
}

function convolution(config: Config, shape: readonly number[], weight: Weights, axes: 1 | 2): KerasLayer['layers'] {
  const kernel = one(config, 'kernel_size', axes)
  const stride = one(config, 'strides', axes, 1)
  if (one(config, 'dilation_rate', axes, 1) !== 1) throw refuse(config, 'dilation_rate', config.dilation_rate, '1')
  if (config.groups !== undefined && config.groups !== 1) throw refuse(config, 'groups', config.groups, '1')
  const same = config.padding === 'same'
  if (!same && config.padding !== undefined && config.padding !== 'valid') throw refuse(config, 'padding', config.padding, 'same · valid')
  if (same && (kernel % 2 === 0 || stride > 1))
    throw refuse(config, 'padding', config.padding, 'valid, or same with stride 1 and an odd kernel')
  const source = weight('kernel')
  const [channels, filters] = source.shape.slice(-2)
  if (channels !== shape[0])
    throw badInput(`layer ${String(config.name)}: the kernel reads ${channels} channels, and the layer gets ${shape[0]}`, {
      path: String(config.name),
      found: String(channels),
      expected: String(shape[0]),
    })
  const places = kernel ** axes
  const data = new Float32Array(filters * channels * places)
  for (let f = 0; f < filters; f++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < places; p++) data[(f * channels + c) * places + p] = source.data[(p * channels + c) * filters + f]
  const size = [filters, channels, ...new Array<number>(axes).fill(kernel)]
  const bias = config.use_bias !== false
  const layer: LayerSpec = {
    type: axes === 2 ? 'conv2d' : 'conv1d',
    filters,
    kernel,
    ...(stride > 1 && { stride }),
    ...(same && kernel > 1 && { padding: (kernel - 1) / 2 }),
    ...(bias ? {} : { bias }),
  }
  return [{ layer, tensors: withBias({ shape: size, data }, bias, weight) }]
}

function pooling(type: 'maxpool1d' | 'maxpool2d' | 'avgpool1d' | 'avgpool2d', config: Config, axes: 1 | 2): KerasLayer['layers'] {
  const size = one(config, 'pool_size', axes, 2)
  const stride = config.strides === null || config.strides === undefined ? size : one(config, 'strides', axes)
  if (config.padding === 'same') throw refuse(config, 'padding', 'same', 'valid')
  return [{ layer: { type, size, ...(stride !== size && { stride }) } }]
}

/** A size that is the same along all axes. */
function one(config: Config, key: string, axes: number, preset?: number): number {
  const given = config[key] ?? preset
  const values: readonly unknown[] = Array.isArray(given) ? given : new Array<unknown>(axes).fill(given)
  const [first] = values
  if (typeof first !== 'number' || values.some((value) => value !== first)) throw refuse(config, key, given, 'one number for all axes')
  return first
}
