import { describe, expect, it } from 'vitest'
import { strategyCatalog } from '@engine/study/catalog'
import { checkStudy } from '@engine/study/schema'
import type { Finding } from '@engine/study/spec'
import { kindOf } from '@/features/design/fieldSchema'
import { mechanicalFix } from '@/features/design/fixes'
import { methodGroups } from '@/features/design/methodGroups'
import { readParts, writeParts } from '@/features/design/methodList'
import { addShadow, removeShadow } from '@/features/design/studyEdits'

const catalog = new Map(strategyCatalog().map((entry) => [entry.id, entry]))
const parameter = (id: string, name: string) => kindOf(catalog.get(id)?.parameters[name] ?? {})
const study = 'study: s # mine\ndataset: digits\nstrategies:\n  - random\n  - entropy\n'

describe('method picker', () => {
  it('has every method in one group of its own', () => {
    const shown = methodGroups(catalog).flatMap(({ methods }) => methods.map(({ id }) => id))
    expect([...shown].sort()).toEqual([...catalog.keys()].sort())
    expect(methodGroups(catalog).map(({ title }) => title)).not.toContain('Other')
  })
  it.each([
    ['loss-predicting', ['lplgrad']],
    ['coverage model', ['typiclust', 'probcover', 'core-set']],
    ['nothing like it', []],
  ])('finds “%s”', (text, ids) => {
    const found = methodGroups(catalog, text).flatMap(({ methods }) => methods.map(({ id }) => id))
    expect(found).toEqual(expect.arrayContaining(ids.slice(0, 2)))
    expect(found.length).toBeLessThanOrEqual(ids.length + 1)
  })
})

it('parameters get the control that their schema asks for', () => {
  expect(parameter('alignment', 'sign')).toEqual({ kind: 'choice', values: [1, -1], classes: false })
  expect(parameter('less', 'target')).toEqual({ kind: 'choice', values: ['val-true', 'train', 'pool-pseudo'], classes: true })
  expect(parameter('less', 'labelMode')).toEqual({ kind: 'choice', values: ['argmax', 'sample', 'expected', 'true'], classes: false })
  expect(parameter('schedule', 'phases').kind).toBe('methods')
  expect(parameter('albl', 'arms').kind).toBe('methods')
  expect(parameter('less', 'projection')).toMatchObject({ kind: 'number', optional: true })
})

it.each([
  ['alignment@0, entropy@4', ['alignment@0', 'entropy@4']],
  [
    ['margin', { id: 'badge', from: 3, normalize: 'unit' }],
    ['margin', { id: 'badge', from: 3, normalize: 'unit' }],
  ],
  ['least-confidence, core-set', ['least-confidence', 'core-set']],
  [7, []],
])('methods of %j are read and written', (value, written) => {
  expect(writeParts(readParts(value))).toEqual(written)
})

it('shadows come and go, comments stay', () => {
  const two = addShadow(addShadow(study, 'margin'), 'margin')
  expect(checkStudy(two, { file: 's.yaml' }).study?.shadow.map(({ name }) => name)).toEqual(['margin', 'margin-2'])
  const none = removeShadow(removeShadow(two, 0), 0)
  expect(none).toBe(study)
})

describe('findings that a button mends', () => {
  const finding = (given: Partial<Finding>): Finding => ({ code: '', severity: 'warning', path: '', message: '', ...given })
  it.each([
    [finding({ code: 'few-seeds', path: 'protocol.seeds' }), 'seeds: 10'],
    [finding({ code: 'family-too-large', path: 'protocol.seeds', fix: 'use at least 9 seeds' }), 'seeds: 9'],
    [finding({ code: 'class-missing', path: 'protocol.initial' }), 'initialSampling: stratified'],
    [finding({ code: 'one-initial-set', path: 'protocol.vary' }), 'order, initial'],
    [
      finding({ code: 'missing-need', severity: 'error', path: 'strategies[1]', expected: 'protocol.validation above 0' }),
      'validation: 100',
    ],
    [finding({ code: 'unknown-strategy', severity: 'error', path: 'strategies[1]', nearest: 'margin' }), '- margin'],
  ])('$code', (given, expected) => {
    const text = mechanicalFix(given)?.apply(study)
    expect(text).toContain(expected)
    expect(text).toContain('study: s # mine')
    expect(checkStudy(text ?? '', { file: 's.yaml' }).findings.filter(({ severity }) => severity === 'error')).toEqual([])
  })
  it('renames a mistyped key in place', () => {
    const text = `${study}protocol: { seed: 1, sedes: 4, rounds: 3 }\n`
    const [found] = checkStudy(text, { file: 's.yaml' }).findings
    const mended = mechanicalFix(found)?.apply(text) ?? ''
    expect(checkStudy(mended, { file: 's.yaml' }).study?.protocol).toMatchObject({ rounds: 3 })
  })
  it('offers nothing where there is more than one way', () => {
    expect(mechanicalFix(finding({ code: 'large-batch', path: 'protocol.query' }))).toBeNull()
    expect(mechanicalFix(finding({ code: 'wrong-type', severity: 'error', path: 'protocol.seeds' }))).toBeNull()
  })
})
