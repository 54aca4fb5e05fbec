import { createSelectionKernels } from '@backends/kernels/selection'
import { createExecutor } from '@backends/registry'
import { randomFrom } from '@engine/core/random'
import type { Dataset, LabeledPool } from '@engine/data/dataset'
import { createBackbone, type Backbone } from '@engine/nn/backbone'
import type { Executor } from '@engine/nn/executor'
import { pretrain } from '@engine/nn/pretrain'
import { expandStudy } from '@engine/study/expand'
import type { ProxyTimings, RoundRecord } from '@engine/study/events'
import { runLoop } from '@engine/study/runLoop'
import { parseStudy } from '@engine/study/schema'
import type { RunSpec, Study } from '@engine/study/spec'
import { systemClock } from '../../node/clock'
import { loadDataset } from '../../node/datasets'
import { benchResult, type BenchResult } from './result'

const backend = 'onnx-native'

/** Half of the garments teach the backbone; the other half is labelled, twenty rows at a time. */
const garments = `
study: bench
dataset: { id: fashion-mnist-6k, classes: [T-shirt/top, Pullover, Dress, Coat, Shirt], name: tops }
model:
  type: finetune
  backbone:
    pretrain:
      dataset: { id: fashion-mnist-6k, classes: [Trouser, Sandal, Sneaker, Bag, Ankle boot], name: shoes-and-bags }
      model: { type: cnn, filters: [16, 32], hidden: [64] }
      epochs: 10
training: { learningRate: 0.001, batchSize: 32, epochs: 30, minSteps: 400 }
protocol: { initial: 40, query: 20, rounds: 30, evaluateAt: [640] }
strategies:
  - margin
  - { id: svpp, base: margin }
  - { id: asvp, base: margin }
`

/** One query of a proxy with its defaults on as many features as a large data set has. */
const round = `
study: bench
dataset: features
model: { type: linear }
training: { epochs: 1, minSteps: 0 }
protocol: { seeds: 1, initial: 500, query: 200, rounds: 1, evaluateAt: [700] }
strategies: [{ id: svpp, base: margin }]
`
const [rows, width, classes] = [50_000, 512, 10]

/** Active-learning time of standard, proxy and aligned proxy selection at equal budget (A§12.6), and of one round on a large pool. */
export async function proxyBench(runs: number): Promise<BenchResult[]> {
  const executor = await createExecutor(backend)
  try {
    return [await largeRound(executor, Math.min(runs, 3)), ...(await budgets(executor, Math.min(runs, 2)))]
  } finally {
    executor.dispose()
  }
}

async function largeRound(executor: Executor, runs: number): Promise<BenchResult> {
  const dataset = largePool()
  const [spec] = specsOf(parseStudy(round, { file: 'bench.yaml' }), dataset, executor)
  const times: number[] = []
  for (let run = 0; run < runs; run++) {
    const [{ proxyTimings }] = await recordsOf(spec, dataset, executor)
    times.push(learningMs(proxyTimings!))
  }
  return { ...benchResult('proxy-round-50k', '50,000 × 512, 10 classes, 500 labels, MLP 512-512-10', times), backend }
}

async function budgets(executor: Executor, runs: number): Promise<BenchResult[]> {
  const study = parseStudy(garments, { file: 'bench.yaml' })
  const dataset = await loadDataset(study.datasets[0], '.')
  const backbone = await backboneOf(study, executor)
  const runsOf = new Map(study.strategies.map(({ name }) => [name, [] as (readonly RoundRecord[])[]]))
  // Seed by seed and one strategy after the other, so that all see the same load.
  for (const spec of specsOf({ ...study, protocol: { ...study.protocol, seeds: runs } }, dataset, executor))
    runsOf.get(spec.strategy.name)?.push(await recordsOf(spec, dataset, executor, backbone))
  const standard = runsOf.get('margin')?.map(activeLearningMs) ?? []
  return [...runsOf].map(([name, own]) => {
    const times = own.map(activeLearningMs)
    const accuracies = own.map((records) => records[records.length - 1].metrics.accuracy ?? NaN)
    return {
      ...benchResult(`al-time-${name === 'margin' ? 'standard' : name}`, '3,000 × 1×28×28, CNN, 30 batches of 20, margin', times),
      backend,
      shareOfStandard: mean(times.map((ms, seed) => ms / standard[seed])),
      accuracy: mean(accuracies),
      ...ledgerOf(own[0]),
    }
  })
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

async function backboneOf({ model }: Study, executor: Executor): Promise<Backbone> {
  if (model.type !== 'finetune' || typeof model.backbone === 'string') throw new Error('the benchmark pre-trains its backbone itself')
  const source = await loadDataset(model.backbone.pretrain.dataset, '.')
  const training = pretrain(model.backbone.pretrain, source, { executor })
  for (;;) {
    const next = await training.next()
    if (next.done) return createBackbone({ name: 'bench', ...next.value })
  }
}

const specsOf = (study: Study, { id, sha256 }: Dataset, { precision }: Executor): RunSpec[] =>
  expandStudy(study, { backend, precision, datasets: [{ ref: study.datasets[0], name: id, sha256 }] }).map(({ spec }) => spec)

async function recordsOf(spec: RunSpec, dataset: Dataset, executor: Executor, backbone?: Backbone): Promise<RoundRecord[]> {
  const records: RoundRecord[] = []
  const events = runLoop(spec, {
    dataset,
    executor,
    kernels: createSelectionKernels(),
    clock: systemClock,
    resume: null,
    ...(backbone === undefined ? {} : { backbone }),
  })
  for await (const event of events) {
    if (event.type === 'round-ended') records.push(event.record)
    if (event.type === 'run-ended' && event.state !== 'finished') throw new Error(event.error?.message ?? event.state)
  }
  return records
}

/** Everything but the training of the model that is evaluated at the end. */
const activeLearningMs = (records: readonly RoundRecord[]): number =>
  records
    .slice(0, -1)
    .reduce(
      (sum, { timings: t, proxyTimings }) =>
        sum + (proxyTimings ? learningMs(proxyTimings) : t.trainMs + t.forwardMs + t.scoreMs + t.chooseMs),
      0,
    )

const learningMs = ({ finalTrainMs: _final, ...terms }: ProxyTimings): number => Object.values(terms).reduce((sum, ms) => sum + ms, 0)

/** The terms of one run, in whole milliseconds, under the names of ledger.csv. */
function ledgerOf(records: readonly RoundRecord[]): Record<string, number> {
  const sum = (pick: (record: RoundRecord) => number | undefined): number =>
    Math.round(records.reduce((total, record) => total + (pick(record) ?? 0), 0))
  if (records[0].proxyTimings === undefined)
    return {
      train_ms: sum(({ timings }) => timings.trainMs),
      forward_ms: sum(({ timings }) => timings.forwardMs),
      select_ms: sum(({ timings }) => timings.scoreMs + timings.chooseMs),
    }
  return {
    feature_forward_ms: sum(({ proxyTimings }) => proxyTimings?.featureForwardMs),
    proxy_train_ms: sum(({ proxyTimings }) => proxyTimings?.proxyTrainMs),
    proxy_forward_ms: sum(({ proxyTimings }) => proxyTimings?.proxyForwardMs),
    select_ms: sum(({ proxyTimings }) => proxyTimings?.selectMs),
    check_train_ms: sum(({ proxyTimings }) => proxyTimings?.checkTrainMs),
    logme_ms: sum(({ proxyTimings }) => proxyTimings?.logmeMs),
    feature_update_ms: sum(({ proxyTimings }) => proxyTimings?.featureUpdateMs),
    final_train_ms: sum(({ proxyTimings }) => proxyTimings?.finalTrainMs),
    updates: records.reduce((count, { diagnostics }) => count + (diagnostics.feature_update ?? 0), 0),
    checks: records.filter(({ diagnostics }) => diagnostics.feature_update !== undefined).length,
  }
}

/** Gaussian features around the means of their classes. */
function largePool(): Dataset {
  const random = randomFrom('bench').fork('features')
  const means = Float32Array.from({ length: classes * width }, () => random.normal())
  const pool = (count: number): LabeledPool => {
    const labels = Int32Array.from({ length: count }, () => random.int(classes))
    const data = Float32Array.from(
      { length: count * width },
      (_, i) => means[labels[Math.floor(i / width)] * width + (i % width)] + 2 * random.normal(),
    )
    return { data, rows: count, shape: [width], labels }
  }
  return {
    id: 'features',
    kind: 'vector',
    classNames: Array.from({ length: classes }, (_, c) => `class ${c}`),
    train: pool(rows),
    test: pool(100),
    valueRange: null,
    sha256: 'benchmark',
  }
}
