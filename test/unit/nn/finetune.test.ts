import { createReferenceExecutor } from '@backends/reference/executor'
import { createExecutor } from '@backends/registry'
import { randomFrom } from '@engine/core/random'
import type { Rows } from '@engine/data/dataset'
import { identityScaling } from '@engine/data/gather'
import { layersOf, withoutHead } from '@engine/nn/architectures'
import { createBackbone, type Backbone } from '@engine/nn/backbone'
import { createModel } from '@engine/nn/createModel'
import type { Executor } from '@engine/nn/executor'
import type { FitOptions, FitSummary, LayerSpec, Model } from '@engine/nn/model'
import type { FinetuneSpec, HiddenModel } from '@engine/study/spec'
import { describe, expect, it } from 'vitest'
import { refusal } from '../../support/errors'
import { relativeError } from '../../support/graphs'

const inputShape = [2, 4, 4]
const classes = 3
const resnet: HiddenModel = { type: 'resnet', widths: [4, 6], blocks: 1, dropout: 0, init: 'he-uniform' }
const spec: FinetuneSpec = {
  type: 'finetune',
  backbone: 'b',
  tuning: 'ft',
  headEpochs: 5,
  headLearningRate: 0.05,
  dropout: 0,
  init: 'he-uniform',
}
const options: FitOptions = {
  optimizer: 'sgd',
  learningRate: 0.01,
  milestones: [],
  decay: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 0,
  batchSize: 8,
  epochs: 3,
  minSteps: 0,
  augment: 'none',
  tuning: { method: 'ft', headEpochs: 5, headLearningRate: 0.05 },
}
const lpFt: FitOptions = { ...options, tuning: { method: 'lp-ft', headEpochs: 5, headLearningRate: 0.05 } }

const rows: Rows = (() => {
  const random = randomFrom('rows')
  const data = Float64Array.from({ length: 20 * 32 }, () => random.normal())
  return { pool: { data, rows: 20, shape: inputShape }, scaling: identityScaling, index: Int32Array.from({ length: 20 }, (_, i) => i) }
})()
const labels = Int32Array.from({ length: 20 }, (_, i) => i % classes)

const streams = () => {
  const random = randomFrom('fit')
  return { order: random.fork('order'), dropout: random.fork('dropout'), augment: random.fork('augment') }
}

/** Weights of a network that has seen some batches: running statistics that are neither 0 nor 1. */
async function pretrained(executor: Executor): Promise<Backbone> {
  const layers = layersOf(resnet, inputShape, 5)
  const model = createModel({ layers, init: 'he-uniform', inputShape, classes: 5 }, executor)
  model.initialize(randomFrom('source'))
  await fit(
    model,
    { ...options, tuning: undefined },
    Int32Array.from({ length: 20 }, (_, i) => i % 5),
  )
  const values = await model.snapshot()
  return createBackbone({
    name: 'source',
    layers: withoutHead(layers),
    inputShape,
    scaling: identityScaling,
    weights: model.state.slice(0, -2).map(({ name, shape }, i) => ({ name, shape, data: Float32Array.from(values[i]) })),
  })
}

const layersFor = (backbone: Backbone): LayerSpec[] => layersOf(spec, inputShape, classes, backbone)

function tuned(backbone: Backbone, executor: Executor): Model {
  const model = createModel({ layers: layersFor(backbone), init: 'he-uniform', inputShape, classes, backbone }, executor)
  model.initialize(randomFrom('head'), 'pretrained')
  return model
}

async function fit(model: Model, given: FitOptions, targets = labels): Promise<FitSummary & { reports: number[] }> {
  const run = model.fit(rows, targets, given, streams())
  const reports: number[] = []
  for (;;) {
    const next = await run.next()
    if (next.done) return { ...next.value, reports }
    reports.push(next.value.epoch)
    expect(next.value.epochs).toBeGreaterThan(next.value.epoch)
  }
}

describe('a model with a backbone', () => {
  it('starts from its weights, below a head of its own', async () => {
    const executor = createReferenceExecutor()
    const backbone = await pretrained(executor)
    const model = tuned(backbone, executor)
    await fit(model, options)
    model.initialize(randomFrom('another round'), 'pretrained')
    const values = await model.snapshot()
    backbone.weights.forEach(({ data }, i) => expect(Float32Array.from(values[i])).toEqual(data))
    expect(values).toHaveLength(backbone.weights.length + 2)
    model.initialize(randomFrom('another round'))
    const fresh = await model.snapshot()
    expect(fresh.at(-2)).toEqual(values.at(-2))
    expect(fresh[0]).not.toEqual(values[0])
  })

  it('gives the backbone the width and id of its content', async () => {
    const backbone = await pretrained(createReferenceExecutor())
    expect(backbone.width).toBe(6)
    const again = createBackbone({ ...backbone, name: 'other', weights: backbone.weights.toReversed() })
    expect(again.id).toBe(backbone.id)
    expect(createBackbone({ ...backbone, scaling: { ...identityScaling, shift: Float64Array.of(1) } }).id).not.toBe(backbone.id)
  })

  it('leaves everything below the head as it is while the head is trained, statistics of batches included', async () => {
    const executor = createReferenceExecutor()
    const backbone = await pretrained(executor)
    const model = tuned(backbone, executor)
    const [before, headBefore] = [await model.snapshot(), (await model.lastLayer()).weight.data.slice()]
    // Nothing follows the head's epochs when the rate of everything else is this small.
    const summary = await fit(model, {
      ...lpFt,
      epochs: 1,
      learningRate: 1e-30,
      tuning: { method: 'lp-ft', headEpochs: 5, headLearningRate: 0.05 },
    })
    const after = await model.snapshot()
    model.state.forEach(({ buffer }, i) => {
      if (i < backbone.weights.length && buffer !== true) expect(after[i]).toEqual(before[i])
    })
    expect((await model.lastLayer()).weight.data).not.toEqual(headBefore)
    expect(summary).toMatchObject({ epochs: 6, steps: 18 })
    expect(summary.lossCurve).toHaveLength(6)
    expect(summary.reports).toEqual([0, 1, 2, 3, 4, 5])
    // What follows at a usable rate changes every one of them.
    await fit(model, lpFt)
    const tunedValues = await model.snapshot()
    model.state.forEach((_, i) => expect(tunedValues[i]).not.toEqual(before[i]))
  })

  it('computes the features of the head’s training once, and freezes its statistics', async () => {
    const inner = createReferenceExecutor()
    const backbone = await pretrained(inner)
    let passes = 0
    const states: unknown[] = []
    const counting: Executor = {
      ...inner,
      compile: async (graph, parameters) => {
        const program = await inner.compile(graph, parameters)
        return { ...program, run: (...request) => (passes++, program.run(...request)) }
      },
    }
    const model = tuned(backbone, counting)
    const run = model.fit(rows, labels, { ...lpFt, tuning: { method: 'lp-ft', headEpochs: 50, headLearningRate: 0.05 } }, streams())
    for (let epoch = 0; epoch < 50; epoch++) {
      await run.next()
      if (epoch === 49) states.push(await model.snapshot())
    }
    expect(passes).toBe(1)
    const values = states[0] as Float64Array[]
    backbone.weights.forEach(({ data }, i) => expect(Float32Array.from(values[i])).toEqual(data))
    await run.return(undefined as never)
  })

  it('trains the head at its own rate', async () => {
    const executor = createReferenceExecutor()
    const backbone = await pretrained(executor)
    const change = async (rate: number): Promise<{ head: number; below: number }> => {
      const model = tuned(backbone, executor)
      const before = await model.snapshot()
      await fit(model, {
        ...options,
        momentum: 0,
        epochs: 1,
        batchSize: 20,
        tuning: { method: 'ft', headEpochs: 0, headLearningRate: rate },
      })
      const after = await model.snapshot()
      return { head: after.at(-2)[0] - before.at(-2)[0], below: after[0][0] - before[0][0] }
    }
    const [slow, fast] = [await change(0.01), await change(0.05)]
    expect(fast.head / slow.head).toBeCloseTo(5, 6)
    expect(fast.below).toBe(slow.below)
  })

  it('follows the same batches with and without the head’s own training', async () => {
    const executor = createReferenceExecutor()
    const backbone = await pretrained(executor)
    // A head that hardly moves in its own training leaves the rest what it would have been.
    const still = tuned(backbone, executor)
    const frozen = { method: 'lp-ft', headEpochs: 2, headLearningRate: 1e-300 } as const
    await fit(still, { ...options, tuning: frozen })
    const reference = tuned(backbone, executor)
    await fit(reference, { ...options, tuning: { ...frozen, method: 'ft' } })
    expect((await still.snapshot()).slice(0, -2)).toEqual((await reference.snapshot()).slice(0, -2))
  })

  it.each(['onnx-native', 'onnx-wasm'] as const)('ends with the numbers of float64 on %s', async (id) => {
    const [oracle, executor] = [createReferenceExecutor(), await createExecutor(id)]
    const backbone = await pretrained(oracle)
    for (const given of [options, lpFt, { ...lpFt, optimizer: 'adamw', weightDecay: 0.1, momentum: 0 } as const]) {
      const [expected, found] = [tuned(backbone, oracle), tuned(backbone, executor)]
      await fit(expected, given)
      await fit(found, given)
      const [a, b] = [await found.outputs(rows), await expected.outputs(rows)]
      expect(relativeError(a.logits.data, b.logits.data)).toBeLessThan(2e-3)
      expected.dispose()
      found.dispose()
    }
    executor.dispose()
  })

  it('refuses samples of another shape, tensors that do not fit, and numbers that are none', async () => {
    const backbone = await pretrained(createReferenceExecutor())
    for (const shape of [[1, 4, 4], [2, 8, 8], [32]]) {
      const error = await refusal(() => layersOf(spec, shape, classes, backbone))
      expect(error.code).toBe('bad-input')
      expect(error.details).toMatchObject({ path: 'model.backbone', found: `samples of shape ${shape.join(' × ')}` })
    }
    const [first, ...rest] = backbone.weights
    const made = (weights: Backbone['weights']) => refusal(() => createBackbone({ ...backbone, weights }))
    expect((await made(rest)).details.path).toBe(first.name)
    expect((await made([{ ...first, shape: [1] }, ...rest])).message).toContain('wrong shape')
    expect((await made([...backbone.weights, { ...first, name: '99.weight' }])).message).toContain('no layer')
    expect((await made([{ ...first, data: first.data.map(() => NaN) }, ...rest])).message).toContain('finite')
  })
})
