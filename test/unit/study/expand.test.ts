import { describe, expect, it } from 'vitest'
import { expandStudy, filesOf, shardOf, studyFiles } from '@engine/study/expand'
import { runHash } from '@engine/study/runHash'
import type { RunSpec } from '@engine/study/spec'
import { blobs, expandFor, study } from '../../support/studies'

const dataset = blobs()
const base = 'study: a\ndataset: blobs\nprotocol: { seeds: 2, rounds: 3 }\n'
const plan = (rest: string) => expandFor(study(base + rest), dataset)
const hashes = (rest: string) => plan(rest).map(({ hash }) => hash)

describe('expandStudy', () => {
  it('multiplies every strategy by a study-wide factor, one strategy by its own', () => {
    const runs = plan(
      'strategies: [random, { id: acquisition, name: acq }]\nablate: { training.weightStart: [reinit-fresh, carry], strategies.acq.batch: [topk, kmeans++, kcenter] }',
    )
    expect(runs.filter(({ spec }) => spec.strategy.name === 'random')).toHaveLength(2 * 2)
    expect(runs.filter(({ spec }) => spec.strategy.name === 'acq')).toHaveLength(2 * 3 * 2)
    for (const { spec, factors } of runs) {
      expect(factors['training.weightStart']).toBe(spec.training.weightStart)
      expect(factors['strategies.acq.batch']).toBe(spec.strategy.name === 'acq' ? spec.strategy.params.batch : null)
    }
    expect(new Set(runs.map(({ hash }) => hash)).size).toBe(runs.length)
  })

  it('has a run that a factor cannot change once, with a null cell', () => {
    const runs = plan('strategies: [random, full-data, margin]\nablate: { protocol.query: [5, 10], training.momentum: [0, 0.9] }')
    expect(runs.filter(({ spec }) => spec.strategy.name === 'full-data').map(({ factors }) => factors)).toEqual(
      Array.from({ length: 2 }, () => ({ 'protocol.query': null, 'training.momentum': null })),
    )
    // Adam has no momentum, so that factor changes nothing at all.
    expect(runs.filter(({ spec }) => spec.strategy.name === 'margin').map(({ factors }) => factors)).toEqual(
      [5, 10, 5, 10].map((query) => ({ 'protocol.query': query, 'training.momentum': null })),
    )
  })

  it('collapses parameters that another level switches off', () => {
    const runs = plan(
      'strategies: [{ id: acquisition, name: acq }, random]\nablate: { strategies.acq.score: [entropy, entropy-gradnorm], strategies.acq.component: [full, output] }',
    )
    const acq = runs.filter(({ spec }) => spec.strategy.name === 'acq' && spec.repeat === 0)
    expect(acq.map(({ factors }) => [factors['strategies.acq.score'], factors['strategies.acq.component']])).toEqual([
      ['entropy', null],
      ['entropy-gradnorm', 'full'],
      ['entropy-gradnorm', 'output'],
    ])
  })

  it('has a method once that opens like itself', () => {
    const runs = expandFor(
      study(
        'dataset: blobs\nprotocol: { seeds: 1, dataStart: empty }\nstrategies: [random, badge]\nablate: { protocol.firstBatch: [strategy, random] }',
      ),
      dataset,
    )
    expect(runs.map(({ spec, factors }) => [spec.strategy.name, factors['protocol.firstBatch']])).toEqual([
      ['random', null],
      ['badge', 'strategy'],
      ['badge', 'random'],
    ])
  })

  it('lets a model type be a factor; fields of the other type are dropped', () => {
    const runs = plan('strategies: [random]\nablate: { model.hidden: [[4], [8]], model.type: [mlp, linear] }')
    expect(runs.filter(({ spec }) => spec.repeat === 0).map(({ spec, factors }) => [spec.model.type, factors['model.hidden']])).toEqual([
      ['mlp', [4]],
      ['linear', null],
      ['mlp', [8]],
    ])
  })

  it('tells a level null from a factor that changes nothing', () => {
    const runs = plan('strategies: [random, full-data]\nablate: { protocol.subPool: [null, 60] }').filter(({ spec }) => spec.repeat === 0)
    expect(runs.map(({ spec, factors }) => [spec.strategy.name, factors['protocol.subPool']])).toEqual([
      ['random', 'null'],
      ['full-data', null],
      ['random', 60],
    ])
  })

  it('goes through the repeats in turn, every strategy in each', () => {
    expect(plan('strategies: [random, margin]').map(({ spec }) => `${spec.repeat} ${spec.strategy.name}`)).toEqual([
      '0 random',
      '0 margin',
      '1 random',
      '1 margin',
    ])
  })

  it('takes rounds from the entry before the protocol, and none for a line', () => {
    const runs = plan('strategies: [random, { id: random, name: long, rounds: 9 }, full-data]').filter(({ spec }) => spec.repeat === 0)
    expect(runs.map(({ spec }) => spec.strategy.rounds)).toEqual([3, 9, 0])
  })

  it('multiplies by data sets', () => {
    const parsed = study('dataset: [a, b]\nstrategies: [random]\nprotocol: { seeds: 3 }')
    const datasets = ['a', 'b'].map((name) => ({ ref: name, name, sha256: name }))
    expect(expandStudy(parsed, { backend: 'reference', precision: 'float64', datasets }).map(({ spec }) => spec.datasetName)).toEqual([
      'a',
      'a',
      'a',
      'b',
      'b',
      'b',
    ])
  })
})

describe('runHash', () => {
  const plain = hashes('strategies: [random, margin]')

  it('does not depend on names', () => {
    expect(hashes('strategies: [{ id: random, name: chance }, { id: margin, name: other }]\nstats: { baseline: chance }')).toEqual(plain)
    expect(
      expandFor(study(`${base.replace('study: a', 'study: renamed')}strategies: [random, margin]`), dataset).map(({ hash }) => hash),
    ).toEqual(plain)
  })

  it('does not depend on how the file is written', () => {
    expect(
      hashes(
        'strategies:\n  - { id: random }\n  - margin\ntraining: { epochs: 30, batchSize: 64 }\nstats: { rope: 0.01 }\nrun: { jobs: 3 }',
      ),
    ).toEqual(plain)
  })

  it.each([
    ['training', 'training: { learningRate: 0.002 }'],
    ['data', 'data: { scaling: none }'],
    ['model', 'model: { type: linear }'],
    ['what is measured', 'metrics: [accuracy]'],
    ['what is kept', 'run: { keep: nothing }'],
    ['shadows', 'shadow: [badge]'],
  ])('depends on %s', (_, extra) => {
    expect(hashes(`strategies: [random, margin]\n${extra}`)).not.toEqual(plain)
  })

  it('counts a file by its content', () => {
    const split = (name: string) => study(`${base}data: { split: ${name} }\nstrategies: [random]`)
    const of = (name: string, sha256: string) => expandFor(split(name), dataset, { [name]: sha256 })[0].hash
    expect(of('a.json', '1')).toBe(of('b.json', '1'))
    expect(of('a.json', '1')).not.toBe(of('a.json', '2'))
  })

  it('is that of the stored spec', () => {
    for (const { spec, hash } of plan('strategies: [random, badge]'))
      expect(runHash(JSON.parse(JSON.stringify(spec)) as RunSpec)).toBe(hash)
  })
})

describe('files and shards', () => {
  it('names every file that a run reads', () => {
    const parsed = study(
      `${base.replace('rounds: 3', 'rounds: 3, initialSampling: file, initialRows: i.json')}data: { split: s.json }\nstrategies: [random, { id: replay, selections: r.csv }]`,
    )
    expect(studyFiles(parsed).sort()).toEqual(['i.json', 'r.csv', 's.json'])
    expect(filesOf(expandFor(parsed, dataset)[0].spec)).toEqual(['s.json', 'i.json'])
  })

  it.each([1, 2, 3, 7])('splits the grid into %i disjoint shards', (n) => {
    const runs = plan('strategies: [random, margin, badge]')
    const shards = Array.from({ length: n }, (_, i) => shardOf(runs, i + 1, n))
    expect(
      shards
        .flat()
        .map(({ hash }) => hash)
        .sort(),
    ).toEqual(runs.map(({ hash }) => hash).sort())
  })

  it.each([
    [0, 2],
    [3, 2],
    [1.5, 2],
  ])('refuses shard %d of %d', (i, n) => {
    expect(() => shardOf([1, 2], i, n)).toThrow('does not exist')
  })
})
