import { unsupported } from '../core/errors'
import type { Builder } from '../graph/builder'
import type { Value } from '../graph/ir'
import { range } from '../graph/shapes'
import type { Executor } from './executor'
import { affine } from './layers/dense'
import { type LayerParameter, weightAndBias } from './layers/layer'
import { crossEntropies, rankingLoss, squaredLoss } from './losses'
import type { AuxiliarySpec } from './model'
import type { Forward, Network } from './network'

/** The module that predicts each sample's loss from hidden activations of the network (A§7.2). */
export interface Auxiliary {
  readonly spec: AuxiliarySpec
  /** positions in `network.taps` */
  readonly taps: readonly number[]
  readonly trained: readonly LayerParameter[]
  /** what an executor keeps behind the network's state: trained parameters, then the loss of the epoch */
  readonly state: readonly LayerParameter[]
  /** parameters of the network that lie at or before the last tap; the predicted loss does not depend on later ones */
  readonly reached: number
}

/** Units that each tap is brought to. */
const width = 128
/** A buffer: the mean of the module's loss over the current epoch. */
const epochLoss = 'auxiliary.epoch_loss'
/** Largest batch: pairs are a matrix of half the batch by the batch. */
export const mostPairedRows = 4096

/** Throws `unsupported` for a network without hidden activations. */
export function planAuxiliary({ taps, layers }: Network, spec: AuxiliarySpec): Auxiliary {
  const last = taps.length - 1
  const chosen = { all: range(taps.length), first: [0], last: [last] }[spec.taps]
  if (taps.length === 0)
    throw unsupported('loss prediction reads hidden activations, and this network has none', { path: 'model.type', found: 'linear' })
  const joined = width * chosen.length
  const trained = [
    ...chosen.flatMap((t) => weightAndBias(`auxiliary.${t}`, [width, taps[t].shape[0]], true, { fanIn: taps[t].shape[0], fanOut: width })),
    ...weightAndBias('auxiliary.output', [1, joined], true, { fanIn: joined, fanOut: 1 }),
  ]
  return {
    spec,
    taps: chosen,
    trained,
    state: [...trained, { name: epochLoss, shape: [], buffer: true, fill: { type: 'constant', value: 0 } }],
    reached: layers
      .slice(0, taps[chosen[chosen.length - 1]].layer + 1)
      .reduce((sum, { parameters }) => sum + parameters.filter(({ buffer }) => buffer !== true).length, 0),
  }
}

/** Predicted losses (n), from the taps in the order of `network.taps`. */
export function tracePredictedLosses(g: Builder, auxiliary: Auxiliary, taps: readonly Value[]): Value {
  const weights = parametersOf(g, auxiliary)
  const hidden = auxiliary.taps.map((t, i) => g.relu(affine(g, pooled(g, taps[t]), weights[2 * i], weights[2 * i + 1])))
  const joined = hidden.length === 1 ? hidden[0] : g.concat(hidden, 1)
  return g.reshape(affine(g, joined, weights[weights.length - 2], weights[weights.length - 1]), [joined.shape[0]])
}

/** Mean over space: n × channels. */
function pooled(g: Builder, x: Value): Value {
  const space = range(x.shape.length).slice(2)
  return space.length === 0 ? x : g.mul(g.reduceSum(x, space), g.constant(1 / space.reduce((size, axis) => size * x.shape[axis], 1)))
}

const parametersOf = (g: Builder, { trained }: Auxiliary): Value[] => trained.map(({ name, shape }) => g.parameter(name, shape))

/**
 * The module's share of a training step: its weighted loss (scalar), which reaches the network through the taps while the input `gate`
 * is 1, what it trains, and the running mean of its loss. Further inputs are those of `auxiliaryFeeds`.
 */
export function traceAuxiliaryStep(
  g: Builder,
  auxiliary: Auxiliary,
  { logits, taps }: Pick<Forward, 'logits' | 'taps'>,
  target: Value,
): { readonly loss: Value; readonly parameters: readonly Value[]; readonly buffers: ReadonlyMap<string, Value> } {
  const { loss: kind, xi, lambda } = auxiliary.spec
  const [batch] = logits.shape
  const gate = g.input('gate', [])
  const gated = taps.map((tap) => {
    const fixed = g.stopGradient(tap)
    return g.add(fixed, g.mul(gate, g.sub(tap, fixed)))
  })
  const predicted = tracePredictedLosses(g, auxiliary, gated)
  const losses = crossEntropies(g, logits, g.positive(target))
  const loss =
    kind === 'rank'
      ? rankingLoss(g, predicted, losses, g.input('pairs', [pairsOf(batch), batch]), g.input('pair weights', [pairsOf(batch)]), xi)
      : squaredLoss(g, predicted, losses, g.reduceSum(target, [1]))
  const carried = g.mul(g.input('carried', []), g.parameter(epochLoss, []))
  return {
    loss: g.mul(loss, g.constant(lambda)),
    parameters: parametersOf(g, auxiliary),
    buffers: new Map([[epochLoss, g.add(carried, g.mul(g.input('share', []), loss))]]),
  }
}

const pairsOf = (batch: number): number => Math.max(1, Math.floor(batch / 2))

/** Inputs of a training step besides the network's own, for batches of `batch` rows. */
export interface AuxiliaryFeeds {
  readonly arrays: Readonly<Record<string, ReturnType<Executor['allocate']>>>
  /** Sets them for a batch with `count` real rows, a `share` of the epoch that it `opens` or not; `detached`: the module trains alone. */
  set(count: number, step: { readonly share: number; readonly opens: boolean; readonly detached: boolean }): void
}

/** Pairs are rows i and count − 1 − i of the shuffled batch; padding and the middle row of an odd count belong to none. */
export function auxiliaryFeeds({ spec }: Auxiliary, batch: number, allocate: Executor['allocate']): AuxiliaryFeeds {
  if (batch > mostPairedRows)
    throw unsupported(`loss prediction trains with batches of at most ${mostPairedRows} rows`, {
      path: 'training.batchSize',
      found: String(batch),
      expected: `at most ${mostPairedRows}`,
    })
  const pairs = spec.loss === 'rank' ? allocate(pairsOf(batch) * batch) : allocate(0)
  const weights = allocate(pairsOf(batch))
  const [gate, carried, share] = [allocate(1), allocate(1), allocate(1)]
  let known = -1
  const pairUp = (count: number): void => {
    const size = Math.floor(count / 2)
    pairs.fill(0)
    weights.fill(0)
    for (let i = 0; i < size; i++) {
      pairs[i * batch + i] = 1
      pairs[i * batch + count - 1 - i] = -1
      weights[i] = 1 / size
    }
    known = count
  }
  return {
    arrays: { gate, carried, share, ...(spec.loss === 'rank' ? { pairs, 'pair weights': weights } : {}) },
    set(count, step) {
      if (spec.loss === 'rank' && count !== known) pairUp(count)
      gate[0] = step.detached ? 0 : 1
      carried[0] = step.opens ? 0 : 1
      share[0] = step.share
    },
  }
}
