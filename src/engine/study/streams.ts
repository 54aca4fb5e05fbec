import { canonicalJson } from '../core/hash'
import { randomFrom, type Random } from '../core/random'
import type { FitRandom } from '../nn/model'
import { effectiveParams, type Method } from './runHash'
import type { RunSpec } from './spec'

/** The named streams of one run. All but `selection` are the same for every strategy of a repeat. */
export interface Streams {
  /** held-out test rows and validation rows */
  split(part: 'test' | 'validation'): Random
  initial(): Random
  /** fresh weights */
  weights(round: number): Random
  /** batch order, dropout and augmentation of one fit */
  fit(round: number): FitRandom
  /** fresh weights and fit of the proxy that chooses in a round */
  proxy(round: number): { readonly weights: Random; readonly fit: FitRandom }
  /** rows that give the scale of features */
  background(): Random
  /** order in which rows come into a round's sub-pool */
  subPool(round: number): Random
  /** dropout of the stochastic passes that methods score with */
  passes(round: number): Random
  /** random batches that batches are compared with */
  dynamics(purpose: string, round?: number): Random
  /** the strategy's own draws; names of strategies do not enter, so that renaming changes no number */
  selection(entry: Method, round: number): Random
}

export function streamsOf({ protocol, repeat }: Pick<RunSpec, 'protocol' | 'repeat'>): Streams {
  const root = randomFrom(protocol.seed)
  const own = root.fork('repeat', repeat)
  const common = root.fork('every repeat')
  const of = (purpose: (typeof protocol.vary)[number]): Random => (protocol.vary.includes(purpose) ? own : common)
  return {
    split: (part) => of('split').fork('split', part),
    initial: () => of('initial').fork('initial'),
    weights: (round) => of('weights').fork('weights', round),
    fit: (round) => ({
      order: of('order').fork('order', round),
      dropout: of('order').fork('dropout', round),
      augment: of('order').fork('augment', round),
    }),
    proxy: (round) => ({
      weights: of('weights').fork('proxy weights', round),
      fit: {
        order: of('order').fork('proxy order', round),
        dropout: of('order').fork('proxy dropout', round),
        augment: of('order').fork('proxy augment', round),
      },
    }),
    background: () => common.fork('background'),
    subPool: (round) => own.fork('sub-pool', round),
    passes: (round) => own.fork('passes', round),
    dynamics: (purpose, round = 0) => own.fork('dynamics', purpose, round),
    selection: (entry, round) => own.fork('selection', entry.id, canonicalJson(effectiveParams(entry)), round),
  }
}
