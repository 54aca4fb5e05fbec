import { describe, expect, it } from 'vitest'
import { randomFrom } from '@engine/core/random'
import type { Dataset } from '@engine/data/dataset'
import { createModel } from '@engine/nn/createModel'
import type { Model } from '@engine/nn/model'
import { strategies } from '@engine/strategies/registry'
import type { RunEvent } from '@engine/study/events'
import type { RunDependencies } from '@engine/study/runLoop'
import type { RunSpec } from '@engine/study/spec'
import { streamsOf } from '@engine/study/streams'
import { blobs, collect, expandFor, quickStudy, recordsOf, withoutTimes } from '../support/studies'

const dataset = blobs({ rows: 60, testRows: 30 })
const every = 'random, entropy, least-confidence, margin, badge, core-set, kmeans, entropy-gradnorm, { id: acquisition, batch: kmeans++ }'

/** Everything a fit was given, by round, besides the numbers themselves. */
function watched(log: string[]): Pick<RunDependencies, 'createModel'> {
  const spy = (model: Model): Model => ({
    ...model,
    initialize: (random) => {
      log.push(`weights ${random.fork('peek').next()}`)
      model.initialize(random)
    },
    fit: (rows, labels, options, random, signal) => {
      log.push(`fit ${random.order.fork('peek').next()} ${random.dropout.fork('peek').next()} ${random.augment.fork('peek').next()}`)
      return model.fit(rows, labels, options, random, signal)
    },
  })
  return { createModel: (config, executor) => spy(createModel(config, executor)) }
}

const start = (events: readonly RunEvent[]): number[] => {
  const [first] = events
  return first.type === 'run-started' ? first.initial.map(({ row }) => row) : []
}

describe('pairing', () => {
  it('gives all strategies of a repeat the same rows, weights and batches', async () => {
    const seen = new Map<number, string[]>()
    for (const { spec } of expandFor(
      quickStudy(every, 'protocol: { seeds: 2, initial: 6, query: 5, rounds: 2 }\ndata: { test: 15 }'),
      dataset,
    )) {
      const log: string[] = []
      const events = await collect(spec, dataset, watched(log))
      log.push(`initial ${start(events).join()}`, `first ${JSON.stringify(recordsOf(events)[0].metrics)}`)
      const others = seen.get(spec.repeat) ?? log
      expect(log).toEqual(others)
      seen.set(spec.repeat, others)
    }
    expect(seen.get(0)).not.toEqual(seen.get(1))
  })

  it.each([
    [[], []],
    [['initial'], ['initial']],
    [['weights'], ['weights']],
    [['order'], ['order', 'dropout', 'augment']],
    [['split'], ['split']],
    [
      ['initial', 'order', 'split', 'weights'],
      ['split', 'initial', 'weights', 'order', 'dropout', 'augment'],
    ],
  ] as const)('varies %j between repeats and nothing else', (vary, expected) => {
    const [{ spec }] = expandFor(quickStudy('random'), dataset)
    const first = (repeat: number) => {
      const streams = streamsOf({ protocol: { ...spec.protocol, vary }, repeat })
      const fit = streams.fit(3)
      const all = { split: streams.split('test'), initial: streams.initial(), weights: streams.weights(3), ...fit }
      return Object.fromEntries(Object.entries(all).map(([name, random]) => [name, random.next()]))
    }
    const [a, b] = [first(0), first(1)]
    expect(Object.keys(a).filter((name) => a[name] !== b[name])).toEqual(expected)
    expect(new Set(Object.values(a)).size).toBe(6)
  })

  it('draws from selection streams that know method, parameters, repeat and round, but no name', () => {
    const [{ spec }] = expandFor(quickStudy('random'), dataset)
    const first = (entry: Parameters<ReturnType<typeof streamsOf>['selection']>[0], round = 0, repeat = 0) =>
      streamsOf({ ...spec, repeat })
        .selection(entry, round)
        .next()
    const badge = { id: 'badge', params: {} }
    expect(first({ ...badge, ...{ name: 'other' } })).toBe(first(badge))
    const acquisition = (params: object) => ({
      id: 'acquisition',
      params: strategies.get('acquisition')?.params.parse(params) as RunSpec['strategy']['params'],
    })
    // A parameter that the chosen score does not read changes nothing, so neither may it change a draw.
    expect(first(acquisition({ passes: 20 }))).toBe(first(acquisition({})))
    const all = [
      first(badge),
      first(badge, 1),
      first(badge, 0, 1),
      first({ id: 'random', params: {} }),
      first(acquisition({})),
      first(acquisition({ score: 'margin' })),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it('gives the same records under another name and beside other strategies', async () => {
    const run = async (strategy: string) => withoutTimes(await collect(expandFor(quickStudy(strategy), dataset)[0].spec, dataset))
    expect(await run('{ id: badge, name: mine }')).toEqual(await run('badge, random'))
  })

  it('lets a longer run of a method begin like the shorter one', async () => {
    const [short, long] = expandFor(quickStudy('random, { id: random, name: long, rounds: 6 }'), dataset)
    const [a, b] = [await collect(short.spec, dataset), await collect(long.spec, dataset)]
    const picks = (events: readonly RunEvent[]) => recordsOf(events).map(({ selection }) => selection.map(({ row }) => row))
    expect(picks(b).slice(0, 3)).toEqual(picks(a).slice(0, 3))
  })
})

describe('leaks', () => {
  /** Labels of rows that a run has not bought do not reach it, so changing them changes nothing. */
  function relabelled(keep: ReadonlySet<number>, seed: number): Dataset {
    const random = randomFrom(seed)
    const labels = dataset.train.labels.map((label, row) => (keep.has(row) ? label : random.int(3)))
    return { ...dataset, train: { ...dataset.train, labels } }
  }

  it.each(expandFor(quickStudy(every), dataset).map(({ spec }) => [spec.strategy.name, spec] as const))(
    '%s never sees a label before it is bought',
    async (_, spec) => {
      const events = await collect(spec, dataset)
      const records = recordsOf(events)
      const bought = new Set(start(events))
      for (const [round, { selection }] of records.entries()) {
        const shuffled = recordsOf(await collect(spec, relabelled(bought, round)))
        // Up to this query, both runs have bought the same labels.
        for (let r = 0; r <= round; r++) {
          expect(shuffled[r].selection.map(({ row, score }) => [row, score])).toEqual(
            records[r].selection.map(({ row, score }) => [row, score]),
          )
          expect(shuffled[r].metrics).toEqual(records[r].metrics)
        }
        for (const { row } of selection) bought.add(row)
      }
    },
  )

  it('does not let test rows into the scaling', async () => {
    const [{ spec }] = expandFor(quickStudy('entropy'), dataset)
    const first = await collect(spec, dataset)
    const moved = {
      ...dataset,
      test: dataset.test && { ...dataset.test, data: dataset.test.data.map((value: number) => value * 100 + 7) },
    } as Dataset
    const picks = (events: readonly RunEvent[]) => recordsOf(events).map(({ selection, trainLoss }) => [trainLoss, selection])
    expect(picks(await collect(spec, moved))).toEqual(picks(first))
  })
})
