import { throwIfCancelled, type CancelSignal } from '../core/errors'
import { exponentials, logSoftmax } from '../core/linear'
import { matrix, type FloatArray, type Matrix } from '../core/matrix'
import type { Random } from '../core/random'
import type { Rows } from '../data/dataset'
import { identityScaling } from '../data/gather'
import { sizeOf } from '../graph/ir'
import type { Executor, Parameters } from './executor'
import { traceSampled, traceTrunk, type Network } from './network'
import { createRowProgram } from './rowProgram'

/** Inverted dropout: kept units are scaled up, so inference needs no factor. Draws `count` numbers into `mask` at `from`. */
export const drawMask = (mask: FloatArray, from: number, count: number, keep: number, random: Random): void =>
  random.coins(mask, from, count, keep, 1 / keep)

/** Forward passes with dropout on (Gal & Ghahramani 2016). */
export interface SampledPasses {
  /** Probabilities, one n × C matrix per pass. Pass p of a row has the p-th masks of the row's own stream, whatever else is asked. */
  run(rows: Rows, passes: number, random: Random, signal?: CancelSignal): Promise<Matrix[]>
  dispose(): void
}

/** Rows whose passes go on together: bounds what is kept of them. */
const blockRows = 1000

/** The layers before the first dropout layer see a row once, the others once per pass. */
export function createSampledPasses(
  network: Network,
  executor: Executor,
  parameters: Parameters,
  pause: () => Promise<void>,
): SampledPasses {
  const trunk = createRowProgram((batch) => traceTrunk(network, batch), executor, parameters, pause)
  const head = createRowProgram((batch) => traceSampled(network, batch), executor, parameters, pause)
  const { classes, firstDropout, layers, masks } = network

  async function trunkOf(rows: Rows, signal?: CancelSignal): Promise<Rows> {
    if (firstDropout === 0) return rows
    const { outputShape } = layers[firstDropout - 1]
    const size = sizeOf(outputShape)
    const n = rows.index.length
    const data = executor.allocate(n * size)
    await trunk.run(rows, (chunk, from, count) => data.set(chunk.trunk.subarray(0, count * size), from * size), signal)
    const index = Int32Array.from({ length: n }, (_, i) => i)
    return { pool: { data, rows: n, shape: outputShape }, scaling: identityScaling, index }
  }

  return {
    async run(rows, passes, random, signal) {
      const n = rows.index.length
      const results = Array.from({ length: passes }, () => matrix(new Float64Array(n * classes), n, classes))
      for (let start = 0; start < n; start += blockRows) {
        throwIfCancelled(signal)
        const block = { ...rows, index: rows.index.subarray(start, start + blockRows) }
        const shared = await trunkOf(block, signal)
        // Sample i of the expanded block is pass i mod M of its row ⌊i / M⌋.
        const index = new Int32Array(block.index.length * passes)
        for (let i = 0; i < index.length; i++) index[i] = shared.index[Math.floor(i / passes)]
        let own = random
        await head.run(
          { ...shared, index },
          ({ logits }, from, count) => {
            const { data } = exponentials(logSoftmax({ data: logits.subarray(0, count * classes), rows: count, cols: classes }))
            for (let i = 0; i < count; i++) {
              const row = start + Math.floor((from + i) / passes)
              results[(from + i) % passes].data.set(data.subarray(i * classes, (i + 1) * classes), row * classes)
            }
          },
          signal,
          (inputs, from, count) => {
            for (let i = 0; i < count; i++) {
              if ((from + i) % passes === 0) own = random.fork(block.index[(from + i) / passes])
              for (const { name, size, keep } of masks) drawMask(inputs[name], i * size, size, keep, own)
            }
          },
        )
      }
      return results
    },
    dispose: () => {
      trunk.dispose()
      head.dispose()
    },
  }
}
