import { takeRows, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { alignment } from '@engine/strategies/alignment'
import { arrayQuery, arrayView } from '@engine/strategies/arrayView'
import type { CheckpointView, ModelView, Query } from '@engine/strategies/contract'
import { less } from '@engine/strategies/less'
import { benchResult, type BenchResult } from './result'
import { classes, predictions, timed, type Predictions } from './selection'

const validation = 500
const batch = 100

/** Last-layer influence in closed form, from ready predictions: alignment, and LESS over three checkpoints. */
export async function influenceBench(runs: number): Promise<BenchResult[]> {
  const aligned = queryOf(predictions(50_000), [])
  const results = [
    await time('alignment-last-50k', '50,000 × 512, 10 classes', runs, () => alignment.select(aligned, alignment.params.parse({}))),
  ]
  const small = predictions(10_000, 128)
  const random = randomFrom('bench').fork('moments')
  const draw = (size: number, scale: number): Float32Array => Float32Array.from({ length: size }, () => scale * random.normal())
  const checkpoints = [1, 2, 3].map((epoch): CheckpointView => {
    const first = [draw(classes * 128, 0.01), draw(classes, 0.01)]
    return {
      model: viewOf(small),
      learningRate: 0.001,
      moments: { first, second: first.map((m) => m.map((value) => value * value)), step: 100 * epoch },
    }
  })
  const query = queryOf(small, checkpoints)
  for (const labelMode of ['argmax', 'expected'] as const) {
    const params = less.params.parse({ labelMode, checkpoints: 3 })
    results.push(
      await time(`less-last-10k-${labelMode}`, '10,000 × 128, 10 classes, 3 checkpoints', runs, () => less.select(query, params)),
    )
  }
  return results
}

async function time(name: string, size: string, runs: number, work: () => Promise<unknown>): Promise<BenchResult> {
  const times = await timed(runs, async () => {
    const start = performance.now()
    await work()
    return performance.now() - start
  })
  return benchResult(name, size, times)
}

function queryOf(given: Predictions, checkpoints: readonly CheckpointView[]): Query {
  const rows = ascending(validation)
  return arrayQuery({
    pool: ascending(given.features.rows),
    k: batch,
    classes,
    model: { ...viewOf(given), checkpoints: () => checkpoints },
    validation: { rows, labels: rows.map((row) => row % classes) },
  })
}

/** All rows as they are, as a round's view hands them out; others are copied. */
function viewOf({ logProbabilities, probabilities, features }: Predictions): ModelView {
  const some = (m: Matrix, rows: Int32Array): Matrix => (rows.length === m.rows ? m : takeRows(m, rows))
  return {
    ...arrayView({}),
    logProbabilities: async (rows) => some(logProbabilities, rows),
    probabilities: async (rows) => some(probabilities, rows),
    embeddings: async (rows) => some(features, rows),
  }
}

const ascending = (n: number): Int32Array => Int32Array.from({ length: n }, (_, row) => row)
