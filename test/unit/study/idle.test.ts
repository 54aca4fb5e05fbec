import { describe, expect, it } from 'vitest'
import { entryParameters, strategyCatalog } from '@engine/study/catalog'
import { idleField } from '@engine/study/idle'
import { studyJsonSchema } from '@engine/study/jsonSchema'
import { isRecord } from '@engine/study/paths'
import { parseStudy } from '@engine/study/schema'

const catalog = new Map(strategyCatalog().map((entry) => [entry.id, entry]))
const properties = studyJsonSchema().properties as Record<string, { properties: Record<string, Record<string, unknown>> }>
const study = (entry: string, more = '') =>
  parseStudy(`study: s\ndataset: digits\nprotocol: { validation: 50 }\nstrategies:\n  - random\n  - ${entry}\n${more}`, { file: 's.yaml' })

function idle(entry: string, parameter: string, more = '') {
  const read = study(entry, more)
  const { id, name, params } = read.strategies[1]
  return idleField(read, `strategies.${name}.${parameter}`, entryParameters(catalog, id, params))
}
const inSection = (factor: string, more = '') => idleField(study('entropy', more), factor, properties[factor.split('.')[0]].properties)

describe('parameters without effect', () => {
  it.each([
    ['{ id: lplgrad, loss: mse }', 'xi', { name: 'loss', level: 'rank' }],
    ['{ id: lplgrad, lambda: 0 }', 'taps', { name: 'lambda', level: 1 }],
    ['{ id: lplgrad, query: predicted-loss }', 'normMode', { name: 'query', level: 'entropy-gradient' }],
    ['alignment', 'draws', { name: 'target', level: 'val-sampled' }],
    ['{ id: acquisition, score: margin }', 'component', { name: 'score', level: 'entropy-gradnorm' }],
    ['{ id: probcover, delta: 0.5 }', 'purity', null],
    ['egl', 'normMode', { name: 'layers', level: 'all' }],
  ])('%s: %s', (entry, parameter, needs) => {
    expect(idle(entry, parameter)).toEqual({ needs })
  })

  it.each([
    ['lplgrad', 'xi'],
    ['lplgrad', 'query'],
    ['{ id: alignment, labelMode: sampled }', 'draws'],
    ['{ id: acquisition, score: entropy-gradnorm }', 'component'],
    ['badge', 'gradient'],
    ['{ id: schedule, phases: [alignment@0, entropy@4] }', 'similarity'],
    ['less', 'checkpoints'],
  ])('%s: %s counts', (entry, parameter) => {
    expect(idle(entry, parameter)).toBeNull()
  })

  it('a parameter counts when one level of a factor beside it lets it', () => {
    const entry = '{ id: acquisition, name: acq, score: margin }'
    expect(idle(entry, 'component', 'ablate: { strategies.acq.score: [margin, entropy-gradnorm] }')).toBeNull()
    expect(idle(entry, 'component', 'ablate: { strategies.acq.batch: [topk, kcenter] }')).not.toBeNull()
    expect(idle(entry, 'component', 'ablate: { strategies.acq.component: [full, output] }'), 'factors speak for themselves').toBeNull()
  })
})

describe('fields of sections without effect', () => {
  it.each([
    ['training.momentum', '', { name: 'optimizer', level: 'sgd' }],
    ['training.shrink', '', { name: 'weightStart', level: 'shrink-perturb' }],
    ['training.decay', '', { name: 'milestones', level: [0.5] }],
    ['protocol.firstBatch', '', { name: 'dataStart', level: 'empty' }],
    ['protocol.initialRows', '', { name: 'initialSampling', level: 'file' }],
  ])('%s', (factor, more, needs) => {
    expect(inSection(factor, more)).toEqual({ needs })
  })
  it.each([
    ['training.momentum', 'training: { optimizer: sgd }'],
    ['training.momentum', 'ablate: { training.optimizer: [adam, sgd] }'],
    ['training.epochs', ''],
    ['protocol.initial', ''],
    ['protocol.subPool', ''],
    ['data.scaling', ''],
  ])('%s with “%s” counts', (factor, more) => {
    expect(inSection(factor, more)).toBeNull()
  })
})

it('every parameter of every method has a schema with a title, also those of the methods it is made of', () => {
  for (const { id, parameters } of catalog.values())
    for (const [name, schema] of Object.entries(parameters)) expect(schema.title, `${id}.${name}`).toEqual(expect.any(String))
  const names = (id: string, given: Record<string, unknown>) => Object.keys(entryParameters(catalog, id, given))
  expect(names('schedule', {})).toEqual(expect.arrayContaining(['phases', 'mode', 'target', 'similarity']))
  expect(names('schedule', { phases: ['entropy@0', { id: 'badge', from: 3 }] })).toEqual([
    'phases',
    'mode',
    'normalize',
    'first',
    'gradient',
  ])
  expect(names('albl', { arms: 'margin, cal' })).toEqual(['arms', 'delta', 'neighbours'])
  expect(entryParameters(catalog, 'albl', { arms: 'margin, cal' }).neighbours).toBe(catalog.get('cal')?.parameters.neighbours)
  expect(Object.values(properties.training.properties).every((field) => isRecord(field) && typeof field.description === 'string')).toBe(
    true,
  )
})
