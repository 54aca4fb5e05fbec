import { createSelectionKernels } from '@backends/kernels/selection'
import { exponentials, logSoftmax } from '@engine/core/linear'
import { matrix, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { badge } from '@engine/strategies/badge'
import type { ModelView, Strategy } from '@engine/strategies/contract'
import { coreSet } from '@engine/strategies/coreSet'
import { lastLayerNorms } from '@engine/strategies/entropyGradnorm'
import { arrayQuery, arrayView } from '@engine/strategies/arrayView'
import { probcover } from '@engine/strategies/probcover'
import { typiclust } from '@engine/strategies/typiclust'
import { benchResult, type BenchResult } from './result'

const width = 512
export const classes = 10
/** rows that core-set starts from */
const labeled = 100

/** What a trained network says about n rows: features after a ReLU, outputs of a random last layer; float32 as in a study. */
export interface Predictions {
  readonly logProbabilities: Matrix
  readonly probabilities: Matrix
  readonly features: Matrix<Float32Array>
}

/** Selection from ready predictions, through the strategies and kernels that runs use. */
export async function selectionBench(runs: number): Promise<BenchResult[]> {
  const small = predictions(10_000)
  const results = [await timeBadge('badge-10k', small, 100, runs)]
  const large = predictions(50_000)
  results.push(await timeBadge('badge-50k', large, 200, Math.min(runs, 5)), await timeCoreSet(large, 200, Math.min(runs, 5)))
  for (const strategy of [typiclust, probcover]) results.push(await timeModelFree(strategy, Math.min(runs, 3)))
  return results
}

/** A first batch of 100 rows out of 20,000 × 128 features around ten centres. */
async function timeModelFree(strategy: Strategy, runs: number): Promise<BenchResult> {
  const [n, columns, k] = [20_000, 128, 100]
  const random = randomFrom('bench').fork('groups')
  const centers = Float32Array.from({ length: classes * columns }, () => 2 * random.normal())
  const data = Float32Array.from({ length: n * columns }, (_, t) => {
    const group = Math.floor(t / columns) % classes
    return centers[group * columns + (t % columns)] + random.normal()
  })
  const times = await timed(runs, async (run) => {
    const model = arrayView({})
    const query = arrayQuery({
      pool: ascending(0, n),
      k,
      classes,
      model,
      inputs: matrix(data, n, columns),
      kernels: createSelectionKernels(),
      random: randomFrom(run),
    })
    const start = performance.now()
    await strategy.select(query, strategy.params.parse({}))
    return performance.now() - start
  })
  return benchResult(`${strategy.id}-20k`, `20,000 × ${columns}, k ${k}`, times)
}

/** The closed form of the last layer's entropy-gradient norm. */
export async function lastLayerBench(runs: number): Promise<BenchResult[]> {
  const { logProbabilities, features } = predictions(50_000)
  const times = await timed(runs, () => {
    const start = performance.now()
    lastLayerNorms(logProbabilities, features, { layers: 'last', normMode: 'tensor-sum' })
    return performance.now() - start
  })
  return [benchResult('entropy-gradnorm-last-50k', sizeText(50_000), times)]
}

const sizeText = (n: number, k?: number): string =>
  `${n.toLocaleString('en')} × ${width}, ${classes} classes${k === undefined ? '' : `, k ${k}`}`

export function predictions(n: number, hidden = width): Predictions {
  const random = randomFrom('bench').fork('predictions', n)
  const features = matrix(
    Float32Array.from({ length: n * hidden }, () => Math.max(0, random.normal())),
    n,
    hidden,
  )
  const weight = Float32Array.from({ length: classes * hidden }, () => random.normal() / 8)
  const logits = matrix(new Float32Array(n * classes), n, classes)
  for (let i = 0; i < n; i++)
    for (let c = 0; c < classes; c++) {
      let sum = 0
      for (let j = 0; j < hidden; j++) sum += features.data[i * hidden + j] * weight[c * hidden + j]
      logits.data[i * classes + c] = sum
    }
  const logProbabilities = logSoftmax(logits)
  return { logProbabilities, probabilities: exponentials(logProbabilities), features }
}

/** A view of predictions that are there already, for a caller that asks about every row in order. */
const viewOf = ({ logProbabilities, probabilities }: Predictions, features: Matrix): ModelView => ({
  ...arrayView({}),
  capabilities: new Set(['proba', 'embedding']),
  logProbabilities: async () => logProbabilities,
  probabilities: async () => probabilities,
  embeddings: async () => features,
})

const ascending = (from: number, to: number): Int32Array => Int32Array.from({ length: to - from }, (_, i) => from + i)

function timeBadge(name: string, given: Predictions, k: number, runs: number): Promise<BenchResult> {
  const { rows } = given.features
  return timeSelect(name, given, k, runs, (model, run) =>
    badge.select(
      arrayQuery({ pool: ascending(0, rows), k, classes, model, kernels: createSelectionKernels(), random: randomFrom(run) }),
      badge.params.parse({}),
    ),
  )
}

function timeCoreSet(given: Predictions, k: number, runs: number): Promise<BenchResult> {
  const { rows } = given.features
  const [pool, taken] = [ascending(0, rows - labeled), ascending(rows - labeled, rows)]
  return timeSelect('core-set-50k', given, k, runs, (model) =>
    coreSet.select(arrayQuery({ pool, labeled: taken, k, classes, model, kernels: createSelectionKernels() }), {
      space: 'embedding',
      start: 'medoid',
    }),
  )
}

async function timeSelect(
  name: string,
  given: Predictions,
  k: number,
  runs: number,
  select: (model: ModelView, run: number) => Promise<unknown>,
): Promise<BenchResult> {
  const times = await timed(runs, async (run) => {
    // New memory each time, as after a forward pass: what a kernel keeps of the last call does not help.
    const model = viewOf(given, { ...given.features, data: given.features.data.slice() })
    const start = performance.now()
    await select(model, run)
    return performance.now() - start
  })
  return benchResult(name, sizeText(given.features.rows, k), times)
}

/** Times of `runs` calls after one that is not counted. */
export async function timed(runs: number, call: (run: number) => number | Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let run = -1; run < runs; run++) {
    const time = await call(run)
    if (run >= 0) times.push(time)
  }
  return times
}
