import { QuerentError } from '../core/errors'
import { rowOf, type FloatArray, type Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import { planAuxiliary } from './auxiliary'
import { createLossReader } from './auxiliaryReader'
import type { Backbone } from './backbone'
import type { Executor } from './executor'
import { counted, epochsOf, headOptions, trainHead } from './finetune'
import { drawWeights } from './initialize'
import type { Layer } from './layers/layer'
import type { AuxiliarySpec, Checkpoint, FitSummary, LayerSpec, Model, WeightInit } from './model'
import { planNetwork, type Network } from './network'
import { createPastReader, createReader } from './reader'
import { train } from './training'

export interface ModelConfig {
  readonly layers: readonly LayerSpec[]
  readonly init: WeightInit
  /** [d] for vectors, [channels, height, width] for images */
  readonly inputShape: readonly number[]
  readonly classes: number
  /** what `initialize` may start from; its layers are the first of `layers` */
  readonly backbone?: Pick<Backbone, 'weights'>
  /** trains this module along with the network */
  readonly auxiliary?: AuxiliarySpec
  /** Lets the host's event loop run (a busy loop of microtasks never receives a cancel message). */
  readonly pause?: () => Promise<void>
  /** Milliseconds; with it, `pause` is awaited about every 20 ms instead of after every step. */
  readonly now?: () => number
}

/** A sequential classifier on an executor, with weights of 0 until `initialize` or `restore`. Throws `bad-input` when layers do not fit. */
export function createModel(config: ModelConfig, executor: Executor): Model {
  const network = planNetwork(config.layers, config.inputShape, config.classes)
  const auxiliary = config.auxiliary && planAuxiliary(network, config.auxiliary)
  const state = [...network.state, ...(auxiliary?.state ?? [])]
  const parameters = executor.parameters(state)
  const pause = paced(config)
  const reader = createReader(network, executor, parameters, pause)
  const past = createPastReader(network, executor, pause)
  const losses = auxiliary && createLossReader(network, auxiliary, executor, parameters, pause)
  const fresh = (layers: readonly Pick<Layer, 'parameters'>[], random: Random): FloatArray[] =>
    drawWeights(layers, config.init, random, (size) => executor.allocate(size))
  let checkpoints: Checkpoint[] = []

  return {
    ...reader,
    ...losses?.methods,
    capabilities: losses ? new Set([...reader.capabilities, 'lossPrediction']) : reader.capabilities,
    state,
    initialize: (random, start = 'fresh') => {
      const drawn = fresh(network.layers, random)
      if (start === 'pretrained') putBackbone(drawn, network, config.backbone)
      parameters.write([...drawn, ...(auxiliary ? fresh([{ parameters: auxiliary.state }], random.fork('auxiliary')) : [])])
    },

    async *fit(rows, labels, options, random, signal) {
      checkpoints = []
      const keep = (checkpoint: Checkpoint): void => void checkpoints.push(checkpoint)
      const { head, all } = epochsOf(options, rows.index.length)
      const own = headOptions(options)
      const first =
        own &&
        (yield* counted(trainHead({ ...config, network, executor, parameters, reader, pause }, rows, labels, own, random, signal), 0, all))
      const last = yield* counted(
        train(network, auxiliary, executor, parameters, rows, labels, options, random, pause, keep, signal),
        head,
        all,
      )
      const summary = first === null ? last : joined(first, last)
      const { logits } = await reader.outputs(rows, signal)
      const auxiliaryLoss = auxiliary && (await parameters.read())[state.length - 1][0]
      return { ...summary, accuracy: hitRate(logits, labels), ...(auxiliaryLoss === undefined ? {} : { auxiliaryLoss }) }
    },

    checkpoints: () => checkpoints,
    readerAt: past.at,

    snapshot: () => parameters.read(),
    restore: (weights) => parameters.write(weights),
    dispose: () => {
      reader.dispose()
      past.dispose()
      losses?.dispose()
      parameters.dispose()
    },
  }
}

/** Puts the weights of a backbone below the fresh ones of the head. */
function putBackbone(values: readonly FloatArray[], { state }: Network, backbone: ModelConfig['backbone']): void {
  if (backbone === undefined) throw new QuerentError('internal', 'a model without a backbone has no pre-trained weights')
  backbone.weights.forEach(({ name, data }, i) => {
    if (state[i]?.name !== name || values[i].length !== data.length)
      throw new QuerentError('internal', `tensor ${name} of the backbone does not belong to the network`)
    values[i].set(data)
  })
}

type Fitted = Omit<FitSummary, 'accuracy'>

const joined = (first: Fitted, last: Fitted): Fitted => ({
  ...last,
  epochs: first.epochs + last.epochs,
  steps: first.steps + last.steps,
  lossCurve: [...first.lossCurve, ...last.lossCurve],
})

export function paced({ pause, now }: Pick<ModelConfig, 'pause' | 'now'>): () => Promise<void> {
  if (pause === undefined) return async () => {}
  let last = now?.() ?? 0
  return async () => {
    if (now !== undefined && now() - last < 20) return
    await pause()
    if (now !== undefined) last = now()
  }
}

/** Share of rows of logits (n × C) whose largest is at the row's label. */
export function hitRate(logits: Matrix, labels: Int32Array): number {
  let hits = 0
  for (let i = 0; i < logits.rows; i++) if (argMax(rowOf(logits, i)) === labels[i]) hits++
  return hits / logits.rows
}

/** Position of the largest value; the lower one wins a tie. */
function argMax(values: FloatArray): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
