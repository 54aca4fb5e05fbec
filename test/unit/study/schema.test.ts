import { describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { checkStudy, parseStudy } from '@engine/study/schema'
import { study } from '../../support/studies'

const whole = `
study: gradient-norm-vs-entropy
dataset: fashion-mnist-6k
data: { test: provided, scaling: auto, split: null }
model: { type: mlp, hidden: [128], dropout: 0, init: he-uniform }
training: { optimizer: adam, learningRate: 0.001, batchSize: 64, epochs: 30, minSteps: 1000, weightDecay: 0, augment: none, weightStart: reinit-fresh }
protocol:
  seed: 0
  seeds: 10
  vary: [initial, weights, order]
  dataStart: seeded
  initial: 50
  initialSampling: random
  firstBatch: strategy
  query: 50
  rounds: 8
  subPool: null
  validation: 0
strategies:
  - random
  - { id: random, name: random-long, rounds: 24 }
  - { id: acquisition, name: acq, score: entropy-gradnorm, batch: topk }
  - badge
shadow: [entropy, badge]
ablate:
  training.weightStart: [reinit-fresh, carry]
  strategies.acq.score: [entropy-gradnorm, entropy]
metrics: [accuracy, nll, macro_f1, ece, brier]
stats: { baseline: random, metric: accuracy, primary: aubc, family: vs-baseline, test: paired-sign-flip, correction: holm, band: t95, rope: 0.005, target: null, windows: [0, 0.25, 1] }
run: { backend: auto, jobs: auto, keep: scores }
`

/** Errors of a study that is fine but for `replaced`. */
function findings(text: string, replaced: readonly [string, string]) {
  expect(text).toContain(replaced[0])
  return checkStudy(text.replace(...replaced), { file: 'study.yaml' }).findings
}

describe('parseStudy', () => {
  it('reads the whole contract', () => {
    const parsed = study(whole)
    expect(parsed.strategies.map(({ name }) => name)).toEqual(['random', 'random-long', 'acq', 'badge'])
    expect(parsed.strategies[1]).toEqual({ id: 'random', name: 'random-long', rounds: 24, params: { withValidation: false } })
    expect(parsed.strategies[2].params).toMatchObject({ score: 'entropy-gradnorm', batch: 'topk', layers: 'all', normMode: 'tensor-sum' })
    expect(parsed.ablate['strategies.acq.score']).toEqual(['entropy-gradnorm', 'entropy'])
  })

  it('fills in the documented defaults', () => {
    const written = study(whole)
    const short = study('dataset: fashion-mnist-6k\nstrategies: [random, badge]')
    for (const key of ['data', 'model', 'training', 'protocol', 'metrics', 'stats', 'run'] as const)
      expect(short[key]).toEqual(written[key])
    expect(short).toMatchObject({ study: 'study', datasets: ['fashion-mnist-6k'], shadow: [], ablate: {} })
  })

  it('reads JSON like YAML', () => {
    expect(study(JSON.stringify({ study: 'a', dataset: ['x', 'y'], strategies: ['random'], protocol: { seeds: 3 } }))).toEqual(
      study('study: a\ndataset: [x, y]\nstrategies: [random]\nprotocol: { seeds: 3 }'),
    )
  })

  it.each(['-3', '2.5', '20000.5', 'ten', '1e30'])('says one thing of %s seeds', (seeds) => {
    expect(checkStudy(`dataset: x\nstrategies: [random]\nprotocol: { seeds: ${seeds} }`, { file: 'x' }).findings).toHaveLength(1)
  })

  it('takes the first strategy as baseline when there is no random', () => {
    expect(study('dataset: x\nstrategies: [full-data, badge, margin]').stats.baseline).toBe('badge')
  })

  it('throws the first problem with file, line, path, found, expected and the nearest name', () => {
    const bad = whole.replace('score: entropy-gradnorm, batch', 'score: entropy-gradnrom, batch')
    let thrown: unknown
    try {
      parseStudy(bad, { file: 'my.yaml' })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(QuerentError)
    expect(thrown).toMatchObject({
      code: 'bad-input',
      details: { file: 'my.yaml', path: 'strategies[2].score', line: 22, found: '"entropy-gradnrom"', nearest: 'entropy-gradnorm' },
    })
    expect((thrown as Error).message).toMatch(/^my\.yaml, line 22, strategies\[2\]\.score: /)
  })

  it.each([
    ['unknown section', ['run: {', 'runs: {'], 'runs', { code: 'unknown-key', nearest: 'run' }],
    ['section spelt out', ['stats: {', 'statistics: {'], 'statistics', { code: 'unknown-key', nearest: 'stats' }],
    ['unknown key', ['epochs: 30', 'epoch: 30'], 'training.epoch', { code: 'unknown-key', nearest: 'epochs' }],
    ['key of another model', ['hidden: [128]', 'filters: [128]'], 'model.filters', { code: 'unknown-key' }],
    ['unknown model', ['type: mlp', 'type: lstm'], 'model.type', { code: 'wrong-type', found: '"lstm"' }],
    ['unknown parameter', ['batch: topk', 'batches: topk'], 'strategies[2].batches', { code: 'unknown-key', nearest: 'batch' }],
    ['wrong type', ['seeds: 10', 'seeds: ten'], 'protocol.seeds', { code: 'wrong-type', expected: 'a number' }],
    [
      'no kind of text or object',
      ['  - badge\n', '  - { id: svpp, base: [random] }\n'],
      'strategies[3].base',
      { found: '["random"]', expected: 'text or an object' },
    ],
    ['a fraction of a row', ['query: 50', 'query: 2.5'], 'protocol.query', { code: 'wrong-type' }],
    ['nothing to query', ['query: 50', 'query: 0'], 'protocol.query', { code: 'wrong-value', expected: 'at least 1' }],
    ['a rate of zero', ['learningRate: 0.001', 'learningRate: 0'], 'training.learningRate', { code: 'wrong-value' }],
    ['unknown strategy', ['- badge', '- bagde'], 'strategies[3]', { code: 'unknown-strategy', nearest: 'badge' }],
    ['a proxy method as shadow', ['[entropy, badge]', '[svpp, badge]'], 'shadow[0]', { code: 'wrong-value' }],
    ['duplicate names', ['name: random-long', 'name: badge'], 'strategies[3]', { code: 'duplicate-name' }],
    ['unknown shadow', ['[entropy, badge]', '[entropi, badge]'], 'shadow[0]', { code: 'unknown-strategy', nearest: 'entropy' }],
    ['a line as shadow', ['[entropy, badge]', '[full-data, badge]'], 'shadow[0]', { code: 'wrong-value' }],
    ['recordings as shadow', ['[entropy, badge]', '[{ id: replay, selections: s.csv }, badge]'], 'shadow[0]', { code: 'wrong-value' }],
    ['a line with rounds', ['  - badge', '  - { id: full-data, rounds: 3 }'], 'strategies[3].rounds', { code: 'unknown-key' }],
    ['a shadow with rounds', ['[entropy, badge]', '[{ id: entropy, rounds: 3 }, badge]'], 'shadow[0].rounds', { code: 'unknown-key' }],
    ['unknown baseline', ['baseline: random', 'baseline: randm'], 'stats.baseline', { nearest: 'random' }],
    ['a metric that is not measured', ['metrics: [accuracy, nll', 'metrics: [nll'], 'stats.metric', { found: 'accuracy' }],
    [
      'unknown factor',
      ['training.weightStart: [', 'training.weightstart: ['],
      'ablate.training.weightstart',
      { code: 'unknown-factor', nearest: 'training.weightStart' },
    ],
    [
      'factor of an unknown strategy',
      ['strategies.acq.score: [', 'strategies.acg.score: ['],
      'ablate.strategies.acg.score',
      { nearest: 'strategies.acq.score' },
    ],
    [
      'seeds as a factor',
      ['training.weightStart: [reinit-fresh, carry]', 'protocol.seeds: [2, 3]'],
      'ablate.protocol.seeds',
      { code: 'unknown-factor' },
    ],
    ['bad level', ['[reinit-fresh, carry]', '[reinit-fresh, cary]'], 'ablate.training.weightStart[1]', { nearest: 'carry' }],
    [
      'bad level of a parameter',
      ['[entropy-gradnorm, entropy]', '[entropy-gradnorm, 3]'],
      'ablate.strategies.acq.score[1]',
      { code: 'wrong-value' },
    ],
    ['level twice', ['[reinit-fresh, carry]', '[carry, carry]'], 'ablate.training.weightStart[1]', { code: 'duplicate-level' }],
    ['no levels', ['[reinit-fresh, carry]', 'carry'], 'ablate.training.weightStart', { expected: 'a list of levels' }],
    ['a file of rows that is not named', ['initialSampling: random', 'initialSampling: file'], 'protocol.initialRows', { code: 'missing' }],
    ['a first batch by no query method', ['firstBatch: strategy', 'firstBatch: full-data'], 'protocol.firstBatch', { code: 'wrong-value' }],
    [
      'a first batch that needs parameters',
      ['firstBatch: strategy', 'firstBatch: external'],
      'protocol.firstBatch',
      { code: 'wrong-value' },
    ],
    ['a sub-pool below the batch', ['subPool: null', 'subPool: 20'], 'protocol.subPool', { code: 'impossible-budget' }],
    ['a folder as name', ['study: gradient-norm-vs-entropy', 'study: ../x'], 'study', { code: 'wrong-value' }],
    ['windows that do not rise', ['windows: [0, 0.25, 1]', 'windows: [0, 0.5, 0.4]'], 'stats.windows', { code: 'wrong-value' }],
  ] as const)('refuses %s', (_, replaced, path, expected) => {
    const found = findings(whole, replaced)
    expect(found.map((finding) => finding.path)).toContain(path)
    expect(found.find((finding) => finding.path === path)).toMatchObject({
      severity: 'error',
      line: expect.any(Number) as unknown,
      ...expected,
    })
  })

  it('says everything that is wrong at once', () => {
    const bad = whole
      .replace('epochs: 30', 'epoch: 30')
      .replace('seeds: 10', 'seeds: -1')
      .replace('- badge', '- bagde')
      .replace('[reinit-fresh, carry]', '[warm]')
    const { study: none, findings: found } = checkStudy(bad, { file: 'x' })
    expect(none).toBeNull()
    expect(found.map(({ path }) => path)).toEqual(expect.arrayContaining(['training.epoch', 'protocol.seeds', 'strategies[3]']))
  })

  it('gives line and column of broken YAML', () => {
    const { study: none, findings: found } = checkStudy('study: a\nstrategies: [random\nmodel: x: y', { file: 'x' })
    expect(none).toBeNull()
    expect(found[0]).toMatchObject({ code: 'broken-yaml', line: expect.any(Number) as unknown })
    expect(found[0].message).toMatch(/^line \d+, column \d+: /)
    expect(checkStudy('study: a\n---\nstudy: b', { file: 'x' }).findings[0].message).toContain('a study is one document')
  })

  it.each(['study: &a [*a]', 'dataset: x\nstrategies: &s [random, *s]', 'dataset: x\nstrategies: [random]\nablate: &a { b: { c: *a } }'])(
    'refuses an alias inside what it names: %j',
    (text) => {
      expect(checkStudy(text, { file: 'x' }).findings).toMatchObject([
        { code: 'broken-yaml', severity: 'error', message: 'an alias (*) stands inside what it names' },
      ])
    },
  )

  it('refuses overrides that reach for what every object inherits', () => {
    for (const path of ['constructor.prototype.x', 'training.toString.x', '__proto__.x', 'constructor']) {
      const { study: none, findings: found } = checkStudy(whole, { file: 'x', overrides: [[path, 1]] })
      expect([none, found[0].severity]).toEqual([null, 'error'])
    }
    expect('x' in {}).toBe(false)
  })

  it.each([
    ['strategies', `dataset: x\nstrategies: [${'random, '.repeat(20_000)}]`],
    [
      'ablate.training.epochs',
      `dataset: x\nstrategies: [random]\nablate: { training.epochs: [${Array.from({ length: 20_000 }, (_, i) => i + 1).join()}] }`,
    ],
    [
      'ablate',
      `dataset: x\nstrategies: [random, badge]\nprotocol: { seeds: 1 }\nablate: { training.epochs: [${Array.from({ length: 6000 }, (_, i) => i + 1).join()}] }`,
    ],
    ['k0', `dataset: x\nstrategies: [random]\n${Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')}`],
  ])('refuses too much of %s without keeping anybody waiting', (path, text) => {
    const { study: none, findings: found } = checkStudy(text, { file: 'x' })
    expect(none).toBeNull()
    expect(found[0].path).toBe(path)
    expect(found.length).toBeLessThanOrEqual(100)
  })

  it("tells what is wrong with the study's own fields once, whatever the factors", () => {
    for (const ablate of ['', 'ablate: { training.epochs: [1, 2] }']) {
      const text = `dataset: x\nstrategies: [random]\nprotocol: { query: 4, subPool: 2 }\n${ablate}`
      expect(checkStudy(text, { file: 'x' }).findings.map(({ path }) => path)).toEqual(['protocol.subPool'])
    }
  })

  it("reads YAML's own infinity as the word that JSON can keep", () => {
    const asvp =
      'dataset: digits\nmodel: { type: linear }\nstrategies: [random, { id: asvp, tau: .inf }]\nablate: { strategies.asvp.tau: [0.03, -.inf] }\n'
    const { study } = checkStudy(asvp, { file: 'x' })
    expect(study?.strategies[1].params.tau).toBe('inf')
    expect(study?.ablate).toEqual({ 'strategies.asvp.tau': [0.03, '-inf'] })
    expect(findings(whole, ['learningRate: 0.001', 'learningRate: .inf'])[0].message).toContain('found')
  })

  it('names a number that is not one', () => {
    expect(findings(whole, ['learningRate: 0.001', 'learningRate: .nan'])[0].message).toContain('found NaN')
  })

  it.each(['', '[]', '3', 'text', 'null', '- random'])('refuses %j', (text) => {
    expect(checkStudy(text, { file: 'x' }).study).toBeNull()
  })

  it('treats an empty section as left out', () => {
    expect(study('dataset: x\nstrategies: [random]\nablate:\nshadow:\ntraining:\n').training.epochs).toBe(30)
  })

  it('applies overrides before checking', () => {
    const overrides = [
      ['protocol.seeds', 3],
      ['strategies.acq.batch', 'kmeans++'],
      ['strategies[0].rounds', 4],
      ['ablate.training.weightStart', ['carry']],
      ['run.backend', 'reference'],
    ] as const
    const parsed = parseStudy(whole, { file: 'x', overrides })
    expect(parsed.protocol.seeds).toBe(3)
    expect(parsed.strategies[2].params).toMatchObject({ batch: 'kmeans++' })
    expect(parsed.strategies[0]).toMatchObject({ id: 'random', rounds: 4 })
    expect(parsed.ablate['training.weightStart']).toEqual(['carry'])
    expect(parsed.run.backend).toBe('reference')
  })

  it.each([
    ['protocol.seed s', 1],
    ['training.epocs', 1],
    ['strategies[9].rounds', 1],
    ['nonsense.deeply.nested', 1],
  ])('refuses the override %s', (path, value) => {
    expect(() => parseStudy(whole, { file: 'x', overrides: [[path, value]] })).toThrow(QuerentError)
  })
})
