import { createReferenceExecutor } from '@backends/reference/executor'
import { randomFrom } from '@engine/core/random'
import { identityScaling } from '@engine/data/gather'
import { modelFromArrays } from '@engine/nn/fromStateDict'
import type { FitOptions } from '@engine/nn/model'
import { expect, it } from 'vitest'
import fixture from '../fixtures/torchTraining.json' with { type: 'json' }
import { relativeError } from '../support/graphs'

const architectures = {
  mlp: [{ type: 'dense' }, { type: 'relu' }, { type: 'dense' }, { type: 'tanh' }, { type: 'dense' }],
  cnn: [
    { type: 'conv2d', padding: 1 },
    { type: 'maxpool2d', size: 2 },
    { type: 'relu' },
    { type: 'conv2d' },
    { type: 'flatten' },
    { type: 'dense' },
  ],
}

const sgd = { optimizer: 'sgd', learningRate: 0.05, momentum: 0.9, nesterov: false, weightDecay: 0 } as const
const optimizers: Record<keyof typeof fixture.mlp.runs, Partial<FitOptions>> = {
  sgd: { ...sgd, learningRate: 0.1, momentum: 0, weightDecay: 0.01 },
  momentum: sgd,
  nesterov: { ...sgd, nesterov: true, weightDecay: 0.01 },
  adam: { optimizer: 'adam', learningRate: 0.01, weightDecay: 0.02 },
  adamw: { optimizer: 'adamw', learningRate: 0.01, weightDecay: 0.1 },
}

interface Stored {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}
const tensorsOf = (stored: Readonly<Record<string, Stored>>) =>
  new Map(Object.entries(stored).map(([name, { shape, data }]) => [name, { shape, data: Float64Array.from(data) }]))

interface Task {
  readonly architecture: unknown
  readonly x: Stored
  readonly labels: readonly number[]
  readonly start: Readonly<Record<string, Stored>>
}

/** The model after 5 steps on all rows. */
async function trained({ architecture, x, labels, start }: Task, changed: Partial<FitOptions>, precision: 'float64' | 'float32') {
  const [n, ...inputShape] = x.shape
  const model = await modelFromArrays({ architecture, tensors: tensorsOf(start), inputShape }, createReferenceExecutor(precision))
  const rows = {
    pool: { data: Float64Array.from(x.data), rows: n, shape: inputShape },
    scaling: identityScaling,
    index: Int32Array.from(labels, (_, i) => i),
  }
  const options: FitOptions = {
    optimizer: 'sgd',
    learningRate: 0,
    milestones: [],
    decay: 1,
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    batchSize: n,
    epochs: 5,
    minSteps: 0,
    augment: 'none',
    ...changed,
  }
  const random = randomFrom(1)
  const fit = model.fit(rows, Int32Array.from(labels), options, { order: random, dropout: random, augment: random })
  const losses: number[] = []
  for await (const { loss } of fit) losses.push(loss)
  return { model, rows, losses }
}

const cases = (['mlp', 'cnn'] as const).flatMap((network) =>
  (Object.keys(optimizers) as (keyof typeof optimizers)[]).flatMap((optimizer) => [
    { network, optimizer, precision: 'float64' as const, tolerance: 1e-12 },
    { network, optimizer, precision: 'float32' as const, tolerance: 1e-5 },
  ]),
)

it.each(cases)(
  '5 steps of $optimizer on the $network in $precision end where torch ends',
  async ({ network, optimizer, precision, tolerance }) => {
    const { runs } = fixture[network]
    const { model, losses } = await trained({ ...fixture[network], architecture: architectures[network] }, optimizers[optimizer], precision)
    expect(relativeError(losses, runs[optimizer].losses)).toBeLessThan(tolerance)
    const expected = [...tensorsOf(runs[optimizer].weights).values()]
    for (const [i, values] of (await model.snapshot()).entries()) expect(relativeError(values, expected[i].data)).toBeLessThan(tolerance)
  },
)

it.each(['resnet', 'cnn1d', 'vit', 'groups', 'text'] as const)(
  'the layers of a %s train as in torch, remember its statistics and use them in inference',
  async (name) => {
    const { losses: expectedLosses, weights, outputs, ...task } = fixture.layers[name]
    const { model, rows, losses } = await trained(task, { optimizer: 'adam', learningRate: 0.01 }, 'float64')
    expect(relativeError(losses, expectedLosses)).toBeLessThan(1e-11)
    const expected = tensorsOf(weights)
    for (const [i, values] of (await model.snapshot()).entries()) {
      const { name } = model.state[i]
      expect(relativeError(values, expected.get(name)?.data ?? []), name).toBeLessThan(1e-9)
    }
    expect(relativeError((await model.outputs(rows)).logits.data, outputs)).toBeLessThan(1e-9)
  },
)
