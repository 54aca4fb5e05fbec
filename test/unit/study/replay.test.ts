import { describe, expect, it } from 'vitest'
import { parseRecorded } from '@engine/strategies/recorded'
import type { RunEvent } from '@engine/study/events'
import { filesOf } from '@engine/study/expand'
import { parseRunFiles } from '@engine/study/runFiles'
import { checkStudy } from '@engine/study/schema'
import type { RunSpec } from '@engine/study/spec'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf } from '../../support/studies'

const dataset = blobs()
const specsOf = (strategies: string, protocol: string): RunSpec[] =>
  expandFor(quickStudy(strategies, `protocol: { seeds: 1, ${protocol} }`), dataset).map(({ spec }) => spec)
const picksOf = (events: readonly RunEvent[]): number[][] => recordsOf(events).map(({ selection }) => selection.map(({ row }) => row))
const csvOf = (strategy: string, picks: readonly number[][]): string =>
  [
    'study,dataset,run,strategy,seed,round,order,row',
    ...picks.flatMap((rows, round) => rows.map((row, order) => `s,blobs,r,${strategy},0,${round + 1},${order},${row}`)),
  ].join('\n')

describe('replay', () => {
  const replayed = async (protocol: string, original: number[][], model: RunSpec['model']) => {
    const [spec] = specsOf('{ id: replay, selections: old.csv }', protocol)
    return collect({ ...spec, model }, dataset, { files: parseRunFiles(spec, { 'old.csv': csvOf('badge', original) }) })
  }

  it.each([
    ['seeded', 'initial: 6, query: 5, rounds: 3'],
    ['seeded with a sub-pool', 'initial: 6, query: 5, rounds: 3, subPool: 12'],
    ['empty', 'dataStart: empty, query: 5, rounds: 3, subPool: 8'],
    ['empty, opened by chance', 'dataStart: empty, firstBatch: random, query: 5, rounds: 3, subPool: 8'],
  ])('labels with another model what a run labelled from a start that was %s', async (_, protocol) => {
    const original = picksOf(await collect(specsOf('badge', protocol)[0], dataset))
    const events = await replayed(protocol, original, { type: 'linear', init: 'he-uniform' })
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    expect(picksOf(events)).toEqual(original)
  })

  it.each(['base: replay, selections: old.csv', 'base: { id: replay, selections: old.csv }'])('chooses for a proxy: %s', async (base) => {
    const protocol = 'initial: 6, query: 5, rounds: 3, subPool: 12, evaluateAt: [21]'
    const original = picksOf(await collect(specsOf('badge', protocol)[0], dataset))
    const [spec] = specsOf(`{ id: asvp, minSteps: 5, epochs: 1, ${base} }`, protocol)
    expect(filesOf(spec)).toEqual(['old.csv'])
    const events = await collect(spec, dataset, { files: parseRunFiles(spec, { 'old.csv': csvOf('badge', original) }) })
    expect(picksOf(events)).toEqual(original)
  })

  it('does not depend on the size of a sub-pool, unless another method opens', () => {
    const hashes = (more: string) => {
      const study = quickStudy(
        'random, { id: replay, selections: s.csv }',
        `protocol: { seeds: 1, ${more} }\nablate: { protocol.subPool: [null, 20] }`,
      )
      return expandFor(study, dataset).filter(({ spec }) => spec.strategy.id === 'replay')
    }
    expect(hashes('initial: 6, query: 5, rounds: 3').map(({ factors }) => factors)).toEqual([{ 'protocol.subPool': null }])
    expect(hashes('dataStart: empty, firstBatch: random, query: 5, rounds: 3')).toHaveLength(2)
  })

  it('is no shadow', () => {
    const { findings } = checkStudy('dataset: x\nstrategies: [random]\nshadow: [{ id: replay, selections: s.csv }]', { file: 'a.yaml' })
    expect(findings).toMatchObject([{ severity: 'error', path: 'shadow[0]' }])
  })
})

describe('weights of a round whose labelled set was bought in another order (A§19.36)', () => {
  const [initial, rest] = [6, 10]
  /** Weights and running statistics after the last round, of a network with batch normalisation, for picks in this order. */
  const last = async (weightStart: RunSpec['training']['weightStart'], picks: number[][]) => {
    const [spec] = specsOf('{ id: replay, selections: old.csv }', `initial: ${initial}, query: ${rest / 2}, rounds: 2`)
    const run = {
      ...spec,
      keep: 'weights' as const,
      model: { type: 'resnet' as const, widths: [2], blocks: 1, dropout: 0, init: 'he-uniform' as const },
      training: { ...spec.training, weightStart },
    }
    const events = await collect(run, images, { files: parseRunFiles(run, { 'old.csv': csvOf('badge', picks) }) })
    expect(endOf(events)).toMatchObject({ state: 'finished' })
    return events.flatMap((event) => (event.type === 'artifact' && /^weights-0*2-/.test(event.name) ? [event] : []))
  }
  const square = <P extends { readonly shape: readonly number[] }>(pool: P): P => ({ ...pool, shape: [1, 2, 2] })
  const images = { ...dataset, kind: 'image' as const, train: square(dataset.train), test: dataset.test && square(dataset.test) }

  it.each(['reinit-fresh', 'reinit-same', 'carry'] as const)('%s', async (weightStart) => {
    const [spec] = specsOf('random', `initial: ${initial}, query: ${rest / 2}, rounds: 2`)
    const [a, b] = picksOf(await collect(spec, dataset))
    const [first, second] = [await last(weightStart, [a, b]), await last(weightStart, [b, a])]
    expect(first.some(({ name }) => name.includes('running_var'))).toBe(true)
    if (weightStart === 'carry') expect(second).not.toEqual(first)
    else expect(second.map(({ data }) => data)).toEqual(first.map(({ data }) => data))
  })
})

describe('recorded picks', () => {
  const header = 'study,dataset,run,strategy,seed,round,order,row'
  const csv = [header, 's,wine,a,badge,0,1,0,3', 's,digits,b,badge,0,1,0,4', 's,digits,c,badge,1,1,0,5'].join('\n')
  const rowsOf = (dataset?: string) =>
    [...parseRecorded(csv, 'x.csv', dataset === undefined ? {} : { dataset })].map(([seed, rounds]) => [
      seed,
      ...rounds.map((rows) => rows[0]),
    ])

  it('are those of the data set when there are several', () => {
    expect(rowsOf('wine')).toEqual([[0, 3]])
    expect(rowsOf('digits')).toEqual([
      [0, 4],
      [1, 5],
    ])
    expect(() => rowsOf('letter')).toThrow('no picks of letter')
  })

  it('are used under any name when there is one data set', () => {
    expect([...parseRecorded(`${header}\ns,wine,a,badge,0,1,0,3`, 'x.csv', { dataset: 'my-wine' }).keys()]).toEqual([0])
  })

  it('of two runs of a repeat are refused, not mixed', () => {
    const two = `${header}\ns,wine,a,badge,0,1,0,3\ns,wine,b,badge,0,1,0,4`
    expect(() => parseRecorded(two, 'x.csv', { dataset: 'wine' })).toThrow('x.csv, line 3: a second run of repeat 0')
  })
})

describe('sub-pools', () => {
  const scored = (events: readonly RunEvent[]): number[][] =>
    events.flatMap((event) =>
      event.type === 'artifact' && event.name.startsWith('scores')
        ? [Array.from({ length: event.shape[0] }, (_, i) => event.data[2 * i])]
        : [],
    )

  it('are shared by strategies as far as their labels allow', async () => {
    const [entropy, margin] = await Promise.all(
      specsOf('entropy, badge', 'initial: 6, query: 5, rounds: 3, subPool: 20').map((spec) => collect(spec, dataset)),
    )
    const [a, b] = [scored(entropy), scored(margin)]
    expect(a[0]).toEqual(b[0])
    expect(a[1]).not.toEqual(a[0])
    // at most the five rows that the other has labelled already are replaced
    expect(a[1].filter((row) => b[1].includes(row)).length).toBeGreaterThanOrEqual(15)
    for (const rows of [...a, ...b]) expect(rows).toEqual([...new Set(rows)].sort((x, y) => x - y))
  })
})
