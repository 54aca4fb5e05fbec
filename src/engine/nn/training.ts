import { badInput, type CancelSignal, throwIfCancelled } from '../core/errors'
import type { Rows } from '../data/dataset'
import { gatherRows, sampleSize } from '../data/gather'
import { adamConstants } from './adamDirection'
import { flipCrop } from './augment'
import { type Auxiliary, auxiliaryFeeds } from './auxiliary'
import { drawMask } from './dropout'
import type { Executor, Moments, OptimizerRule, Parameters } from './executor'
import type { Checkpoint, EpochStats, FitOptions, FitRandom, FitSummary } from './model'
import { type Network, traceStep } from './network'

/**
 * Trains with minibatches of a new permutation per epoch, yielding after each. All steps have one batch size; the short last batch
 * is padded with rows of weight 0, so its loss is the mean over the real ones. Lasts max(epochs, epochs that minSteps need). The last
 * `checkpoints` epochs go to `keep`, oldest first. An auxiliary module is trained by the same optimiser: its rules work number by
 * number, so that is the same as one of its own.
 */
export async function* train(
  network: Network,
  auxiliary: Auxiliary | undefined,
  executor: Executor,
  parameters: Parameters,
  rows: Rows,
  labels: Int32Array,
  options: FitOptions,
  random: FitRandom,
  pause: () => Promise<void>,
  keep: (checkpoint: Checkpoint) => void,
  signal?: CancelSignal,
): AsyncGenerator<EpochStats, Omit<FitSummary, 'accuracy'>> {
  const n = rows.index.length
  checkTrainingSet(network, rows, labels)
  const { batch, stepsPerEpoch, epochs } = lengthOf(options, n)
  const augment = options.augment === 'flip-crop' ? flipCrop(network.inputShape) : null

  const x = executor.allocate(batch * sampleSize(rows.pool))
  const target = executor.allocate(batch * network.classes)
  const masks = network.masks.map((mask) => ({ ...mask, data: executor.allocate(batch * mask.size) }))
  const extra = auxiliary && auxiliaryFeeds(auxiliary, batch, (size) => executor.allocate(size))
  const feeds = { x, target, ...Object.fromEntries(masks.map(({ name, data }) => [name, data])), ...extra?.arrays }
  const order = Int32Array.from({ length: n }, (_, i) => i)
  const shuffled: Rows = { ...rows, index: new Int32Array(n) }

  const step = traceStep(network, batch, auxiliary)
  const program = await executor.compileStep(step, parameters, optimizerRule(options), ratesOf(network, auxiliary, options))
  try {
    const lossCurve: number[] = []
    for (let epoch = 0; epoch < epochs; epoch++) {
      random.order.shuffle(order)
      for (let i = 0; i < n; i++) shuffled.index[i] = rows.index[order[i]]
      const learningRate = options.learningRate * options.decay ** passed(options.milestones, epoch, epochs)
      const detached = auxiliary !== undefined && passed([auxiliary.spec.detachAt], epoch, epochs) > 0
      let total = 0
      for (let from = 0; from < n; from += batch) {
        throwIfCancelled(signal)
        const count = Math.min(batch, n - from)
        gatherRows(shuffled, from, count, x)
        augment?.(x, count, random.augment)
        target.fill(0)
        for (let i = 0; i < count; i++) target[i * network.classes + labels[order[from + i]]] = 1 / count
        for (const mask of masks) drawMask(mask.data, 0, count * mask.size, mask.keep, random.dropout)
        extra?.set(count, { share: count / n, opens: from === 0, detached })
        total += count * (await program.step(feeds, learningRate))
        await pause()
      }
      const loss = total / n
      if (!Number.isFinite(loss))
        throw badInput(`training diverged: the loss of epoch ${epoch + 1} is not a finite number`, {
          path: 'training.learningRate',
          found: String(options.learningRate),
          expected: 'a lower learning rate, or scaled inputs',
        })
      lossCurve.push(loss)
      if (epoch >= epochs - (options.checkpoints ?? 0))
        keep({ weights: await parameters.read(), moments: momentsOf(network, await program.moments()), learningRate })
      yield { epoch, epochs, loss }
    }
    return { epochs, steps: epochs * stepsPerEpoch, loss: lossCurve.at(-1) ?? Number.NaN, lossCurve }
  } finally {
    program.dispose()
  }
}

/** A fit on n rows; the last batch of an epoch may be shorter than `batch`. */
export function lengthOf({ batchSize, epochs, minSteps }: Pick<FitOptions, 'batchSize' | 'epochs' | 'minSteps'>, n: number) {
  const batch = Math.min(batchSize, n)
  const stepsPerEpoch = Math.ceil(n / batch)
  return { batch, stepsPerEpoch, epochs: Math.max(epochs, Math.ceil(minSteps / stepsPerEpoch)) }
}

/** While a backbone is fine-tuned, what lies on top of it (the last layer, a module) learns at the rate of the head. */
function ratesOf(network: Network, auxiliary: Auxiliary | undefined, { tuning, learningRate }: FitOptions): readonly number[] | undefined {
  if (tuning === undefined) return undefined
  const head = network.layers[network.layers.length - 1].parameters.length
  const below = network.parameters.length - head
  const above = head + (auxiliary?.trained.length ?? 0)
  const factor = tuning.headLearningRate / learningRate
  return [...new Array<number>(below).fill(1), ...new Array<number>(above).fill(factor)]
}

function checkTrainingSet(network: Network, rows: Rows, labels: Int32Array): void {
  const n = rows.index.length
  if (n === 0) throw badInput('a model cannot be trained on no labelled rows')
  if (labels.length !== n) throw badInput(`${n} rows with ${labels.length} labels`)
  if (sampleSize(rows.pool) !== network.inputShape.reduce((a, b) => a * b, 1))
    throw badInput('the samples do not have the shape the model was made for', { found: rows.pool.shape.join(' × ') })
  const stray = labels.findIndex((label) => label < 0 || label >= network.classes)
  if (stray >= 0) throw badInput(`label ${labels[stray]} of row ${rows.index[stray]} is not one of ${network.classes} classes`)
}

/** The moments of the network's parameters; those of an auxiliary module lie behind them. */
const momentsOf = ({ parameters: { length } }: Network, moments: Moments | null): Moments | null =>
  moments && { ...moments, first: moments.first.slice(0, length), second: moments.second.slice(0, length) }

/** How many milestones the epoch has reached. They are fractions of the fit; the allowance is for products like 0.55 · 100. */
const passed = (milestones: readonly number[], epoch: number, epochs: number): number =>
  milestones.filter((milestone) => epoch >= milestone * epochs - 1e-9).length

export function optimizerRule({ optimizer, momentum, nesterov, weightDecay }: FitOptions): OptimizerRule {
  if (optimizer === 'sgd') return { type: 'sgd', momentum, nesterov, weightDecay }
  return { type: optimizer, ...adamConstants, weightDecay }
}
