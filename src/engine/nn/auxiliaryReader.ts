import { matrix } from '../core/matrix'
import { createBuilder } from '../graph/builder'
import type { Graph } from '../graph/ir'
import { sampleNorm2 } from '../graph/sampleNorm2'
import { type Auxiliary, tracePredictedLosses } from './auxiliary'
import type { Executor, Parameters } from './executor'
import type { Model } from './model'
import { forward, type Network } from './network'
import { inTurn } from './reader'
import { createRowProgram } from './rowProgram'

/** What an auxiliary module says about rows. */
export interface LossReader {
  readonly methods: Required<Pick<Model, 'predictedLosses' | 'predictedLossNorms'>>
  dispose(): void
}

/** Reads the module whose numbers lie behind the network's in `parameters`. */
export function createLossReader(
  network: Network,
  auxiliary: Auxiliary,
  executor: Executor,
  parameters: Parameters,
  pause: () => Promise<void>,
): LossReader {
  const predicted = createRowProgram((batch) => traceLosses(network, auxiliary, batch), executor, parameters, pause)
  const norms = createRowProgram((batch) => traceLossNorms(network, auxiliary, batch), executor, parameters, pause)
  const alone = inTurn()
  return {
    methods: {
      predictedLosses: (rows, signal) =>
        alone(async () => {
          const losses = new Float64Array(rows.index.length)
          await predicted.run(rows, (chunk, from, count) => losses.set(chunk.predicted.subarray(0, count), from), signal)
          return losses
        }),
      predictedLossNorms: (rows, signal) =>
        alone(async () => {
          const n = rows.index.length
          const squared = matrix(new Float64Array(n * network.parameters.length), n, network.parameters.length)
          const { reached } = auxiliary
          await norms.run(
            rows,
            (chunk, from, count) => {
              for (let i = 0; i < count; i++)
                squared.data.set(chunk.squared.subarray(i * reached, (i + 1) * reached), (from + i) * squared.cols)
            },
            signal,
          )
          return squared
        }),
    },
    dispose: () => {
      predicted.dispose()
      norms.dispose()
    },
  }
}

/** Output `predicted` (batch). */
function traceLosses(network: Network, auxiliary: Auxiliary, batch: number): Graph {
  const g = createBuilder()
  const { taps } = forward(g, network, batch, { mode: 'inference' })
  g.output('predicted', tracePredictedLosses(g, auxiliary, taps))
  return g.build()
}

/** Output `squared` (batch × the parameters that are reached): squared norms of each predicted loss's gradient (A§2.2). */
function traceLossNorms(network: Network, auxiliary: Auxiliary, batch: number): Graph {
  const g = createBuilder()
  const { taps, parameters } = forward(g, network, batch, { mode: 'inference' })
  const predicted = tracePredictedLosses(g, auxiliary, taps)
  g.output('squared', sampleNorm2(g, predicted, parameters.slice(0, auxiliary.reached)))
  return g.build()
}
