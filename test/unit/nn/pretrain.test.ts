import { createReferenceExecutor } from '@backends/reference/executor'
import { createExecutor } from '@backends/registry'
import { randomFrom } from '@engine/core/random'
import type { Dataset } from '@engine/data/dataset'
import { datasetPart } from '@engine/data/part'
import { layersOf } from '@engine/nn/architectures'
import { createBackbone, type Backbone } from '@engine/nn/backbone'
import { contrastiveFeeds, traceContrastive } from '@engine/nn/contrastive'
import { createModel, hitRate } from '@engine/nn/createModel'
import type { EpochStats } from '@engine/nn/model'
import { planNetwork } from '@engine/nn/network'
import { pretrain, type PretrainHost } from '@engine/nn/pretrain'
import { randomViews } from '@engine/nn/views'
import type { FinetuneSpec, PretrainSpec } from '@engine/study/spec'
import { loadDataset } from '@main/node/datasets'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusal } from '../../support/errors'

const spec: PretrainSpec = {
  dataset: 'digits',
  method: 'supervised',
  model: { type: 'cnn', filters: [8, 16], hidden: [], dropout: 0, init: 'he-uniform' },
  optimizer: 'adam',
  learningRate: 0.003,
  weightDecay: 0,
  batchSize: 64,
  epochs: 6,
  augment: 'none',
  temperature: 0.5,
  seed: 0,
}

let digits: Dataset
let [source, target]: Dataset[] = []
beforeAll(async () => {
  digits = await loadDataset('digits', '.')
  source = datasetPart(digits, [0, 1, 2, 3, 4], 'source')
  target = datasetPart(digits, [5, 6, 7, 8, 9], 'target')
})

async function run(given: PretrainSpec, from: Dataset, host: PretrainHost): Promise<{ backbone: Backbone; epochs: EpochStats[] }> {
  const steps = pretrain(given, from, host)
  const epochs: EpochStats[] = []
  for (;;) {
    const next = await steps.next()
    if (next.done) return { backbone: createBackbone({ name: 'b', ...next.value }), epochs }
    epochs.push(next.value)
  }
}

/** Accuracy on other rows of a head that was trained on 20 of them. */
async function probed(backbone: Backbone, start: 'fresh' | 'pretrained', { train }: Dataset): Promise<number> {
  const executor = createReferenceExecutor('float32')
  const tuned: FinetuneSpec = {
    type: 'finetune',
    backbone: 'b',
    tuning: 'lp-ft',
    headEpochs: 200,
    headLearningRate: 0.02,
    dropout: 0,
    init: 'he-uniform',
  }
  const layers = layersOf(tuned, train.shape, 5, backbone)
  const model = createModel({ layers, init: 'he-uniform', inputShape: train.shape, classes: 5, backbone }, executor)
  model.initialize(randomFrom('head'), start)
  const rows = (from: number, to: number) => ({
    pool: train,
    scaling: backbone.scaling,
    index: Int32Array.from({ length: to - from }, (_, i) => from + i),
  })
  const random = randomFrom('probe')
  const fit = model.fit(
    rows(0, 20),
    train.labels.subarray(0, 20),
    {
      optimizer: 'adam',
      learningRate: 1e-4,
      milestones: [],
      decay: 1,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
      batchSize: 20,
      epochs: 1,
      minSteps: 0,
      augment: 'none',
      tuning: { method: 'lp-ft', headEpochs: 200, headLearningRate: 0.02 },
    },
    { order: random, dropout: random, augment: random },
  )
  while (!(await fit.next()).done);
  const { logits } = await model.outputs(rows(20, 520))
  return hitRate(logits, train.labels.subarray(20, 520))
}

describe('pretrain', () => {
  it.each(['supervised', 'simclr'] as const)('makes features that classes can be told by: %s', async (method) => {
    const executor = await createExecutor('onnx-native')
    const { backbone, epochs } = await run({ ...spec, method, epochs: method === 'simclr' ? 15 : 6 }, source, { executor })
    expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0].loss * 0.95)
    expect(backbone).toMatchObject({ inputShape: [1, 8, 8], width: 64, scaling: { scale: Float64Array.of(1 / 16) } })
    // Without labels also classes it has not seen; 900 images of 5 digits say little about the others' labels.
    const task = method === 'simclr' ? target : source
    const [fresh, tuned] = [await probed(backbone, 'fresh', task), await probed(backbone, 'pretrained', task)]
    expect(tuned).toBeGreaterThan(fresh + 0.03)
  })

  it.each(['supervised', 'simclr'] as const)('gives the same bytes for the same seed, others for another: %s', async (method) => {
    const executor = await createExecutor('onnx-native')
    const short = { ...spec, method, epochs: 1 }
    const ids: string[] = []
    for (const seed of [0, 0, 1]) ids.push((await run({ ...short, seed }, source, { executor })).backbone.id)
    expect(ids[1]).toBe(ids[0])
    expect(ids[2]).not.toBe(ids[0])
  })

  it('keeps statistics of normalisation, and leaves out dropout', async () => {
    const executor = createReferenceExecutor('float32')
    const wide = { ...spec, epochs: 1, model: { type: 'resnet', widths: [4], blocks: 1, dropout: 0.5, init: 'he-uniform' } as const }
    for (const method of ['supervised', 'simclr'] as const) {
      const few = datasetPart(digits, [0, 1], 'few')
      const { backbone } = await run({ ...wide, method }, few, { executor })
      expect(backbone.layers.at(-1)).toEqual({ type: 'globalavgpool' })
      const mean = backbone.weights.find(({ name }) => name.endsWith('running_mean'))
      expect(mean?.data.some((value) => value !== 0)).toBe(true)
    }
  })

  it('learns series and vectors without labels', async () => {
    const executor = createReferenceExecutor('float32')
    const rows = 40
    const random = randomFrom('series')
    for (const shape of [[2, 16], [12]]) {
      const size = shape.reduce((a, b) => a * b, 1)
      const centres = Float32Array.from({ length: 4 * size }, () => 2 * random.normal())
      const data = Float32Array.from({ length: rows * size }, (_, i) => centres[i % centres.length] + 0.2 * random.normal())
      const made: Dataset = {
        ...digits,
        kind: shape.length === 2 ? 'series' : 'vector',
        valueRange: null,
        train: { data, rows, shape, labels: new Int32Array(rows).fill(-1) },
        test: null,
      }
      const model = shape.length === 2 ? ({ type: 'cnn1d', filters: [8], kernel: 3 } as const) : ({ type: 'mlp', hidden: [8] } as const)
      const given = { ...spec, method: 'simclr', epochs: 20, batchSize: 16, model: { ...model, dropout: 0, init: 'he-uniform' } } as const
      const { epochs, backbone } = await run(given, made, { executor })
      expect(epochs[19].loss).toBeLessThan(epochs[0].loss)
      expect(backbone.width).toBe(8)
      const error = await refusal(() => run({ ...given, method: 'supervised' }, made, { executor }))
      expect(error.details).toMatchObject({ path: 'pretrain.method', expected: 'simclr' })
    }
  })

  it('stops when asked', async () => {
    const stop = new AbortController()
    const steps = pretrain(spec, source, { executor: createReferenceExecutor('float32'), signal: stop.signal })
    await steps.next()
    stop.abort()
    expect((await refusal(() => steps.next())).code).toBe('cancelled')
  })
})

describe('traceContrastive', () => {
  it('is NT-Xent of the projections', async () => {
    const executor = createReferenceExecutor()
    const network = planNetwork([{ type: 'dense', units: 2, bias: false }], [2], 2)
    const parameters = executor.parameters(network.state)
    parameters.write([Float64Array.of(1, 0, 0, 1)])
    const temperature = 0.5
    const points = [[1, 0], [0, 2], [3, 1], [-1, 1]] // prettier-ignore
    const program = await executor.compile(traceContrastive(network, 4, temperature), parameters)
    const [loss, grad] = [new Float64Array(1), new Float64Array(4)]
    const feeds = { x: Float64Array.from(points.flat()), ...contrastiveFeeds(4, executor.allocate) }
    await program.run(feeds, { loss, 'grad:0.weight': grad })
    const cosine = (a: number[], b: number[]): number => (a[0] * b[0] + a[1] * b[1]) / (Math.hypot(...a) * Math.hypot(...b)) / temperature
    const of = (i: number): number => {
      const others = [0, 1, 2, 3].filter((j) => j !== i)
      const sum = others.reduce((total, j) => total + Math.exp(cosine(points[i], points[j])), 0)
      return -Math.log(Math.exp(cosine(points[i], points[(i + 2) % 4])) / sum)
    }
    expect(loss[0]).toBeCloseTo([0, 1, 2, 3].reduce((total, i) => total + of(i), 0) / 4, 10)
    // The gradient, by central differences.
    for (let i = 0; i < 4; i++) {
      const at = async (step: number): Promise<number> => {
        const weights = Float64Array.of(1, 0, 0, 1)
        weights[i] += step
        parameters.write([weights])
        await program.run(feeds, { loss })
        return loss[0]
      }
      expect(grad[i]).toBeCloseTo(((await at(1e-5)) - (await at(-1e-5))) / 2e-5, 8)
    }
  })
})

describe('randomViews', () => {
  it('keeps images in their range but for noise, and hides a quarter of vectors and series', () => {
    const image = new Float64Array(2 * 48).fill(1)
    randomViews([3, 4, 4])(image, 2, randomFrom('views'))
    expect(Math.max(...image)).toBeLessThan(1.2)
    expect(Math.min(...image)).toBeGreaterThan(0.8)
    const hidden = (shape: number[], count: number): number => {
      const values = new Float64Array(count * shape.reduce((a, b) => a * b, 1)).fill(10)
      randomViews(shape)(values, count, randomFrom('views'))
      return values.filter((value) => Math.abs(value) < 1).length / values.length
    }
    expect(hidden([2, 16], 5)).toBe(0.25)
    expect(hidden([100], 50)).toBeCloseTo(0.25, 1)
  })
})
