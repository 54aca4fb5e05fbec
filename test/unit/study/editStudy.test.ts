import { describe, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { removeAt, setAt } from '@engine/study/editStudy'

const parse = (yaml: string) => parseYaml(yaml) as Record<string, unknown>

const text = `# what this is about
study: a   # the name
dataset: digits

model: { type: mlp, hidden: [128], dropout: 0 }   # network
training:
  # chosen on random sampling
  learningRate: 1e-3
strategies:
  - random
  - { id: badge, name: b }   # the second
`

describe('setAt', () => {
  it('replaces a value and leaves every other character where it was', () => {
    expect(setAt(text, ['training', 'learningRate'], 0.02)).toBe(text.replace('1e-3', '0.02'))
    expect(setAt(text, ['model', 'hidden'], [32, 16])).toBe(text.replace('[128]', '[32, 16]'))
    expect(setAt(text, ['strategies', 1, 'name'], 'yes: no')).toBe(text.replace('name: b', 'name: "yes: no"'))
    expect(setAt(text, ['model'], { type: 'linear' })).toBe(text.replace('{ type: mlp, hidden: [128], dropout: 0 }', '{ type: linear }'))
  })

  it.each([
    [['training', 'epochs'], 5],
    [['protocol', 'seeds'], 3],
    [
      ['protocol', 'vary'],
      ['initial', 'order'],
    ],
    [
      ['ablate', 'training.weightStart'],
      ['carry', 'reinit-fresh'],
    ],
    [['strategies', 0, 'rounds'], 4],
    [['strategies', 2], { id: 'margin', name: 'm' }],
    [['run'], { backend: 'reference' }],
    [['data', 'split'], null],
    [['study'], 'on'],
    [['study'], '1.0'],
  ] as const)('sets %j', (path, value) => {
    const edited = setAt(text, path, value)
    const [key] = path
    for (const other of ['study', 'dataset', 'model', 'training', 'strategies'])
      if (other !== key) expect(parse(edited)[other]).toEqual(parse(text)[other])
    expect(path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], parse(edited))).toEqual(value)
    for (const comment of text.match(/#.*$/gm) ?? []) expect(edited).toContain(comment)
  })

  it('turns a bare id into an entry', () => {
    expect(parse(setAt(text, ['strategies', 0, 'name'], 'chance')).strategies).toEqual([
      { id: 'random', name: 'chance' },
      { id: 'badge', name: 'b' },
    ])
  })

  it('puts a new section where the study has it', () => {
    const keys = Object.keys(parse(setAt(setAt(text, ['protocol', 'seeds'], 3), ['data', 'test'], 100)))
    expect(keys).toEqual(['study', 'dataset', 'data', 'model', 'training', 'protocol', 'strategies'])
  })

  it('fills an empty file and refuses a broken one', () => {
    expect(parse(setAt('', ['protocol', 'seeds'], 3))).toEqual({ protocol: { seeds: 3 } })
    expect(() => setAt('a: [1', ['a'], 2)).toThrow('mended')
  })
})

describe('removeAt', () => {
  it('takes one thing away', () => {
    expect(parse(removeAt(text, ['strategies', 0])).strategies).toEqual([{ id: 'badge', name: 'b' }])
    expect(parse(removeAt(text, ['model', 'dropout'])).model).toEqual({ type: 'mlp', hidden: [128] })
    expect(removeAt(text, ['ablate', 'x'])).toBe(text)
  })
})
