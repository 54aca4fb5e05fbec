import { describe, expect, it } from 'vitest'
import { estimateStudy } from '@engine/study/estimate'
import { checkAgainstDataset, type DatasetFacts } from '@engine/study/feasible'
import { chanceOfMissing, fitLength, lintStudy } from '@engine/study/lint'
import { reviewStudy, stepsOf } from '@engine/study/review'
import { study } from '../../support/studies'

const facts: DatasetFacts = { name: 'x', kind: 'vector', rows: 1000, testRows: 200, classes: 4, shape: [8] }
const check = (rest: string, more: Partial<DatasetFacts> = {}) =>
  checkAgainstDataset(study(`dataset: x\nstrategies: [random, entropy]\n${rest}`), [{ ...facts, ...more }])
const lint = (rest: string, more: Partial<DatasetFacts> = {}) =>
  lintStudy(study(`dataset: x\n${rest.includes('strategies') ? '' : 'strategies: [random, entropy]\n'}${rest}`), [{ ...facts, ...more }])
const codes = (findings: readonly { code: string }[]) => findings.map(({ code }) => code)

describe('checkAgainstDataset', () => {
  it('has nothing against a study that fits exactly', () => {
    expect(check('protocol: { initial: 100, query: 100, rounds: 9 }')).toEqual([])
    expect(check('protocol: { dataStart: empty, query: 100, rounds: 10 }')).toEqual([])
    expect(check('data: { test: 0.5 }\nprotocol: { initial: 100, query: 100, rounds: 4 }')).toEqual([])
  })

  it.each([
    ['rounds', 'protocol: { initial: 100, query: 100, rounds: 10 }', 'protocol.rounds', 'at most 9 rounds'],
    ['initial', 'protocol: { initial: 1001, rounds: 0 }', 'protocol.initial', 'at most 1000'],
    [
      'a charged validation set',
      'protocol: { initial: 100, query: 100, rounds: 9, validation: 10 }',
      'protocol.rounds',
      'at most 8 rounds',
    ],
    [
      'a held-out test set',
      'data: { test: 200 }\nprotocol: { initial: 100, query: 100, rounds: 8 }',
      'protocol.rounds',
      'at most 7 rounds',
    ],
    ['validation', 'protocol: { validation: 1000 }', 'protocol.validation', 'at most 999'],
    ['test', 'data: { test: 1000 }', 'data.test', 'fewer than 1000 rows'],
    ['so small a test fraction that it rounds to nothing', 'data: { test: 0.0001 }', 'data.test', 'at least 0.001, or a number of rows'],
    ['a level', 'protocol: { initial: 100, rounds: 9 }\nablate: { protocol.query: [50, 101] }', 'protocol.rounds', 'at most 8 rounds'],
  ])('refuses %s', (_, rest, path, expected) => {
    expect(check(rest)).toContainEqual(expect.objectContaining({ severity: 'error', path, expected }))
  })

  it('names the entry whose own rounds are too many', () => {
    const parsed = study('dataset: x\nstrategies: [random, { id: random, name: long, rounds: 30 }]')
    expect(checkAgainstDataset(parsed, [facts])).toMatchObject([{ path: 'strategies[1].rounds' }])
  })

  it('refuses models and trainings that do not fit the samples', () => {
    expect(check('model: { type: cnn }')).toMatchObject([{ path: 'model.type', code: 'unfit-model' }])
    expect(check('training: { augment: flip-crop }')).toMatchObject([{ path: 'training.augment' }])
    expect(check('model: { type: cnn, filters: [4, 4, 4, 4] }', { kind: 'image', shape: [1, 8, 8] })).toMatchObject([
      { path: 'model.filters' },
    ])
    expect(check('model: { type: cnn }\ntraining: { augment: flip-crop }', { kind: 'image', shape: [1, 8, 8] })).toEqual([])
  })

  it('refuses methods whose needs the model does not meet', () => {
    const voting = (dropout: number) =>
      study(`dataset: x\nstrategies: [random, variation-ratio]\nmodel: { type: mlp, dropout: ${dropout} }`)
    expect(checkAgainstDataset(voting(0), [facts])).toMatchObject([{ code: 'missing-need', path: 'strategies[1]' }])
    expect(checkAgainstDataset(voting(0.2), [facts])).toEqual([])
  })

  it('asks every data set', () => {
    const parsed = study('dataset: [x, y]\nstrategies: [random]\nprotocol: { initial: 50, query: 50, rounds: 8 }')
    expect(checkAgainstDataset(parsed, [facts, { ...facts, name: 'y', rows: 400 }])).toMatchObject([
      { message: expect.stringContaining('y has 400 rows') as unknown },
    ])
  })
})

describe('lintStudy', () => {
  it('counts a longer curve of the baseline in no family', () => {
    const long = '{ id: random, name: random-long, rounds: 10 }'
    expect(codes(lint(`protocol: { seeds: 6 }\nstrategies: [random, ${long}, badge]`))).toEqual([])
    expect(codes(lint(`protocol: { seeds: 6 }\nstrategies: [random, ${long}, badge, margin]`))).toEqual(['family-too-large'])
  })

  it('has nothing against the defaults', () => {
    expect(lint('')).toEqual([])
  })

  it.each([
    [
      'idle-phase',
      'strategies: [random, { id: schedule, phases: [entropy@0, margin@40] }]\nprotocol: { rounds: 20 }',
      'strategies[1].phases',
    ],
    ['few-seeds', 'protocol: { seeds: 5 }', 'protocol.seeds'],
    ['large-batch', 'protocol: { initial: 100, query: 100, rounds: 7 }', 'protocol.query'],
    ['large-validation', 'protocol: { validation: 60 }', 'protocol.validation'],
    ['class-missing', 'protocol: { initial: 8 }', 'protocol.initial'],
    ['short-training', 'training: { minSteps: 0 }', 'training.minSteps'],
    ['unequal-steps', 'training: { minSteps: 0 }\nablate: { training.weightStart: [reinit-fresh, carry] }', 'training.minSteps'],
    ['no-random', 'strategies: [entropy, badge]', 'strategies'],
    ['family-too-large', 'protocol: { seeds: 6 }\nstrategies: [random, entropy, margin, badge]', 'protocol.seeds'],
    [
      'family-too-large',
      'protocol: { seeds: 6 }\nstrategies: [random, { id: acquisition, name: acq }]\nablate: { strategies.acq.score: [entropy, margin] }',
      'protocol.seeds',
    ],
    ['resplit-seeds', 'data: { test: 0.2 }\nprotocol: { vary: [split, initial, weights, order] }', 'protocol.vary'],
    ['nothing-varies', 'protocol: { vary: [] }', 'protocol.vary'],
    ['one-initial-set', 'protocol: { vary: [weights, order] }', 'protocol.vary'],
    ['unequal-rounds', 'protocol: { rounds: 4 }\nstrategies: [random, { id: entropy, rounds: 8 }]', 'strategies[1]'],
    ['unequal-budgets', 'ablate: { protocol.query: [20, 50] }', 'ablate.protocol.query'],
    ['carry-vs-fresh', 'ablate: { training.weightStart: [reinit-fresh, carry] }', 'ablate.training.weightStart'],
    ['tuning-on-test', 'ablate: { training.learningRate: [0.01, 0.001] }', 'ablate.training.learningRate'],
    ['exploratory-pairs', 'stats: { family: all-pairs }\nstrategies: [random, entropy, margin]', 'stats.family'],
    ['no-correction', 'stats: { correction: none }\nstrategies: [random, entropy, margin]', 'stats.correction'],
    ['bootstrap-few-seeds', 'protocol: { seeds: 8 }\nstats: { band: bootstrap }', 'stats.band'],
  ])('finds %s', (code, rest, path) => {
    expect(lint(rest)).toContainEqual(expect.objectContaining({ code, path, fix: expect.any(String) as unknown }))
  })

  it.each([
    ['few-seeds', 'protocol: { seeds: 6 }'],
    ['large-batch', 'protocol: { initial: 100, query: 100, rounds: 4 }'],
    ['class-missing', 'protocol: { initial: 8, initialSampling: stratified }'],
    ['unequal-steps', 'ablate: { training.weightStart: [reinit-fresh, carry] }'],
    ['resplit-seeds', 'protocol: { vary: [split, initial] }'], // the test array is provided
    ['unequal-rounds', 'protocol: { rounds: 4 }\nstrategies: [random, entropy, { id: random, name: random-long, rounds: 8 }]'],
    ['carry-vs-fresh', 'training: { weightStart: carry }'],
    ['tuning-on-test', 'ablate: { training.weightStart: [reinit-fresh, carry] }'],
    ['family-too-large', 'protocol: { seeds: 6 }\nablate: { training.weightStart: [reinit-fresh, reinit-same] }'],
    ['family-too-large', 'protocol: { seeds: 7 }\nstrategies: [random, entropy, margin, badge]'],
    ['family-too-large', 'protocol: { seeds: 6 }\nstats: { test: paired-t }\nstrategies: [random, entropy, margin, badge]'],
  ])('does not find %s where there is none', (code, rest) => {
    expect(codes(lint(rest))).not.toContain(code)
  })

  it('looks at the data', () => {
    expect(codes(lint('', { testRows: 60 }))).toEqual(['small-test'])
    expect(codes(lint('metrics: [accuracy]', { classCounts: [700, 100, 100, 100] }))).toEqual(['imbalanced'])
    expect(codes(lint('', { classCounts: [700, 100, 100, 100] }))).toEqual([])
    const same = study('dataset: { inputs: a.npy, labels: y.npy, testInputs: a.npy, testLabels: y.npy }\nstrategies: [random, entropy]')
    expect(lintStudy(same, [facts])).toMatchObject([{ code: 'test-is-train', severity: 'warning', path: 'dataset.testInputs' }])
  })

  it('finds a missing test array', () => {
    expect(codes(lint('', { testRows: 0 }))).toContain('no-test-array')
    expect(codes(lint('data: { test: 0.2 }', { testRows: 0 }))).not.toContain('no-test-array')
  })

  it('knows the chance to miss a class', () => {
    expect(chanceOfMissing([1, 1], 1)).toBe(0.75)
    expect(chanceOfMissing([5, 0], 1)).toBe(0)
    expect(chanceOfMissing([1, 1], 60)).toBeLessThan(1e-15)
  })
})

describe('fitLength', () => {
  it.each([
    [{ batchSize: 64, epochs: 30, minSteps: 1000 }, 50, { epochs: 1000, steps: 1000 }],
    [{ batchSize: 64, epochs: 30, minSteps: 1000 }, 6400, { epochs: 30, steps: 3000 }],
    [{ batchSize: 32, epochs: 100, minSteps: 0 }, 220, { epochs: 100, steps: 700 }],
  ])('follows max(epochs, epochs for minSteps): %j on %i', (training, n, expected) => {
    expect(fitLength(training, n)).toEqual(expected)
  })
})

describe('estimateStudy', () => {
  const size = (rest: string) =>
    estimateStudy(study(`dataset: x\nstrategies: [random, entropy]\n${rest}`), [facts], { backend: 'onnx-native', jobs: 2 })

  it('counts runs and fits', () => {
    expect(size('protocol: { seeds: 10, rounds: 8 }')).toMatchObject({ runs: 20, fits: 180 })
    expect(size('protocol: { seeds: 10, rounds: 8, dataStart: empty }')).toMatchObject({ runs: 20, fits: 160 })
    expect(size('protocol: { seeds: 10, rounds: 8 }\nablate: { training.weightStart: [reinit-fresh, carry] }')).toMatchObject({
      runs: 40,
      fits: 360,
    })
  })

  it('gives no time to runs that are finished', () => {
    const of = (done?: (strategy: string) => number) =>
      estimateStudy(study('dataset: x\nstrategies: [random, entropy]\nprotocol: { seeds: 10 }'), [facts], {
        backend: 'onnx-native',
        jobs: 2,
        done,
      })
    const [all, some, none] = [of(), of((strategy) => (strategy === 'random' ? 5 : 10)), of(() => 10)]
    expect(some.estimatedSeconds).toBeGreaterThan(0)
    expect(some.estimatedSeconds).toBeLessThan(0.5 * all.estimatedSeconds)
    expect(none).toMatchObject({ runs: all.runs, estimatedSeconds: 0 })
  })

  it('grows with what is asked', () => {
    const plain = size('')
    expect(size('training: { minSteps: 2000 }').estimatedSeconds).toBeGreaterThan(1.5 * plain.estimatedSeconds)
    expect(size('run: { keep: embeddings }').estimatedBytes).toBeGreaterThan(plain.estimatedBytes)
    expect(size('run: { keep: nothing }').estimatedBytes).toBeLessThan(plain.estimatedBytes)
    expect(size('model: { type: mlp, hidden: [4096] }').estimatedMemoryBytes).toBeGreaterThan(plain.estimatedMemoryBytes)
  })
})

describe('reviewStudy', () => {
  it('gives every finding its line', () => {
    const text = 'dataset: x\nprotocol:\n  seeds: 3\n  rounds: 100\nstrategies: [random, entropy]\n'
    const { study: none, findings } = reviewStudy(text, { file: 'x' }, () => [facts])
    expect(none).toBeNull()
    expect(findings).toContainEqual(expect.objectContaining({ code: 'impossible-budget', line: 4 }))
    expect(findings).toContainEqual(expect.objectContaining({ code: 'few-seeds', line: 3 }))
  })

  it.each([
    ['', []],
    ['protocol.seeds', ['protocol', 'seeds']],
    ['strategies[2].score', ['strategies', 2, 'score']],
    ['ablate.strategies.a.b.score[1]', ['ablate', 'strategies.a.b.score', 1]],
  ])('splits the path %j', (path, steps) => {
    expect(stepsOf(path)).toEqual(steps)
  })
})
