import { existsSync, readFileSync } from 'node:fs'
import { zipSync } from 'fflate'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeNpy } from '@engine/data/npy'
import { writeSafetensors } from '@engine/data/safetensors'
import { cliFolder, numbersOf } from '../../support/cliFolder'

const f8 = (values: readonly number[], ...shape: number[]): Uint8Array => writeNpy(Float64Array.from(values), shape)
const tensor = (values: readonly number[], ...shape: number[]): { data: Float64Array; shape: number[] } => ({
  data: Float64Array.from(values),
  shape,
})

describe('score, select and measure', () => {
  const cli = cliFolder()

  beforeAll(() => {
    cli.write('p.npy', f8([0.5, 0.5, 0.9, 0.1, 0.7, 0.3, 0.2, 0.8], 4, 2))
    cli.write('h.npy', f8([0, 0, 1, 0, 4, 0, 4, 3], 4, 2))
    cli.write('p.csv', 'a;b\n0.5;0.5\n0.9;0.1\n0.7;0.3\n0.2;0.8\n')
    cli.write(
      'all.npz',
      zipSync({ 'p.npy': f8([0.5, 0.5, 0.9, 0.1, 0.7, 0.3, 0.2, 0.8], 4, 2), 'h.npy': f8([0, 0, 1, 0, 4, 0, 4, 3], 4, 2) }),
    )
    cli.write('y.npy', writeNpy(Int32Array.of(0, 1, 0, 1), [4]))
    cli.write('mc.npy', f8([0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.2, 0.8, 0.8, 0.2, 0.4, 0.6], 3, 2, 2))
    cli.write('w.npy', f8([1, 0, 0, 1, 1, 1], 3, 2))
    cli.write('wrong.csv', 'y\n0\n1\n2\n7\n')
    cli.write('rows.csv', 'row\n0\n2\n')
    cli.write('nan.npy', f8([0.5, 0.5, 0.9, NaN], 2, 2))
    cli.write('sum.npy', f8([0.5, 0.5, 0.9, 0.3], 2, 2))
    cli.write('negative.npy', f8([0.5, 0.5, 1.2, -0.2], 2, 2))
    cli.write('short.npy', f8([0.5, 0.5], 1, 2))
    cli.write('pickle.pkl', Uint8Array.of(0x80, 4, 0x95, 0, 0))
    cli.write('object.npy', objectArray())
    cli.write('cut.npy', f8([0.5, 0.5, 0.9, 0.1], 2, 2).subarray(0, 150))
    cli.write('wide.npy', f8([1, 2, 3, 4, 5, 6, 7, 8], 2, 4))
    cli.write('bad.json', '[{"type":"dens"}]')
    cli.write('labels.csv', 'y\n0\n1\n2\n0\n')
    cli.write('m.safetensors', writeSafetensors({ '0.weight': tensor([1, 2, 3, 4], 2, 2), '0.bias': tensor([0, 1], 2) }))
    cli.write('dropped.json', '[{"type":"dropout","rate":0.5},{"type":"dense"}]')
    cli.write('dropped.safetensors', writeSafetensors({ '1.weight': tensor([1, 0, 0, 1], 2, 2), '1.bias': tensor([0, 1], 2) }))
    cli.write('extra.safetensors', writeSafetensors({ '0.weight': tensor([1, 2, 3, 4], 2, 2), 'head.weight': tensor([1], 1) }))
  })

  it('score prints row and score of every pool row', async () => {
    const { code, stdout } = await cli.run('score', 'margin', '--probs', 'p.npy', '--labeled', '1')
    expect(code).toBe(0)
    expect(stdout.split('\n')[0]).toBe('row,score')
    const found = numbersOf(stdout)
    expect(found.map(([row]) => row)).toEqual([0, 2, 3])
    found.forEach(([, score], i) => expect(score).toBeCloseTo([0, -0.4, -0.6][i], 12))
  })

  it.each(['p.csv', 'all.npz#p'])('reads the same numbers from %s', async (file) => {
    const [a, b] = [await cli.run('score', 'entropy', '--probs', 'p.npy'), await cli.run('score', 'entropy', '--probs', file)]
    expect(b.stdout).toBe(a.stdout)
  })

  it('score bald reads the passes of any model', async () => {
    const { stdout } = await cli.run('score', 'bald', '--mc-probs', 'mc.npy')
    const entropy = (p: number): number => -p * Math.log(p) - (1 - p) * Math.log(1 - p)
    const expected = [
      entropy(2.6 / 3) - (2 * entropy(0.9) + entropy(0.8)) / 3,
      entropy(1.5 / 3) - (entropy(0.9) + entropy(0.2) + entropy(0.4)) / 3,
    ]
    numbersOf(stdout).forEach(([, score], i) => expect(score).toBeCloseTo(expected[i], 12))
  })

  it("takes a last layer's gradient without the bias that the model does not have", async () => {
    cli.write('bare.safetensors', writeSafetensors({ '0.weight': tensor([1, 2, 3, -1], 2, 2) }))
    const scored = (layers: string) =>
      cli.run('score', 'entropy-gradnorm', '--model', 'bare.safetensors', '--inputs', 'h.npy', '--layers', layers)
    const [all, last] = [numbersOf((await scored('all')).stdout), numbersOf((await scored('last')).stdout)]
    expect(last.length).toBe(4)
    last.forEach(([, score], i) => expect(score).toBeCloseTo(all[i][1], 12))
  })

  it('refuses a PyTorch checkpoint as a model for what it is', async () => {
    cli.write('model.pt', zipSync({ 'model/data.pkl': Uint8Array.of(0x80, 2, 0x7d) }))
    for (const file of ['model.pt', 'pickle.pkl']) {
      const { code, stderr } = await cli.run('score', 'entropy', '--model', file, '--inputs', 'h.npy')
      expect(code).toBe(2)
      expect(stderr).toContain('could run code')
    }
  })

  it('select typiclust, probcover and alfa-mix from features', async () => {
    const typical = await cli.run('select', 'typiclust', '--features', 'h.npy', '--clusters', 'y.npy', '--k', '2')
    expect(numbersOf(typical.stdout).map(([, row]) => row)).toEqual([0, 1])
    const covered = await cli.run('select', 'probcover', '--features', 'h.npy', '--delta', '1.5', '--normalize', 'none', '--k', '1')
    expect(covered.stdout).toBe('order,row,score\n0,0,2\n')
    const mixed = ['select', 'alfa-mix', '--features', 'h.npy', '--weights', 'w.npy', '--labeled', '0,3', '--k', '1']
    expect(await cli.run(...mixed)).toMatchObject({ code: 2, stderr: expect.stringContaining('--labels') as string })
    expect(await cli.run(...mixed, '--labels', 'labels.csv')).toMatchObject({ code: 0 })
    expect(await cli.run(...mixed, '--labels', 'wrong.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('row 3 has label 7') as string,
    })
  })

  it('refuses clusters of another length, and a radius without a number of classes', async () => {
    expect(await cli.run('score', 'typiclust', '--features', 'h.npy')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--clusters') as string,
    })
    const short = await cli.run('score', 'typiclust', '--features', 'wide.npy', '--clusters', 'y.npy')
    expect(short).toMatchObject({ code: 2, stderr: expect.stringContaining('y.npy has 4 rows') as string })
    const probcover = await cli.run('select', 'probcover', '--features', 'h.npy', '--k', '1')
    expect(probcover.stderr).toContain('--delta')
  })

  it('select keeps row numbers global and never picks a labelled row', async () => {
    const { stdout } = await cli.run('select', 'core-set', '--features', 'h.npy', '--labeled', '0', '--k', '2')
    expect(stdout).toBe('order,row,score\n0,3,5\n1,2,3\n')
    const { stdout: all } = await cli.run('select', 'random', '--features', 'h.npy', '--labeled', 'rows.csv', '--k', '2', '--json')
    expect([...(JSON.parse(all) as { rows: number[] }).rows].sort()).toEqual([1, 3])
  })

  it('repeats a random choice with the same seed', async () => {
    const choose = (seed: string): Promise<{ stdout: string }> =>
      cli.run('select', 'random', '--features', 'h.npy', '--k', '3', '--seed', seed)
    expect((await choose('5')).stdout).toBe((await choose('5')).stdout)
  })

  it('takes parameters of a method as flags', async () => {
    const { stdout } = await cli.run(
      'select',
      'acquisition',
      '--score',
      'entropy',
      '--batch',
      'kcenter',
      '--probs',
      'p.npy',
      '--features',
      'h.npy',
      '--k',
      '1',
      '--json',
    )
    expect((JSON.parse(stdout) as { rows: number[] }).rows).toEqual([0])
    expect((await cli.run('select', 'acquisition', '--score', 'entropi', '--probs', 'p.npy', '--k', '1')).code).toBe(2)
  })

  it('counts votes of stochastic passes', async () => {
    const { stdout } = await cli.run('score', 'variation-ratio', '--mc-probs', 'mc.npy')
    const [[, first], [, second]] = numbersOf(stdout)
    expect(first).toBeCloseTo(0, 12)
    expect(second).toBeCloseTo(1 / 3, 12)
  })

  it('lets a model with dropout vote, by seed', async () => {
    const votes = async (...flags: string[]): Promise<number[]> => {
      const model = ['--model', 'dropped.safetensors', '--architecture', 'dropped.json', '--inputs', 'h.npy']
      const { code, stdout } = await cli.run('score', 'variation-ratio', ...model, '--passes', '200', ...flags)
      expect(code).toBe(0)
      return numbersOf(stdout).map(([, score]) => score)
    }
    // z = x + (0, 1) with each input dropped half of the time: the second class wins where the first input is dropped or 0
    const scores = await votes()
    expect(scores[0]).toBe(0)
    for (const score of scores.slice(1)) expect(score).toBeGreaterThan(0.3)
    expect(await votes('--seed', '0')).toEqual(scores)
    expect(await votes('--seed', '1')).not.toEqual(scores)
    const { code, stderr } = await cli.run('score', 'variation-ratio', '--model', 'm.safetensors', '--inputs', 'h.npy')
    expect(code).toBe(2)
    expect(stderr).toContain('deterministic')
  })

  it('scores the last layer alone without a network', async () => {
    const { stdout } = await cli.run('score', 'entropy-gradnorm', '--probs', 'p.npy', '--features', 'h.npy')
    expect(numbersOf(stdout)[0][1]).toBe(0)
  })

  it('writes the table to --out and says so', async () => {
    const { code, stdout } = await cli.run('score', 'entropy', '--probs', 'p.npy', '--out', 'scores.csv')
    expect(code).toBe(0)
    expect(stdout).toContain('scores.csv')
    expect(readFileSync(cli.path('scores.csv'), 'utf8').split('\n')).toHaveLength(6)
  })

  it('measures predictions', async () => {
    const value = async (id: string): Promise<number> => {
      const { stdout } = await cli.run('measure', id, '--probs', 'p.npy', '--labels', 'y.npy', '--json')
      return (JSON.parse(stdout) as { value: number }).value
    }
    expect(await value('accuracy')).toBe(0.75)
    expect(await value('nll')).toBeCloseTo(-(Math.log(0.5) + Math.log(0.1) + Math.log(0.7) + Math.log(0.8)) / 4, 12)
    expect(await value('brier')).toBeCloseTo((0.5 + 1.62 + 0.18 + 0.08) / 4, 12)
    expect(await value('ece')).toBeGreaterThan(0)
  })

  it('measures the diversity of a batch', async () => {
    cli.write('e18.npy', f8([0, 0, 1, 0, 0, 1], 3, 2))
    const { stdout } = await cli.run('measure', 'diversity', '--features', 'e18.npy', '--rows', '0,1,2', '--json')
    const { values } = JSON.parse(stdout) as { values: Record<string, number> }
    expect(values.meanPairwiseDistance).toBeCloseTo(1.138071, 6)
    expect(values.centroidDistance).toBeCloseTo(0.654039, 6)
  })

  it('measures how well features fit labels', async () => {
    cli.write('e15.npy', f8([1, 0, 1, 0.1, 0.9, 0, 0, 1, 0.1, 1, 0, 0.9], 6, 2))
    cli.write('e15.csv', 'y\n0\n0\n0\n1\n1\n1\n')
    const files = ['--features', 'e15.npy', '--labels', 'e15.csv']
    const { stdout } = await cli.run('measure', 'logme', ...files, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      measure: 'logme',
      variant: 'exact',
      rows: 6,
      columns: 2,
      perClass: [{ label: 0 }, { label: 1 }],
    })
    expect((JSON.parse(stdout) as { value: number }).value).toBeCloseTo(0.404797, 6)
    const table = await cli.run('measure', 'ped-logme', ...files, '--n-sigma', '0.01')
    expect(table.stdout.split('\n').map((line) => line.split(',')[0])).toEqual(['measure', 'ped-logme', 'class 0', 'class 1', ''])
  })

  const logme = ['measure', 'logme', '--features']
  const entropy = ['score', 'entropy', '--probs']
  it.each<[string, string[], string[]]>([
    ['an unknown score', ['score', 'entropi'], ['unknown method "entropi"', 'did you mean: entropy']],
    ['a score that only a run has', ['score', 'learning-loss'], ['learning-loss asks a module', 'needs a study']],
    ['a selection that only a study starts', ['select', 'external', '--k', '1'], ['external is answered by a program', 'needs a study']],
    ['an unknown strategy', ['select', 'badg', '--k', '1'], ['did you mean: badge']],
    ['an unknown measure', ['measure', 'acuracy'], ['did you mean: accuracy']],
    ['no array', ['score', 'entropy'], ['--probs']],
    ['an array that the method needs', ['score', 'entropy', '--features', 'h.npy'], ['--logits']],
    ['all layers without a model', ['score', 'entropy-gradnorm', '--layers', 'all', '--probs', 'p.npy'], ['--model']],
    ['a missing file', [...entropy, 'none.npy'], ['none.npy']],
    ['NaN', [...entropy, 'nan.npy'], ['nan.npy', 'row 1, column 1']],
    ['rows that do not sum to 1', [...entropy, 'sum.npy'], ['sum.npy', 'row 1', '1.2']],
    ['negative probabilities', [...entropy, 'negative.npy'], ['row 1, column 1', 'negative']],
    ['arrays of different length', [...entropy, 'p.npy', '--features', 'short.npy'], ['short.npy has 1 rows', 'p.npy 4']],
    ['both kinds of predictions', [...entropy, 'p.npy', '--logits', 'p.npy'], ['exclude']],
    ['negative rows', [...entropy, 'p.npy', '--labeled', '0,-1'], ['no row -1']],
    ['rows beyond the end', [...entropy, 'p.npy', '--labeled', '0,4'], ['no row 4', 'rows 0 to 3']],
    ['duplicate rows', [...entropy, 'p.npy', '--labeled', '1,1'], ['row 1 occurs twice']],
    ['more rows than the pool has', ['select', 'entropy', '--probs', 'p.npy', '--labeled', '0', '--k', '4'], ['pool of 3']],
    ['no rows wanted', ['select', 'entropy', '--probs', 'p.npy', '--k', '0'], []],
    ['a pickle', [...entropy, 'pickle.pkl'], ['pickle', 'numpy.save']],
    ['an object array', [...entropy, 'object.npy'], ['object.npy', 'numpy.save']],
    ['a file that is cut off', [...entropy, 'cut.npy'], ['cut off at byte 150', '160 bytes']],
    ['an array that is not in the file', [...entropy, 'all.npz#q'], ['no array named "q"', 'p, h']],
    ['an array that is not named', [...entropy, 'all.npz'], ['all.npz#p']],
    ['features that are not finite', [...logme, 'nan.npy', '--labels', 'y.npy'], ['nan.npy', 'row 1, column 1']],
    ['too few rows of a class', [...logme, 'h.npy', '--labels', 'labels.csv'], ['class 1 has one row', 'row 1', 'at least 2']],
    ['features of other rows', [...logme, 'short.npy', '--labels', 'y.npy'], ['y.npy has 4 rows', 'short.npy 1']],
    [
      'a background of another width',
      ['measure', 'ped-logme', '--features', 'h.npy', '--labels', 'y.npy', '--background', 'wide.npy'],
      ['wide.npy has 4 columns', 'h.npy 2'],
    ],
    ['an unknown variant', [...logme, 'h.npy', '--labels', 'y.npy', '--variant', 'exakt'], ['exact']],
    ['a label that is no class', ['measure', 'nll', '--probs', 'p.npy', '--labels', 'labels.csv'], ['labels.csv', 'row 2', '0 … 1']],
    [
      'a model that does not fit its inputs',
      ['score', 'entropy', '--model', 'm.safetensors', '--inputs', 'wide.npy'],
      ['m.safetensors', '0.weight'],
    ],
    ['a tensor without a layer', ['score', 'entropy', '--model', 'extra.safetensors', '--inputs', 'h.npy'], ['head.weight']],
    [
      'an unknown layer',
      ['score', 'entropy', '--model', 'm.safetensors', '--inputs', 'h.npy', '--architecture', 'bad.json'],
      ['architecture'],
    ],
    ['a model without inputs', ['score', 'entropy', '--model', 'm.safetensors'], ['--inputs']],
  ])('refuses %s', async (_, argv, parts) => {
    const { code, stdout, stderr } = await cli.run(...argv, '--out', 'refused.csv')
    expect(stdout).toBe('')
    expect(stderr).not.toContain('    at ')
    for (const part of parts) expect(stderr).toContain(part)
    expect(code).toBe(2)
    expect(existsSync(cli.path('refused.csv'))).toBe(false)
  })

  it('refuses a folder that cannot be written to', async () => {
    expect((await cli.run(...entropy, 'p.npy', '--out', 'nowhere/scores.csv')).code).toBe(2)
  })

  function objectArray(): Uint8Array {
    const bytes = f8([1, 2], 2)
    const at = new TextDecoder('latin1').decode(bytes).indexOf('<f8')
    bytes.set(new TextEncoder().encode('|O '), at)
    return bytes
  }
})

describe('datasets', () => {
  const cli = cliFolder()

  it('lists the library', async () => {
    const { datasets } = JSON.parse((await cli.run('datasets', 'list', '--json')).stdout) as { datasets: Record<string, unknown>[] }
    expect(datasets.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['digits', 'fashion-mnist-6k', 'letter', 'satellite', 'wine', 'breast-cancer']),
    )
    for (const entry of datasets)
      expect(Object.keys(entry)).toEqual(expect.arrayContaining(['id', 'kind', 'rows', 'classes', 'bytes', 'source', 'licence', 'sha256']))
    expect((await cli.run('datasets', 'list')).stdout).toContain('fashion-mnist-6k')
  })

  it('describes one set, also a file', async () => {
    expect(JSON.parse((await cli.run('datasets', 'info', 'digits', '--json')).stdout)).toMatchObject({
      id: 'digits',
      rows: 1797,
      classes: 10,
      kind: 'image',
    })
    cli.write('flowers.csv', 'length,width,species\n1.5,2,rose\n2.5,1,tulip\n3.5,4,rose\n')
    expect(JSON.parse((await cli.run('datasets', 'info', 'flowers.csv', '--json')).stdout)).toMatchObject({
      id: 'flowers',
      rows: 3,
      classes: 2,
      shape: [2],
    })
  })

  it('names the nearest set', async () => {
    const { code, stderr } = await cli.run('datasets', 'info', 'digit')
    expect(code).toBe(2)
    expect(stderr).toContain('did you mean: digits')
  })
})
