import { describe, expect, it } from 'vitest'
import { plainKernels } from '@engine/core/distances'
import { randomFrom } from '@engine/core/random'
import type { Dataset } from '@engine/data/dataset'
import { memoryFeatures, type FeatureSource, type FeatureTarget } from '@engine/data/features'
import { identityScaling } from '@engine/data/gather'
import { createBackbone } from '@engine/nn/backbone'
import type { RoundRecord, RunEvent } from '@engine/study/events'
import type { RunDependencies } from '@engine/study/runLoop'
import type { RunSpec } from '@engine/study/spec'
import { ledgerCsv } from '@main/exporting/csv'
import { resultSetFrom } from '@engine/analysis/resultSet'
import {
  blobs,
  collect,
  endOf,
  expandFor,
  quickStudy,
  recordsOf,
  steppingClock,
  storedUpTo,
  study,
  withoutTimes,
} from '../../support/studies'

const dataset = blobs({ rows: 120, classes: 3, d: 5 })
const protocol = 'protocol: { seeds: 1, initial: 8, query: 8, rounds: 5, evaluateAt: [24] }'
const quick = 'epochs: 5, minSteps: 10'
const specsOf = (strategies: string, sections = protocol): RunSpec[] =>
  expandFor(quickStudy(strategies, sections), dataset).map(({ spec }) => spec)
const picksOf = (events: readonly RunEvent[]): number[][] => recordsOf(events).map(({ selection }) => selection.map(({ row }) => row))
const valuesOf = (events: readonly RunEvent[], key: string): (number | undefined)[] =>
  recordsOf(events).map(({ diagnostics }) => diagnostics[key])

/** Six features of five inputs by random weights. */
const backbone = (() => {
  const random = randomFrom('backbone')
  const normal = (size: number): Float32Array => Float32Array.from({ length: size }, () => random.normal())
  return createBackbone({
    name: 'random',
    layers: [{ type: 'dense', units: 6 }, { type: 'relu' }],
    inputShape: [5],
    scaling: identityScaling,
    weights: [
      { name: '0.weight', shape: [6, 5], data: normal(30) },
      { name: '0.bias', shape: [6], data: normal(6) },
    ],
  })
})()

const tuningSpec = (strategy: string, model = ''): RunSpec =>
  expandFor(
    study(`
study: tuned
dataset: blobs
model: { type: finetune, backbone: random, headEpochs: 3, ${model} }
training: { epochs: 3, minSteps: 6, batchSize: 8, learningRate: 0.02 }
${protocol}
strategies: [${strategy}]
`),
    dataset,
  )[0].spec

const tuned = (strategy: string, deps: Partial<RunDependencies> = {}, model = ''): Promise<RunEvent[]> =>
  collect(tuningSpec(strategy, model), dataset, { backbone, ...deps })

/** Features that remember who read them, and whether they were given back. */
function watched(target: FeatureTarget): FeatureTarget & { readonly log: { reads: number; disposed: boolean } } {
  const log = { reads: 0, disposed: false }
  return {
    ...target,
    log,
    read: (rows) => {
      log.reads++
      return target.read(rows)
    },
    dispose: () => {
      log.disposed = true
      target.dispose()
    },
  }
}

describe('a run with a proxy', () => {
  it.each([
    `{ id: svp, ${quick} }`,
    `{ id: svp, proxy: mlp, hidden: [4], base: badge, ${quick} }`,
    `{ id: svp, proxy: linear, base: entropy, ${quick} }`,
    `{ id: svpp, base: random, ${quick} }`,
    `{ id: svpp, base: badge, hidden: 3, optimizer: sgd, learningRate: 0.1, ${quick} }`,
    `{ id: svpp, base: { id: less, target: train }, ${quick} }`,
    `{ id: svpp, base: lplgrad, ${quick} }`,
    `{ id: asvp, base: core-set, ${quick} }`,
  ])('%s queries what it should, and evaluates the model where the study says', async (strategy) => {
    const events = await collect(specsOf(strategy)[0], dataset)
    expect(endOf(events)).toMatchObject({ type: 'run-ended', state: 'finished' })
    const records = recordsOf(events)
    expect(records.map(({ labeled }) => labeled)).toEqual([8, 16, 24, 32, 40, 48])
    expect(new Set(picksOf(events).flat()).size).toBe(40)
    for (const { labeled, metrics, steps, trainAccuracy } of records) {
      const isEvaluated = labeled === 24 || labeled === 48
      expect(Object.keys(metrics).length > 0).toBe(isEvaluated)
      expect(steps > 0).toBe(isEvaluated)
      expect(trainAccuracy !== null).toBe(isEvaluated)
    }
    for (const steps of valuesOf(events, 'proxy_steps').slice(0, -1)) expect(steps).toBeGreaterThanOrEqual(10)
  })

  it('asks the base method with the proxy as its model: a shadow of it agrees', async () => {
    const events = await collect(specsOf(`{ id: svpp, ${quick} }`, `${protocol}\nshadow: [margin, random]`)[0], dataset)
    for (const { overlap } of recordsOf(events).slice(0, -1))
      expect(overlap[0]).toMatchObject({ shadow: 'margin', jaccard: 1, spearman: 1 })
  })

  it('makes a new proxy every round: what it was before plays no part', async () => {
    const spec = specsOf(`{ id: svpp, base: badge, ${quick} }`)[0]
    const whole = await collect(spec, dataset)
    for (const rounds of [1, 3, 5]) {
      const resumed = await collect(spec, dataset, { resume: storedUpTo(whole, rounds) })
      expect(withoutTimes(resumed)).toEqual(withoutTimes(whole).slice(rounds))
    }
  })

  it('reads no label that was not bought', async () => {
    for (const strategy of [`{ id: svpp, base: badge, ${quick} }`, `{ id: asvp, tau: -inf, updates: 2, checks: every, ${quick} }`]) {
      const [spec] = specsOf(strategy)
      const before = await collect(spec, dataset)
      const bought = new Set(picksOf(before).flat())
      const start = before[0].type === 'run-started' ? before[0].initial.map(({ row }) => row) : []
      for (const row of start) bought.add(row)
      const labels = dataset.train.labels.map((label, row) => (bought.has(row) ? label : (label + 1) % 3))
      const other: Dataset = { ...dataset, train: { ...dataset.train, labels } }
      const after = await collect(spec, other)
      expect(picksOf(after)).toEqual(picksOf(before))
      for (const key of ['logme_ped_delta', 'b1', 'b2']) expect(valuesOf(after, key)).toEqual(valuesOf(before, key))
    }
  })

  it('gives no proxy a batch of one row', async () => {
    const spec = expandFor(
      quickStudy(`{ id: svpp, batchSize: 8, ${quick} }`, 'protocol: { seeds: 1, initial: 9, query: 8, rounds: 2 }'),
      dataset,
    )[0].spec
    // 9 and 17 rows: batches of 8 would leave one, those of 7 and 6 do not
    expect(valuesOf(await collect(spec, dataset), 'proxy_steps').slice(0, 2)).toEqual([10, 15])
  })

  it('refuses to carry weights on', async () => {
    const events = await collect({ ...specsOf('svpp')[0], training: { ...specsOf('svpp')[0].training, weightStart: 'carry' } }, dataset)
    expect(endOf(events)).toMatchObject({
      state: 'failed',
      error: { code: 'bad-input', details: { path: 'training.weightStart', found: 'carry' } },
    })
  })
})

describe('budgets of evaluation', () => {
  it('leave the metrics of other rounds of an ordinary run empty, and change nothing else', async () => {
    const all = withoutTimes(await collect(specsOf('badge', 'protocol: { seeds: 1, initial: 8, query: 8, rounds: 5 }')[0], dataset))
    const some = withoutTimes(await collect(specsOf('badge')[0], dataset))
    expect(some).toEqual(all.map((record, round) => (round === 2 || round === 5 ? record : { ...record, metrics: {} })))
  })

  it('stand for the first round that reaches them', async () => {
    const spec = specsOf('random', 'protocol: { seeds: 1, initial: 8, query: 8, rounds: 4, evaluateAt: [5, 20] }')[0]
    const records = recordsOf(await collect(spec, dataset))
    expect(records.filter(({ metrics }) => metrics.accuracy !== undefined).map(({ labeled }) => labeled)).toEqual([8, 24, 40])
  })
})

describe('ASVP', () => {
  it('with τ = ∞ and plain fine-tuning is SVPp, record by record (A§19.32)', async () => {
    const [svpp, asvp] = await Promise.all([
      tuned(`{ id: svpp, base: badge, ${quick} }`),
      tuned(`{ id: asvp, base: badge, tau: inf, method: ft, ${quick} }`),
    ])
    expect(withoutTimes(asvp)).toEqual(withoutTimes(svpp))
    expect(recordsOf(asvp).map(({ mode }) => mode)).toEqual(new Array(6).fill('ft'))
  })

  it('with τ = −∞ renews its features at the first check, once (A§19.32)', async () => {
    for (const scoreOn of ['prequential', 'heldout', 'train']) {
      const events = await tuned(`{ id: asvp, tau: -inf, method: ft, scoreOn: ${scoreOn}, ${quick} }`)
      expect(valuesOf(events, 'feature_update')).toEqual([undefined, 1, undefined, undefined, undefined, undefined])
    }
    const often = await tuned(`{ id: asvp, tau: -inf, method: ft, checks: every, updates: 3, ${quick} }`)
    expect(valuesOf(often, 'feature_update')).toEqual([1, 1, 1, undefined, undefined, undefined])
    const listed = await tuned(`{ id: asvp, tau: -inf, method: ft, checks: [20, 21], ${quick} }`)
    expect(valuesOf(listed, 'feature_update')).toEqual([undefined, undefined, 1, undefined, undefined, undefined])
  })

  it('reads every row from the new features once they are renewed (A§19.32)', async () => {
    const made: ReturnType<typeof watched>[] = []
    const featureStore = (rows: number, width: number) => {
      const target = watched(memoryFeatures(rows, width))
      made.push(target)
      return target
    }
    const reads: number[][] = []
    const run = tuned(`{ id: asvp, tau: -inf, base: badge, ${quick} }`, {
      featureStore,
      pause: async () => void reads.push(made.map(({ log }) => log.reads)),
    })
    const events = await run
    expect(made).toHaveLength(2)
    // one look before each round: the update comes at the end of round 1
    const [first, second] = made.map((_, k) => reads.map((counts) => counts[k] ?? 0))
    expect(new Set(first.slice(2)).size).toBe(1)
    expect(second[2]).toBe(0)
    expect(second[5]).toBeGreaterThan(second[2])
    expect(made.every(({ log }) => log.disposed)).toBe(true)
    const plain = await tuned(`{ id: svpp, base: badge, ${quick} }`)
    expect(picksOf(events).slice(0, 2)).toEqual(picksOf(plain).slice(0, 2))
    expect(picksOf(events).slice(2)).not.toEqual(picksOf(plain).slice(2))
  })

  it('writes new features of all rows', async () => {
    const copies: (() => Float32Array)[] = []
    const kept: Float32Array[] = []
    await tuned(`{ id: asvp, tau: -inf, ${quick} }`, {
      featureStore: (rows, width) => {
        const target = memoryFeatures(rows, width)
        copies.push(() => target.read(Int32Array.from({ length: rows }, (_, i) => i)).data)
        return { ...target, dispose: () => void kept.push(copies.shift()!()) }
      },
    })
    const [before, after] = kept
    const differs = (row: number): boolean => before.subarray(6 * row, 6 * row + 6).some((value, j) => value !== after[6 * row + j])
    expect(Array.from({ length: 120 }, (_, row) => differs(row)).every(Boolean)).toBe(true)
  })

  it('goes on after an interruption as if nothing had been, features and method with it', async () => {
    for (const more of [
      'tau: -inf, updates: 2, checks: every',
      'tau: -inf, scoreOn: heldout',
      'tau: 0.01, checks: every, switchBy: region',
    ]) {
      const strategy = `{ id: asvp, base: badge, ${more}, ${quick} }`
      const whole = await tuned(strategy)
      for (const rounds of [1, 2, 4]) {
        const resumed = await tuned(strategy, { resume: storedUpTo(whole, rounds) })
        expect(withoutTimes(resumed)).toEqual(withoutTimes(whole).slice(rounds))
      }
    }
  })

  it('tunes the head first until a check is above τ', async () => {
    const never = await tuned(`{ id: asvp, tau: 1000, ${quick} }`)
    expect(recordsOf(never).map(({ mode }) => mode)).toEqual(new Array(6).fill('lp-ft'))
    const soon = await tuned(`{ id: asvp, tau: -1000, updates: 0, ${quick} }`)
    expect(recordsOf(soon).map(({ mode }) => mode)).toEqual(['lp-ft', 'lp-ft', 'ft', 'ft', 'ft', 'ft'])
    expect(valuesOf(soon, 'tuning')).toEqual([1, 1, 0, 0, 0, 0])
    expect(valuesOf(soon, 'feature_update')).toEqual([undefined, 0, undefined, undefined, undefined, undefined])
    // the head's own epochs come on top: 3 × 3 steps, or 6 where minSteps asks for them
    const steps = (events: readonly RunEvent[]): number => recordsOf(events)[2].steps
    expect(steps(never)).toBe(2 * steps(soon))
  })

  it('trains as the study says where nothing else decides', async () => {
    const events = await tuned(`{ id: svpp, ${quick} }`, {}, 'tuning: lp-ft')
    expect(recordsOf(events).map(({ mode }) => mode)).toEqual(new Array(6).fill('lp-ft'))
  })

  it('works on any network: inputs are its features, and its last hidden layer makes the new ones', async () => {
    const events = await collect(specsOf(`{ id: asvp, base: badge, tau: -inf, ${quick} }`)[0], dataset)
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    expect(valuesOf(events, 'feature_update')[1]).toBe(1)
    expect(recordsOf(events).map(({ mode }) => mode)).toEqual(new Array(6).fill(null))
  })

  it('reads stored features where the host has them, and charges their making to the first round', async () => {
    const random = randomFrom('stored')
    const stored = memoryFeatures(120, 7, 'file', 1234)
    stored.write(
      0,
      Float32Array.from({ length: 840 }, () => random.normal()),
    )
    const log: Int32Array[] = []
    const features: FeatureSource = { ...stored, read: (rows) => (log.push(rows), stored.read(rows)) }
    const events = await tuned(`{ id: svpp, base: entropy, ${quick} }`, { features })
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    expect(log.length).toBeGreaterThan(10)
    expect(recordsOf(events).map(({ proxyTimings }) => proxyTimings?.featureForwardMs)).toEqual([1234, 0, 0, 0, 0, 0])
    const inputs = await tuned(`{ id: svpp, base: entropy, ${quick} }`)
    expect(picksOf(events)).not.toEqual(picksOf(inputs))
  })
})

describe('the ledger', () => {
  const total = (record: RoundRecord, keys: readonly string[], from: 'timings' | 'proxyTimings'): number =>
    keys.reduce((sum, key) => sum + (record[from] as unknown as Readonly<Record<string, number>>)[key], 0)
  const learning = ['featureForwardMs', 'proxyTrainMs', 'proxyForwardMs', 'selectMs', 'checkTrainMs', 'logmeMs', 'featureUpdateMs']

  it('has terms that sum to the time of the round, and only those that the round has (A§19.32)', async () => {
    const events = await tuned(`{ id: asvp, tau: -inf, base: badge, ${quick} }`)
    for (const record of recordsOf(events)) {
      const { proxyTimings: terms, timings, round } = record
      expect(total(record, learning, 'proxyTimings')).toBe(
        total(record, ['trainMs', 'forwardMs', 'scoreMs', 'chooseMs', 'updateMs'], 'timings'),
      )
      expect(terms!.featureForwardMs > 0).toBe(round === 0)
      expect(terms!.checkTrainMs > 0 && terms!.logmeMs > 0 && terms!.featureUpdateMs > 0).toBe(round === 1)
      expect(terms!.finalTrainMs > 0).toBe(round === 2 || round === 5)
      expect(terms!.finalTrainMs).toBeLessThanOrEqual(timings.evalMs)
      expect(terms!.proxyTrainMs > 0).toBe(round < 5)
    }
  })

  it('is a table of its own, of the runs that have one', async () => {
    const specs = expandFor(quickStudy(`random, { id: svpp, ${quick} }`, protocol), dataset)
    const runs = await Promise.all(
      specs.map(async ({ spec, hash, factors }) => {
        const records = recordsOf(await collect(spec, dataset, { kernels: plainKernels, clock: steppingClock() }))
        return {
          hash,
          strategy: spec.strategy.name,
          seed: 0,
          dataset: 'blobs',
          factors,
          state: {
            status: 'finished' as const,
            rounds: 5,
            records,
            initial: [],
            poolSize: 120,
            testSize: 40,
            epoch: null,
            warnings: [],
            error: null,
            lastSeq: 0,
          },
        }
      }),
    )
    const { stats } = quickStudy('random')
    const resultsOf = (own: typeof runs) =>
      resultSetFrom({ study: 's', strategies: ['random', 'svpp'], lines: [], factors: [], stats, classes: 3, runs: own })
    const [header, ...lines] = ledgerCsv(resultsOf(runs))!.trim().split('\n')
    expect(header).toBe(
      'study,dataset,run,strategy,seed,round,feature_forward_ms,proxy_train_ms,proxy_forward_ms,select_ms,check_train_ms,logme_ms,feature_update_ms,final_train_ms',
    )
    expect(lines).toHaveLength(6)
    for (const line of lines) expect(line).toMatch(/^s,blobs,[0-9a-f]+,svpp,0,\d(,\d+){8}$/)
    expect(ledgerCsv(resultsOf(runs.slice(0, 1)))).toBeNull()
  })
})
