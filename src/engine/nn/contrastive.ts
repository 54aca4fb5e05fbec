import { badInput, type CancelSignal, throwIfCancelled } from '../core/errors'
import type { Rows } from '../data/dataset'
import { gatherRows, sampleSize } from '../data/gather'
import { createBuilder } from '../graph/builder'
import { gradients } from '../graph/grad'
import type { Graph } from '../graph/ir'
import type { Executor, OptimizerRule, Parameters } from './executor'
import { crossEntropy } from './losses'
import type { EpochStats, FitRandom } from './model'
import { forward, type Network } from './network'
import { randomViews } from './views'

/** Added to the similarity of a view with itself. */
const never = -1e9

/**
 * One step of NT-Xent (Chen et al. 2020) on m views: outputs `loss` (scalar), `grad:<parameter>` and `buffer:<name>`; inputs `x`
 * (m × sample shape), `target` (m × m: 1/m at the other view of each sample) and `self` (m × m: a large negative number on the diagonal).
 */
export function traceContrastive(network: Network, m: number, temperature: number): Graph {
  const g = createBuilder()
  const target = g.input('target', [m, m])
  const pass = forward(g, network, m, { mode: 'training', target })
  const length = g.sqrt(g.add(g.reduceSum(g.square(pass.logits), [1], true), g.constant(1e-12)))
  const unit = g.div(pass.logits, length)
  const similarities = g.mul(g.matmul(unit, unit, { transB: true }), g.constant(1 / temperature))
  const loss = crossEntropy(g, g.add(similarities, g.input('self', [m, m])), target)
  g.output('loss', loss)
  for (const [i, gradient] of gradients(g, loss, pass.parameters).entries()) g.output(`grad:${network.parameters[i].name}`, gradient)
  for (const [name, value] of pass.buffers) g.output(`buffer:${name}`, value)
  return g.build()
}

/** Where views i and i + n are of one sample (m = 2n). */
export function contrastiveFeeds(m: number, allocate: Executor['allocate']) {
  const [target, self] = [allocate(m * m), allocate(m * m)]
  for (let i = 0; i < m; i++) {
    target[i * m + ((i + m / 2) % m)] = 1 / m
    self[i * m + i] = never
  }
  return { target, self }
}

/** Trains a network whose last layer makes projections (n × k), without labels; the rows that do not fill a last batch sit out an epoch. */
export async function* trainContrastive(
  network: Network,
  executor: Executor,
  parameters: Parameters,
  rows: Rows,
  options: {
    readonly rule: OptimizerRule
    readonly learningRate: number
    readonly batchSize: number
    readonly epochs: number
    readonly temperature: number
  },
  random: FitRandom,
  pause: () => Promise<void>,
  signal?: CancelSignal,
): AsyncGenerator<EpochStats, { readonly loss: number }> {
  const { rule, learningRate, batchSize, epochs, temperature } = options
  const n = rows.index.length
  if (n < 2) throw badInput(`contrastive training needs at least 2 rows, found ${n}`)
  const batch = Math.min(batchSize, n)
  const views = randomViews(network.inputShape)
  const half = batch * sampleSize(rows.pool)
  const x = executor.allocate(2 * half)
  const masks = network.masks.map((mask) => ({ ...mask, data: executor.allocate(2 * batch * mask.size) }))
  const feeds = {
    x,
    ...contrastiveFeeds(2 * batch, executor.allocate),
    ...Object.fromEntries(masks.map(({ name, data }) => [name, data])),
  }
  const shuffled = { ...rows, index: rows.index.slice() }
  const program = await executor.compileStep(traceContrastive(network, 2 * batch, temperature), parameters, rule)
  try {
    let loss = Number.NaN
    for (let epoch = 0; epoch < epochs; epoch++) {
      random.order.shuffle(shuffled.index)
      const steps = Math.floor(n / batch)
      let total = 0
      for (let step = 0; step < steps; step++) {
        throwIfCancelled(signal)
        gatherRows(shuffled, step * batch, batch, x)
        x.copyWithin(half, 0, half)
        views(x, 2 * batch, random.augment)
        for (const mask of masks) random.dropout.coins(mask.data, 0, 2 * batch * mask.size, mask.keep, 1 / mask.keep)
        total += await program.step(feeds, learningRate)
        await pause()
      }
      loss = total / steps
      if (!Number.isFinite(loss))
        throw badInput(`pre-training diverged: the loss of epoch ${epoch + 1} is not a finite number`, {
          path: 'pretrain.learningRate',
          found: String(learningRate),
          expected: 'a lower learning rate',
        })
      yield { epoch, epochs, loss }
    }
    return { loss }
  } finally {
    program.dispose()
  }
}
