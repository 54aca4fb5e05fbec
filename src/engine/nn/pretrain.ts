import { badInput, type CancelSignal } from '../core/errors'
import type { FloatArray } from '../core/matrix'
import { randomFrom } from '../core/random'
import type { Dataset, LabeledPool, Rows, Scaling } from '../data/dataset'
import { fitScaling } from '../data/scaling'
import type { PretrainSpec } from '../study/spec'
import { layersOf, withoutHead } from './architectures'
import { type Backbone, planTrunk } from './backbone'
import { trainContrastive } from './contrastive'
import { createModel, hitRate, paced } from './createModel'
import type { Executor, ParameterSpec } from './executor'
import { drawWeights } from './initialize'
import type { EpochStats, FitOptions, LayerSpec } from './model'
import { planNetwork } from './network'
import { optimizerRule } from './training'

/** A backbone before it has a name. */
export type Pretrained = Pick<Backbone, 'layers' | 'inputShape' | 'scaling' | 'weights'> & {
  /** mean over the last epoch */
  readonly loss: number
  /** on the source's test rows, with its own head; null without labels or test rows */
  readonly accuracy: number | null
}

export interface PretrainHost {
  readonly executor: Executor
  /** lets the host's event loop run, about every 20 ms */
  readonly pause?: () => Promise<void>
  readonly now?: () => number
  readonly signal?: CancelSignal
}

/** Numbers per sample that contrastive training compares. */
const projection = 64

/**
 * Trains a network on a source data set and leaves out its last layer: with labels (all training rows that have one), or by SimCLR
 * without (Chen et al. 2020). The inputs are scaled as a study of the source would; draws come from streams of the seed alone.
 */
export async function* pretrain(spec: PretrainSpec, source: Dataset, host: PretrainHost): AsyncGenerator<EpochStats, Pretrained> {
  const { train, kind, valueRange, classNames } = source
  const all = Int32Array.from({ length: train.rows }, (_, row) => row)
  const scaling = fitScaling(train, all, 'auto', kind, valueRange)
  const network = layersOf(spec.model, train.shape, classNames.length)
  const layers = withoutHead(network)
  const task: Task = { spec, source, layers, network, scaling, host }
  const { values, loss, accuracy: hits } = yield* spec.method === 'supervised' ? supervised(task) : contrastive(task, all)
  const { state } = planTrunk(layers, train.shape)
  return { layers, inputShape: train.shape, scaling, weights: named(state, values), loss, accuracy: hits }
}

interface Task {
  readonly spec: PretrainSpec
  readonly source: Dataset
  readonly layers: readonly LayerSpec[]
  readonly network: readonly LayerSpec[]
  readonly scaling: Scaling
  readonly host: PretrainHost
}

interface Trained {
  readonly values: readonly FloatArray[]
  readonly loss: number
  readonly accuracy: number | null
}

async function* supervised({ spec, source, network, scaling, host }: Task): AsyncGenerator<EpochStats, Trained> {
  const { train, test, classNames } = source
  const rows = labeled(train)
  if (rows.length === 0) throw badInput(`${source.id} has no labels to pre-train by`, { path: 'pretrain.method', expected: 'simclr' })
  const config = { layers: network, init: spec.model.init, inputShape: train.shape, classes: classNames.length, ...host }
  const model = createModel(config, host.executor)
  try {
    const streams = streamsOf(spec)
    model.initialize(streams.weights)
    const inputs: Rows = { pool: train, scaling, index: rows }
    const labels = rows.map((row) => train.labels[row])
    const { loss } = yield* model.fit(inputs, labels, fitOptions(spec), streams, host.signal)
    const tested = test === null ? null : { pool: test, index: labeled(test) }
    const hits =
      tested === null || tested.index.length === 0
        ? null
        : hitRate(
            (await model.outputs({ ...tested, scaling }, host.signal)).logits,
            tested.index.map((row) => tested.pool.labels[row]),
          )
    return { values: await model.snapshot(), loss, accuracy: hits }
  } finally {
    model.dispose()
  }
}

async function* contrastive({ spec, source, layers, scaling, host }: Task, all: Int32Array): AsyncGenerator<EpochStats, Trained> {
  const { train } = source
  const { executor, signal } = host
  const { width } = planTrunk(layers, train.shape)
  const projector: LayerSpec[] = [{ type: 'dense', units: width }, { type: 'relu' }, { type: 'dense', units: projection }]
  const network = planNetwork([...layers, ...projector], train.shape, projection)
  const parameters = executor.parameters(network.state)
  try {
    const streams = streamsOf(spec)
    parameters.write(drawWeights(network.layers, spec.model.init, streams.weights, executor.allocate))
    const options = { ...spec, rule: optimizerRule(fitOptions(spec)) }
    const rows: Rows = { pool: train, scaling, index: all }
    const { loss } = yield* trainContrastive(network, executor, parameters, rows, options, streams, paced(host), signal)
    return { values: await parameters.read(), loss, accuracy: null }
  } finally {
    parameters.dispose()
  }
}

function streamsOf({ seed, method }: PretrainSpec) {
  const root = randomFrom(seed).fork('pre-training', method)
  return { weights: root.fork('weights'), order: root.fork('order'), dropout: root.fork('dropout'), augment: root.fork('augment') }
}

const fitOptions = ({ optimizer, learningRate, weightDecay, batchSize, epochs, augment }: PretrainSpec): FitOptions => ({
  optimizer,
  learningRate,
  weightDecay,
  batchSize,
  epochs,
  augment,
  milestones: [],
  decay: 1,
  momentum: 0.9,
  nesterov: false,
  minSteps: 0,
})

/** Rows of a pool that have a label. */
const labeled = ({ labels }: LabeledPool): Int32Array => {
  const rows: number[] = []
  labels.forEach((label, row) => void (label >= 0 && rows.push(row)))
  return Int32Array.from(rows)
}

const named = (state: readonly ParameterSpec[], values: readonly FloatArray[]): Backbone['weights'] =>
  state.map(({ name, shape }, i) => ({ name, shape, data: Float32Array.from(values[i]) }))
