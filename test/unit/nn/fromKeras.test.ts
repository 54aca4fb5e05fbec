import * as tf from '@tensorflow/tfjs'
import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { createModel } from '@engine/nn/createModel'
import { layersFromKeras, weightsOfManifest } from '@engine/nn/fromKeras'
import { describe, expect, it } from 'vitest'
import { refusal } from '../../support/errors'

type Entry = { class_name: string; config: Record<string, unknown>; inbound_nodes?: unknown[] }
const random = randomFrom('keras')
const shapes: Record<string, number[]> = {
  'conv/kernel': [3, 3, 2, 3],
  'conv/bias': [3],
  'norm/gamma': [3],
  'norm/beta': [3],
  'norm/moving_mean': [3],
  'norm/moving_variance': [3],
  'dense/kernel': [12, 4],
  'dense/bias': [4],
  'head/kernel': [4, 2],
  'head/bias': [2],
}
const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
const values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape]) => [
    name,
    Float32Array.from({ length: size(shape) }, () => (name.endsWith('variance') ? 0.5 + random.next() : random.normal())),
  ]),
)
const entries: Entry[] = [
  {
    class_name: 'Conv2D',
    config: {
      name: 'conv',
      batch_input_shape: [null, 4, 4, 2],
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: 'same',
      activation: 'linear',
      data_format: 'channels_last',
    },
  },
  { class_name: 'BatchNormalization', config: { name: 'norm', axis: [3], epsilon: 0.001 } },
  { class_name: 'Activation', config: { name: 'act', activation: 'relu' } },
  { class_name: 'MaxPooling2D', config: { name: 'pool', pool_size: [2, 2], strides: [2, 2], padding: 'valid' } },
  { class_name: 'Flatten', config: { name: 'flat' } },
  { class_name: 'Dense', config: { name: 'dense', units: 4, activation: 'tanh' } },
  { class_name: 'Dropout', config: { name: 'drop', rate: 0.5 } },
  { class_name: 'Dense', config: { name: 'head', units: 2, activation: 'softmax' } },
]
const modelJson = (layers: Entry[] = entries, more: Record<string, unknown> = {}) => ({
  modelTopology: { model_config: { class_name: 'Sequential', config: { name: 'model', layers } } },
  weightsManifest: [
    { paths: ['a.bin', 'b.bin'], weights: Object.entries(shapes).map(([name, shape]) => ({ name, shape, dtype: 'float32', ...more })) },
  ],
})
const bytes = new Uint8Array(Object.values(values).flatMap((array) => [...new Uint8Array(array.buffer)]))
const files: Record<string, Uint8Array> = { 'a.bin': bytes.subarray(0, 101), 'b.bin': bytes.subarray(101) }
const read = (file: string): Uint8Array => files[file]

/** The network on an image of h × w × c, written out as Keras computes it. */
function expected(image: (y: number, x: number, c: number) => number): number[] {
  const k = values['conv/kernel']
  const after = (y: number, x: number, f: number): number => {
    let sum = values['conv/bias'][f]
    for (let dy = 0; dy < 3; dy++)
      for (let dx = 0; dx < 3; dx++)
        for (let c = 0; c < 2; c++) {
          const [yy, xx] = [y + dy - 1, x + dx - 1]
          if (yy >= 0 && yy < 4 && xx >= 0 && xx < 4) sum += image(yy, xx, c) * k[((dy * 3 + dx) * 2 + c) * 3 + f]
        }
    const scaled = (sum - values['norm/moving_mean'][f]) / Math.sqrt(values['norm/moving_variance'][f] + 0.001)
    return Math.max(0, scaled * values['norm/gamma'][f] + values['norm/beta'][f])
  }
  const flat: number[] = []
  for (let y = 0; y < 2; y++)
    for (let x = 0; x < 2; x++)
      for (let f = 0; f < 3; f++)
        flat.push(Math.max(after(2 * y, 2 * x, f), after(2 * y, 2 * x + 1, f), after(2 * y + 1, 2 * x, f), after(2 * y + 1, 2 * x + 1, f)))
  return Array.from({ length: 4 }, (_, u) =>
    Math.tanh(flat.reduce((sum, value, i) => sum + value * values['dense/kernel'][i * 4 + u], values['dense/bias'][u])),
  )
}

/** Features of one sample, channels first. */
async function embeddingOf(
  { layers, state, inputShape }: ReturnType<typeof layersFromKeras>,
  data: Float64Array,
): Promise<ArrayLike<number>> {
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes: 2 }, createReferenceExecutor())
  model.restore(model.state.map(({ name }) => state.find((tensor) => tensor.name === name)?.data ?? new Float32Array(0)))
  const pool = { data, rows: 1, shape: inputShape }
  const { embedding } = await model.outputs({ pool, scaling: identityScaling, index: Int32Array.of(0) })
  return embedding.data
}

describe('layersFromKeras', () => {
  it('computes what Keras does, with channels first', async () => {
    const network = layersFromKeras(modelJson(), weightsOfManifest(modelJson(), read))
    const { layers, inputShape } = network
    expect(inputShape).toEqual([2, 4, 4])
    expect(layers.map(({ type }) => type)).toEqual([
      'conv2d',
      'batchnorm',
      'relu',
      'maxpool2d',
      'flatten',
      'dense',
      'tanh',
      'dropout',
      'dense',
    ])
    const data = Float64Array.from({ length: 32 }, () => random.normal())
    const got = await embeddingOf(network, data)
    const wanted = expected((y, x, c) => data[c * 16 + y * 4 + x])
    wanted.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 6))
  })

  it('reads what TensorFlow.js itself saves, and computes the same', async () => {
    const network = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 4, 2], filters: 3, kernelSize: 3, padding: 'same', useBias: false }),
        tf.layers.batchNormalization({ movingVarianceInitializer: tf.initializers.constant({ value: 0.7 }) }),
        tf.layers.reLU(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 5, activation: 'tanh' }),
        tf.layers.dense({ units: 2, activation: 'softmax' }),
      ],
    })
    let saved: tf.io.ModelArtifacts = {}
    const modelArtifactsInfo = { dateSaved: new Date(0), modelTopologyType: 'JSON' as const }
    await network.save(tf.io.withSaveHandler((artifacts) => ((saved = artifacts), Promise.resolve({ modelArtifactsInfo }))))
    const json = { modelTopology: saved.modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: saved.weightSpecs }] }
    const read = layersFromKeras(
      json,
      weightsOfManifest(json, () => new Uint8Array(saved.weightData as ArrayBuffer)),
    )
    const [x, y, c] = [4, 6, 2]
    const data = Float64Array.from({ length: x * y * c }, () => random.normal())
    const channelsLast = Float32Array.from(data, (_, i) => data[(i % c) * x * y + Math.floor(i / c)])
    const hidden = tf.model({ inputs: network.inputs, outputs: network.layers[5].output })
    const wanted = (hidden.predict(tf.tensor(channelsLast, [1, y, x, c])) as tf.Tensor).dataSync()
    const got = await embeddingOf(read, data)
    expect(got).toHaveLength(5)
    wanted.forEach((value, i) => expect(got[i]).toBeCloseTo(value, 5))
  })

  it('takes a first layer that rescales for the scaling of inputs', () => {
    const rescaling = (config: object): Entry => ({
      class_name: 'Rescaling',
      config: { name: 'rescaling', batch_input_shape: [null, 4, 4, 2], ...config },
    })
    const from = (...first: Entry[]) => layersFromKeras(modelJson([...first, ...entries]), weightsOfManifest(modelJson(), read))
    const network = from(rescaling({ scale: 0.25, offset: -1 }))
    expect(network.scaling).toEqual({ shift: [4], scale: [0.25] })
    expect(network.layers).toEqual(from().layers)
    expect(() => from(rescaling({ scale: [0.25, 0.5], offset: 0 }))).toThrow('only one scale and one offset')
    expect(() => from(rescaling({ scale: 2 }), rescaling({ scale: 2 }))).toThrow('rescaling (Rescaling) of the Keras model is unknown here')
  })

  it('reads a functional chain', () => {
    const chain = entries.map((entry, i) => ({ ...entry, inbound_nodes: i === 0 ? [] : [[[entries[i - 1].config.name, 0, 0, {}]]] }))
    expect(layersFromKeras(modelJson(chain), weightsOfManifest(modelJson(), read)).layers).toHaveLength(9)
  })

  it.each([
    ['an unknown layer', { class_name: 'LSTM', config: { name: 'lstm' } }, 'lstm', 'LSTM'],
    ['a stride with same padding', { class_name: 'Conv2D', config: { ...entries[0].config, strides: [2, 2] } }, 'conv.padding', '"same"'],
    ['unlike sides', { class_name: 'Conv2D', config: { ...entries[0].config, kernel_size: [3, 1] } }, 'conv.kernel_size', '[3,1]'],
    [
      'channels first',
      { class_name: 'Conv2D', config: { ...entries[0].config, data_format: 'channels_first' } },
      'conv.data_format',
      '"channels_first"',
    ],
    [
      'a branch',
      {
        ...entries[0],
        inbound_nodes: [
          [
            ['a', 0, 0, {}],
            ['b', 0, 0, {}],
          ],
        ],
      },
      'conv',
      'a, b',
    ],
  ] as const)('refuses %s by name', async (_, entry, path, found) => {
    const json = modelJson([entry as unknown as Entry, ...entries.slice(1)])
    const error = await refusal(() => layersFromKeras(json, weightsOfManifest(json, read), [2, 4, 4]))
    expect(error.code).toBe('unsupported')
    expect(error.details).toMatchObject({ path, found })
  })

  it('refuses files that are cut off, quantised or elsewhere, graph models, and unknown shapes', async () => {
    const from = (json: unknown, reader = read) => refusal(() => weightsOfManifest(json, reader))
    expect((await from(modelJson(), () => bytes.subarray(0, 40))).message).toContain('cut off')
    expect((await from(modelJson(entries, { quantization: { dtype: 'uint8' } }))).details.found).toBe('quantised')
    const outside = { ...modelJson(), weightsManifest: [{ paths: ['../x.bin'], weights: [] }] }
    expect((await from(outside)).message).toContain('beside')
    expect((await from({ format: 'graph-model' })).message).toContain('not a Keras layers model')
    const open = [{ ...entries[0], config: { ...entries[0].config, batch_input_shape: [null, null, null, 2] } }, ...entries.slice(1)]
    const error = await refusal(() => layersFromKeras(modelJson(open), weightsOfManifest(modelJson(), read)))
    expect(error.details.path).toBe('batch_input_shape')
  })
})
