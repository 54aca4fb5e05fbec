import { describe, expect, it } from 'vitest'
import { badge } from '@engine/strategies/badge'
import { strategyOf } from '@engine/strategies/registry'
import { estimateStudy } from '@engine/study/estimate'
import { effectiveParams, relevantParts } from '@engine/study/runHash'
import { expandStudy, variantsOf } from '@engine/study/expand'
import { checkAgainstDataset, type DatasetFacts } from '@engine/study/feasible'
import { lintStudy } from '@engine/study/lint'
import { checkStudy } from '@engine/study/schema'
import type { Study } from '@engine/study/spec'
import { study } from '../../support/studies'

const facts: DatasetFacts = { name: 'images', kind: 'image', rows: 5000, testRows: 1000, classes: 10, shape: [1, 28, 28] }

interface Parts {
  readonly model?: string
  readonly training?: string
  readonly protocol?: string
  readonly more?: string
}

const yaml = (strategies: string, { model = '{ type: cnn }', training = '{}', protocol = '', more = '' }: Parts = {}): string => `
study: s
dataset: images
model: ${model}
training: ${training}
protocol: { seeds: 10, initial: 50, query: 50, rounds: 9, evaluateAt: [100, 500], ${protocol} }
strategies: [${strategies}]
${more}`
const studyOf = (strategies: string, parts?: Parts): Study => study(yaml(strategies, parts))

const problems = (strategies: string, parts?: Parts) => checkStudy(yaml(strategies, parts), { file: 'study.yaml' }).findings
const codes = (strategies: string, parts?: Parts): string[] => lintStudy(studyOf(strategies, parts), [facts]).map(({ code }) => code)
const errors = (strategies: string, parts?: Parts) => checkAgainstDataset(studyOf(strategies, parts), [facts])

const finetune = { model: '{ type: finetune, backbone: b }' }

describe('an entry of a proxy method', () => {
  it('gives its base method the parameters beside it, and those of its own object first', () => {
    const { params } = studyOf('{ id: svpp, base: badge, normalize: unit }').strategies[0]
    expect(strategyOf('svpp').proxy?.(params).base).toEqual({
      id: 'badge',
      params: { ...(badge.params.parse({}) as object), normalize: 'unit' },
    })
    const own = studyOf('{ id: asvp, base: { id: acquisition, score: margin }, score: logme }').strategies[0].params
    expect(strategyOf('asvp').proxy?.(own)).toMatchObject({ base: { params: { score: 'margin' } }, alignment: { score: 'logme' } })
  })

  it.each([
    ['an unknown base', '{ id: svpp, base: bagde }', 'strategies[0].base'],
    ['a proxy inside a proxy', '{ id: svpp, base: svp }', 'strategies[0].base'],
    ['a schedule', '{ id: svpp, base: schedule }', 'strategies[0].base'],
    ['the whole pool', '{ id: svpp, base: full-data }', 'strategies[0].base'],
    ['a command that nobody confirmed', '{ id: svpp, base: { id: external, command: [rm] } }', 'strategies[0].base'],
    ['a parameter of nobody', '{ id: svpp, base: margin, normalize: unit }', 'strategies[0]'],
    ['a wrong parameter of the base', '{ id: svpp, base: badge, normalize: long }', 'strategies[0].normalize'],
    ['batches of one', '{ id: svpp, batchSize: 1 }', 'strategies[0].batchSize'],
    ['a τ in words', '{ id: asvp, tau: big }', 'strategies[0].tau'],
    ['a proxy of fewer than no layers', '{ id: svp, proxy: mlp, hidden: [] }', 'strategies[0].hidden'],
  ])('refuses %s', (_, entry, path) => {
    const found = problems(entry)
    expect(found.map(({ severity }) => severity)).toContain('error')
    expect(found[0].path.startsWith(path)).toBe(true)
  })

  it('is no shadow, no first batch of others, and no phase', () => {
    expect(problems('margin', { more: 'shadow: [svpp]' })[0]).toMatchObject({ path: 'shadow[0]', code: 'wrong-value' })
    expect(problems('margin', { protocol: 'dataStart: empty, firstBatch: asvp' })[0]).toMatchObject({ path: 'protocol.firstBatch' })
    expect(problems('{ id: schedule, phases: "svpp, margin" }')[0].path).toMatch(/^strategies\[0\]\.phases/)
  })

  it('may repeat recorded rows, by the content of their file', () => {
    const { plan } = variantsOf(studyOf('{ id: svpp, base: replay, selections: a.csv }'))[0]
    expect(relevantParts(plan, { 'a.csv': 'one' })).not.toEqual(relevantParts(plan, { 'a.csv': 'two' }))
    expect(JSON.stringify(relevantParts(plan, { 'a.csv': 'one' }))).not.toContain('a.csv')
  })
})

describe('what can change a run', () => {
  const effective = (entry: string) => effectiveParams(studyOf(entry).strategies[0])

  it('leaves out what no check would read', () => {
    expect(effective('{ id: asvp, tau: inf, method: ft, scoreOn: train }')).toEqual(
      effective('{ id: asvp, tau: inf, method: ft, updates: 7 }'),
    )
    expect(effective('{ id: asvp, tau: inf, method: switch }')).toEqual(effective('{ id: asvp, tau: inf, method: lp-ft }'))
    expect(effective('{ id: asvp, updates: 0, method: ft }')).toEqual(effective('{ id: asvp, updates: 0, method: ft, tau: 1 }'))
    expect(effective('{ id: asvp, method: ft, switchBy: region }')).toEqual(effective('{ id: asvp, method: ft }'))
    expect(effective('{ id: asvp, tau: inf, switchBy: region, checks: every }')).not.toEqual(
      effective('{ id: asvp, tau: inf, switchBy: region }'),
    )
    expect(effective('{ id: svp, hidden: [9] }')).toEqual(effective('svp'))
    expect(effective('{ id: svp, proxy: mlp, hidden: [9] }')).not.toEqual(effective('{ id: svp, proxy: mlp }'))
  })

  it('counts budgets of evaluation, and nothing of them where there are none', () => {
    const part = (protocol: string) => variantsOf(studyOf('margin', { protocol })).map(({ plan }) => JSON.stringify(relevantParts(plan)))[0]
    expect(part('')).toContain('evaluateAt')
    expect(JSON.stringify(relevantParts(variantsOf(study(yaml('margin').replace('evaluateAt: [100, 500], ', '')))[0].plan))).not.toContain(
      'evaluateAt',
    )
  })

  it('makes one run of the levels of a factor that changes nothing', () => {
    const swept = studyOf('{ id: asvp, method: ft }', {
      more: 'ablate: { strategies.asvp.tau: [0.03, inf], strategies.asvp.scoreOn: [train, heldout] }',
    })
    const datasets = [{ ref: 'images', name: 'images', sha256: 'x' }]
    const hashes = expandStudy(swept, { backend: 'reference', precision: 'float64', datasets }).map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(30)
  })
})

describe('findings', () => {
  it('refuse weights that are carried on, unfit proxies and unmet needs of the proxy', () => {
    expect(errors('svpp', { training: '{ weightStart: carry }' })).toMatchObject([
      { code: 'carried-weights', path: 'training.weightStart' },
    ])
    expect(errors('margin', { training: '{ weightStart: carry }' })).toEqual([])
    expect(errors('{ id: svp, proxy: cnn, filters: [8, 8, 8, 8, 8] }')).toMatchObject([
      { code: 'unfit-model', path: 'strategies[0].proxy' },
    ])
    expect(errors('{ id: svpp, base: bald }', { model: '{ type: cnn, dropout: 0.5 }' })).toMatchObject([
      { code: 'missing-need', message: 'svpp needs stochastic forward passes, and its proxy has no dropout' },
    ])
    expect(errors('{ id: svp, base: bald }', { model: '{ type: cnn, dropout: 0.5 }' })).toEqual([])
    expect(errors('{ id: svpp, base: lplgrad }')).toEqual([])
  })

  it('say what a proxy has to do without', () => {
    expect(codes('random, svpp')).toContain('inputs-as-features')
    expect(codes('random, svpp', finetune)).not.toContain('inputs-as-features')
    expect(codes('random, asvp')).toContain('no-head-first')
    expect(codes('random, { id: asvp, method: ft }')).not.toContain('no-head-first')
    expect(codes('random, asvp', finetune)).not.toContain('no-head-first')
  })

  it('say where checks never come or see little', () => {
    expect(codes('random, asvp')).not.toContain('no-check')
    expect(codes('random, { id: asvp, checks: [501] }')).toContain('no-check')
    expect(codes('random, { id: asvp, checks: [451] }')).toContain('no-check')
    expect(codes('random, { id: asvp, checks: [450] }')).not.toContain('no-check')
    expect(codes('random, { id: asvp, tau: inf }')).not.toContain('no-check')
    expect(codes('random, asvp', { protocol: 'subPool: 100' })).not.toContain('small-batch-scored')
    expect(lintStudy(study(yaml('random, asvp').replace('query: 50', 'query: 15')), [facts]).map(({ code }) => code)).toContain(
      'small-batch-scored',
    )
  })

  it('say which budgets no round has, and that evaluating always costs what a proxy saves', () => {
    const missed = lintStudy(studyOf('random, svpp', { protocol: 'validation: 5' }), [facts]).find(
      ({ code }) => code === 'unreached-budget',
    )
    expect(missed?.message).toContain('100, 500')
    expect(codes('random, svpp')).not.toContain('unreached-budget')
    expect(codes('random, svpp')).not.toContain('evaluated-always')
    const always = study(yaml('random, svpp').replace('evaluateAt: [100, 500]', 'evaluateAt: null'))
    expect(lintStudy(always, [facts]).map(({ code }) => code)).toContain('evaluated-always')
  })
})

describe('estimates', () => {
  const seconds = (strategies: string, parts?: Parts): number =>
    estimateStudy(studyOf(strategies, parts), [facts], { backend: 'onnx-native', jobs: 1 }).estimatedSeconds

  it('count proxies, checks and budgets of evaluation', () => {
    const fits = (strategies: string): number => estimateStudy(studyOf(strategies), [facts], { backend: 'onnx-native', jobs: 1 }).fits / 10
    expect(fits('margin')).toBe(10)
    expect(fits('svpp')).toBe(9 + 2) // a proxy per query, the model at 100 and 500 labels
    expect(fits('{ id: asvp, method: ft }')).toBe(9 + 2 + 3) // checks at 100, 200 and 400
    expect(fits('{ id: asvp, tau: inf, method: ft }')).toBe(9 + 2)
  })

  it('are far below those of standard active learning, and rise with checks', () => {
    expect(seconds('{ id: svpp, hidden: 32 }')).toBeLessThan(seconds('margin') / 3)
    expect(seconds('asvp')).toBeGreaterThan(seconds('svpp'))
    expect(seconds('{ id: svp, proxy: linear }')).toBeLessThan(seconds('{ id: svp }'))
  })
})
