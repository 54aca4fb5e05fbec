import { describe, expect, it } from 'vitest'
import { parseStudy } from '@engine/study/schema'
import { describeDifference, firstDifference } from '@main/lab/compareTables'
import { differenceOf } from '@main/lab/sameStudy'

const table = (rows: readonly string[]): Record<string, string> => ({
  'rounds.csv': ['study,run,strategy,seed,round,accuracy,train_ms', ...rows].join('\n'),
  'summary.csv': 'study,strategy,aubc\ns,random,0.5\n',
})
const rows = ['s,aa,random,0,0,0.5,12', 's,aa,random,0,1,0.6,13', 's,bb,margin,1,0,0.7,14']

describe('firstDifference', () => {
  it('sees no difference in equal tables, nor in times', () => {
    expect(firstDifference(table(rows), table(rows))).toBeNull()
    expect(firstDifference(table(rows), table(rows.map((row) => row.replace(/\d+$/, '99'))))).toBeNull()
  })

  it('names file, line, run, round and column', () => {
    const found = firstDifference(table(rows), table([rows[0], 's,aa,random,0,1,0.61,13', rows[2]]))
    expect(found).toEqual({
      file: 'rounds.csv',
      line: 3,
      column: 'accuracy',
      run: 'aa',
      strategy: 'random',
      seed: 0,
      round: 1,
      expected: '0.6',
      found: '0.61',
    })
    expect(describeDifference(found!)).toBe('rounds.csv, line 3: random, seed 0, round 1, accuracy, found 0.61, expected 0.6')
  })

  it('sees missing and extra rows, missing files, other columns', () => {
    expect(firstDifference(table(rows), table(rows.slice(0, 2)))).toMatchObject({ run: 'bb', found: 'no such row' })
    expect(firstDifference(table(rows.slice(0, 2)), table(rows))).toMatchObject({ run: 'bb', line: 4, expected: 'no such row' })
    expect(firstDifference(table(rows), { 'rounds.csv': table(rows)['rounds.csv'] })).toMatchObject({
      file: 'summary.csv',
      found: 'no such file',
    })
    expect(firstDifference({ 'a.csv': 'x,y\n1,2\n' }, { 'a.csv': 'x,z\n1,2\n' })).toMatchObject({ line: 1, expected: 'x,y', found: 'x,z' })
  })

  it('compares the named runs alone', () => {
    const changed = { ...table([rows[0], rows[1], 's,bb,margin,1,0,0.9,14']), 'summary.csv': 'study,strategy,aubc\ns,random,0.1\n' }
    expect(firstDifference(table(rows.slice(0, 2)), changed, new Set(['aa']))).toBeNull()
    expect(firstDifference(table(rows.slice(2)), changed, new Set(['bb']))).toMatchObject({ run: 'bb', line: 4, column: 'accuracy' })
  })
})

describe('differenceOf', () => {
  const text = 'study: s\ndataset: wine\nstrategies: [random, margin]\n'
  const of = (overrides: readonly (readonly [string, unknown])[] = [], sha256 = 'x') => ({
    study: parseStudy(text, { file: 's.yaml', overrides }),
    datasets: [{ name: 'wine', ref: 'wine', sha256, rows: 178, testRows: 0, classes: 3, classNames: [] }],
  })

  it.each([
    [['protocol.seeds', 30]],
    [['strategies', ['entropy', 'random']]],
    [['ablate', { 'training.weightStart': ['carry', 'reinit-fresh'] }]],
    [['ablate', { 'model.hidden': [[16], [32]] }]],
    [['stats.test', 'wilcoxon']],
    [['run.jobs', 1]],
  ] as const)('%s is an edit of the same study', (override) => {
    expect(differenceOf(of(), of([override]))).toBeNull()
    expect(differenceOf(of([override]), of())).toBeNull()
  })

  it.each([
    [['study', 'other'], 'study'],
    [['training.epochs', 7], 'training.epochs'],
    [['protocol.query', 7], 'protocol.query'],
    [['model', { type: 'linear' }], 'model.'],
    [['data.test', 0.5], 'data.test'],
  ] as const)('%s makes another study', (override, path) => {
    expect(differenceOf(of(), of([override]))?.path).toContain(path)
  })

  it('other rows under the same name are another study', () => {
    expect(differenceOf(of(), of([], 'y'))).toMatchObject({ path: 'dataset', found: 'wine with SHA-256 x' })
  })
})
