import { describe, expect, it } from 'vitest'
import { createReferenceExecutor } from '@backends/reference/executor'
import { createExecutor } from '@backends/registry'
import type { Executor } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import { checkAgainstDataset } from '@engine/study/feasible'
import type { RunSpec } from '@engine/study/spec'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf, withoutTimes } from '../../support/studies'

const dataset = blobs()
const specsOf = (strategies: string, sections = ''): RunSpec[] =>
  expandFor(quickStudy(strategies, sections), dataset).map(({ spec }) => spec)
const weightsOf = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'artifact' && event.name.startsWith('weights') ? [[event.name, [...event.data]] as const] : []))
const auxiliaryLosses = (events: readonly RunEvent[]) => recordsOf(events).map(({ diagnostics }) => diagnostics.auxiliary_loss)

describe('LPLgrad', () => {
  it.each([
    ['reference', async () => createReferenceExecutor()],
    ['onnx-native', () => createExecutor('onnx-native')],
  ] as const)(
    'without a module is plain training and querying, bit for bit, on %s (A§19.16)',
    async (_, create: () => Promise<Executor>) => {
      const [plain, off, on] = specsOf(
        'entropy-gradnorm, { id: lplgrad, name: off, lambda: 0 }, { id: lplgrad, name: on }',
        'run: { keep: weights }',
      )
      const executor = await create()
      const run = async (spec: RunSpec) => collect({ ...spec, precision: executor.precision }, dataset, { executor })
      const [first, second, third] = [await run(plain), await run(off), await run(on)]
      expect(endOf(third)).toMatchObject({ state: 'finished' })
      expect(withoutTimes(second)).toEqual(withoutTimes(first))
      expect(weightsOf(second)).toEqual(weightsOf(first))
      expect(auxiliaryLosses(second)).toEqual([undefined, undefined, undefined, undefined])
      expect(auxiliaryLosses(third)[3]).toBeGreaterThan(0)
      expect(recordsOf(third)[0].metrics).not.toEqual(recordsOf(first)[0].metrics)
      executor.dispose()
    },
  )

  it('trains the network as without a module when that is detached from the start, and then asks for the same rows', async () => {
    const [plain, apart] = specsOf('entropy-gradnorm, { id: lplgrad, detachAt: 0 }', 'run: { keep: weights }')
    const [first, second] = [await collect(plain, dataset), await collect(apart, dataset)]
    const bare = (events: readonly RunEvent[]) => withoutTimes(events).map(({ diagnostics: _diagnostics, ...record }) => record)
    expect(bare(second)).toEqual(bare(first))
    expect(weightsOf(second).filter(([name]) => !name.includes('auxiliary'))).toEqual(weightsOf(first))
  })

  it('queries what it is told to', async () => {
    const queries = ['entropy-gradient', 'predicted-loss-gradient', 'predicted-loss', 'entropy']
    const specs = specsOf(queries.map((query) => `{ id: lplgrad, name: ${query}, query: ${query} }`).join(', '))
    const firsts = await Promise.all(specs.map(async (spec) => recordsOf(await collect(spec, dataset))[0]))
    for (const { metrics } of firsts) expect(metrics).toEqual(firsts[0].metrics)
    expect(new Set(firsts.map(({ selection }) => selection[0].score)).size).toBe(4)
  })

  it.each(['carry', 'reinit-fresh', 'shrink-perturb'])(
    'goes on after any round as if it had never stopped, with %s weights',
    async (weightStart) => {
      const [spec] = specsOf(
        '{ id: lplgrad, query: predicted-loss }',
        'protocol: { seeds: 1, initial: 6, query: 5, rounds: 3, subPool: 40 }',
      ).map((found) => ({ ...found, training: { ...found.training, weightStart: weightStart as RunSpec['training']['weightStart'] } }))
      const whole = await collect(spec, dataset)
      const [start] = whole
      for (let rounds = 1; rounds <= 3; rounds++) {
        const stored = whole.find((event) => event.type === 'checkpoint' && event.round === rounds - 1)
        const resumed = await collect(spec, dataset, {
          resume: {
            initial: start.type === 'run-started' ? start.initial : [],
            records: recordsOf(whole).slice(0, rounds),
            weights: stored?.type === 'checkpoint' ? stored.weights : null,
            nextSeq: 1000,
          },
        })
        expect(withoutTimes(resumed)).toEqual(withoutTimes(whole).slice(rounds))
      }
    },
  )

  it('carries the module on, or starts it afresh, as the study says', async () => {
    const modules = async (weightStart: RunSpec['training']['weightStart']) => {
      const [spec] = specsOf('learning-loss', 'run: { keep: weights }')
      const events = await collect({ ...spec, training: { ...spec.training, weightStart, learningRate: 0 } }, dataset)
      return weightsOf(events)
        .filter(([name]) => name.includes('auxiliary.output.weight'))
        .map(([, values]) => values)
    }
    const [carried, same, fresh] = [await modules('carry'), await modules('reinit-same'), await modules('reinit-fresh')]
    for (const start of [carried, same]) expect(start[2]).toEqual(start[0])
    expect(fresh[0]).toEqual(carried[0])
    expect(fresh[2]).not.toEqual(fresh[0])
  })
})

it('one run stands for parameters that change nothing', () => {
  const runs = (entry: string, path: string, levels: string): number =>
    expandFor(quickStudy(`{ id: lplgrad, name: a${entry} }`, `ablate: { strategies.a.${path}: ${levels} }`), dataset).length
  expect(runs(', lambda: 0', 'xi', '[0.5, 1]')).toBe(1)
  expect(runs(', loss: mse', 'xi', '[0.5, 1]')).toBe(1)
  expect(runs('', 'xi', '[0.5, 1]')).toBe(2)
  expect(runs(', query: predicted-loss', 'layers', '[all, last]')).toBe(1)
  expect(runs(', query: predicted-loss', 'batch', '[topk, kmeans++]')).toBe(1)
  expect(runs('', 'lambda', '[0, 1]')).toBe(2)
  expect(runs(', layers: last-weight', 'normMode', '[tensor-sum, global-l2]')).toBe(1)
  expect(runs(', layers: last', 'normMode', '[tensor-sum, global-l2]')).toBe(2)
})

describe('what cannot work is refused before anything is trained', () => {
  const facts = [{ name: 'blobs', kind: 'vector' as const, rows: 80, testRows: 40, classes: 3, shape: [4] }]
  const problems = (strategies: string, sections = '') =>
    checkAgainstDataset(quickStudy(strategies, sections), facts).map(({ code, path }) => `${code} ${path}`)

  it.each([
    ['random, { id: lplgrad, query: predicted-loss, lambda: 0 }', '', 'missing-need strategies[1]'],
    ['random', 'shadow: [learning-loss]', 'missing-need shadow[0]'],
  ])('%s %s', (strategies, sections, expected) => {
    expect(problems(strategies, sections)).toEqual([expected])
  })

  it('batches that a module cannot pair, where runs come to so many rows', () => {
    const large = [{ ...facts[0], rows: 9000 }]
    const found = (entries: string, rounds: number, batchSize = 8192) =>
      checkAgainstDataset(
        {
          ...quickStudy(entries, `protocol: { initial: 96, query: 1000, rounds: ${rounds}, seeds: 1 }`),
          training: { ...quickStudy(entries).training, batchSize },
        },
        large,
      ).map(({ code, path, expected }) => `${code} ${path} ${expected}`)
    expect(found('learning-loss', 5)).toEqual(['unfit-model training.batchSize at most 4096'])
    expect(found('learning-loss', 4)).toEqual([])
    expect(found('learning-loss', 5, 4096)).toEqual([])
    expect(found('{ id: lplgrad, lambda: 0 }', 5)).toEqual([])
    expect(found('random, { id: schedule, phases: [entropy, lplgrad] }', 5)).toHaveLength(1)
  })

  it('a module on a linear model', () => {
    const linear = quickStudy('learning-loss, { id: lplgrad, lambda: 0 }')
    const found = checkAgainstDataset({ ...linear, model: { type: 'linear', init: 'he-uniform' } }, facts)
    expect(found.map(({ code, path }) => `${code} ${path}`)).toEqual(['missing-need strategies[0]'])
  })

  it('and says so too when a run is started all the same', async () => {
    const [spec] = specsOf('{ id: lplgrad, query: predicted-loss, lambda: 0 }')
    expect(endOf(await collect(spec, dataset))).toMatchObject({ state: 'failed', error: { code: 'unsupported' } })
  })

  it('a shadow may read the module of the run’s strategy', async () => {
    expect(problems('learning-loss', 'shadow: [{ id: lplgrad, query: predicted-loss }]')).toEqual([])
    const [spec] = specsOf('learning-loss', 'shadow: [{ id: lplgrad, query: predicted-loss }]')
    const [{ overlap }] = recordsOf(await collect(spec, dataset))
    expect(overlap).toMatchObject([{ jaccard: 1 }])
  })
})
