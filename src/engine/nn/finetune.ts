import type { CancelSignal } from '../core/errors'
import type { Rows } from '../data/dataset'
import { identityScaling } from '../data/gather'
import { withoutHead } from './architectures'
import type { Executor, Parameters } from './executor'
import type { EpochStats, FitOptions, FitRandom, FitSummary, LayerSpec, Reader } from './model'
import { planNetwork, type Network } from './network'
import { lengthOf, train } from './training'

export interface HeadTraining {
  /** of the network whose head is trained */
  readonly layers: readonly LayerSpec[]
  readonly network: Network
  readonly executor: Executor
  readonly parameters: Parameters
  readonly reader: Pick<Reader, 'outputs'>
  readonly pause: () => Promise<void>
}

/** What the head's own training makes of the options of a fit; null where there is none. */
export function headOptions({ tuning, ...options }: FitOptions): FitOptions | null {
  if (tuning?.method !== 'lp-ft') return null
  const { headEpochs: epochs, headLearningRate: learningRate } = tuning
  return { ...options, epochs, learningRate, augment: 'none', checkpoints: 0 }
}

/**
 * Trains the last dense layer, with the dropout before it, on the features (n × d) that the layers below give in inference mode: these
 * are computed once and nothing below changes, running statistics included (linear probing, A§12.2).
 */
export async function* trainHead(
  { layers, network, executor, parameters, reader, pause }: HeadTraining,
  rows: Rows,
  labels: Int32Array,
  options: FitOptions,
  random: FitRandom,
  signal?: CancelSignal,
): AsyncGenerator<EpochStats, Omit<FitSummary, 'accuracy'>> {
  const { embedding } = await reader.outputs(rows, signal)
  const features: Rows = {
    pool: { data: embedding.data, rows: embedding.rows, shape: [embedding.cols] },
    scaling: identityScaling,
    index: Int32Array.from({ length: embedding.rows }, (_, i) => i),
  }
  const head = planNetwork(layers.slice(withoutHead(layers).length), [embedding.cols], network.classes)
  const own = executor.parameters(head.state)
  try {
    const end = network.state.length
    const place = end - head.state.length
    own.write((await parameters.read()).slice(place, end))
    // The streams of the training that follows are those of a fit without this one.
    const streams = { order: random.order.fork('head'), dropout: random.dropout.fork('head'), augment: random.augment }
    const summary = yield* train(head, undefined, executor, own, features, labels, options, streams, pause, () => undefined, signal)
    const all = await parameters.read()
    all.splice(place, head.state.length, ...(await own.read()))
    parameters.write(all)
    return summary
  } finally {
    own.dispose()
  }
}

/** Epochs of two fits in a row, counted on. */
export async function* counted<T>(steps: AsyncGenerator<EpochStats, T>, before: number, epochs: number): AsyncGenerator<EpochStats, T> {
  try {
    for (;;) {
      const next = await steps.next()
      if (next.done === true) return next.value
      yield { ...next.value, epoch: before + next.value.epoch, epochs }
    }
  } finally {
    await steps.return(undefined as T)
  }
}

/** Epochs that a fit on n rows lasts, the head's own first. */
export const epochsOf = (options: FitOptions, n: number): { readonly head: number; readonly all: number } => {
  const own = headOptions(options)
  const head = own === null ? 0 : lengthOf(own, n).epochs
  return { head, all: head + lengthOf(options, n).epochs }
}
