import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cli, cliHere, startCli, temporaryFolder, until } from '../support/cli'

const folder = temporaryFolder()
const at = (...parts: string[]): string => join(folder.path, ...parts)
afterAll(() => folder.dispose())

const good = `study: good
dataset: wine
data: { test: 0.3 }
model: { type: linear }
training: { epochs: 5, minSteps: 20 }
protocol: { seeds: 1, initial: 8, query: 4, rounds: 2 }
strategies: [random, entropy]
`
folder.write('good.yaml', good)
folder.write('file', 'not a folder')

interface Case {
  readonly what: string
  readonly text: string
  readonly says: readonly RegExp[]
}

const change = (from: string | RegExp, to: string): string => {
  const text = good.replace(from, to)
  expect(text).not.toBe(good)
  return text
}

const cases: readonly Case[] = [
  { what: 'an unknown strategy', text: change('entropy]', 'entrpy]'), says: [/bad\.yaml/, /line 7/, /entrpy/, /did you mean.*entropy/s] },
  {
    what: 'an unknown key',
    text: change('minSteps', 'minStep'),
    says: [/bad\.yaml/, /line 5/, /training\.minStep/, /did you mean.*minSteps/s],
  },
  {
    what: 'a wrong type',
    text: change('seeds: 1', 'seeds: many'),
    says: [/line 6/, /protocol\.seeds/, /expected a (whole )?number/, /many/],
  },
  {
    what: 'an unknown factor',
    text: `${good}ablate: { training.learningrate: [0.1, 0.01] }\n`,
    says: [/line 8/, /training\.learningrate/, /learningRate/],
  },
  { what: 'an unknown data set', text: change('dataset: wine', 'dataset: wien'), says: [/wien/, /did you mean: wine/, /digits/] },
  { what: 'a data file that is not there', text: change('dataset: wine', 'dataset: data/none.csv'), says: [/none\.csv/, /no such file/] },
  { what: 'two strategies of one name', text: change('entropy]', 'random]'), says: [/line 7/, /"random"/, /strategies\[0\]/] },
  {
    what: 'more labels than there are',
    text: change('rounds: 2', 'rounds: 200'),
    says: [/:6/, /protocol\.rounds/, /808/, /at most \d+ rounds/],
  },
  { what: 'broken YAML', text: change('{ test: 0.3 }', '{ test: 0.3'), says: [/bad\.yaml/, /line [34]/] },
  { what: 'a strategy of a later version', text: change('entropy]', 'svppp]'), says: [/svppp/, /line 7/, /svpp\b/] },
  { what: 'no study at all', text: '', says: [/expected a study/] },
]

describe('studies that are refused', () => {
  it.each(cases)('$what', async ({ text, says }) => {
    folder.write('bad.yaml', text)
    const before = readdirSync(folder.path)
    const { code, stdout, stderr } = await cliHere(folder.path, 'run', 'bad.yaml', '--out', 'refused/here')
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
    for (const pattern of says) expect(stderr).toMatch(pattern)
    expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/)
    expect(readdirSync(folder.path)).toEqual(before)
  })

  it('tells the same with --json, as one document', async () => {
    folder.write('bad.yaml', cases[0].text)
    const { code, stdout } = await cli(folder.path, 'run', 'bad.yaml', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bad-input', details: { line: 7, nearest: 'entropy' } } })
    const plan = await cli(folder.path, 'plan', 'bad.yaml', '--json')
    expect(plan.code).toBe(2)
    expect(JSON.parse(plan.stdout)).toMatchObject({ runs: 0, findings: [{ severity: 'error', path: 'strategies[1]', line: 7 }] })
  })
})

describe('folders and flags that are refused', () => {
  const foreign = (): void => {
    mkdirSync(at('foreign'), { recursive: true })
    writeFileSync(at('foreign/thesis.tex'), 'mine')
  }
  it.each([
    { what: 'a file', args: ['--out', 'file'], says: /file: .*file\n/ },
    { what: 'below a file', args: ['--out', 'file/below'], says: /cannot be written/ },
    { what: 'where nothing can be made', args: ['--out', '/proc/querent'], says: /cannot be written/ },
    { what: 'a folder with other things', args: ['--out', 'foreign'], says: /thesis\.tex/ },
    { what: 'an unknown backend', args: ['--backend', 'onnx'], says: /onnx-native/ },
    { what: 'no jobs', args: ['--jobs', '0'], says: /at least 1/ },
    { what: 'a share that does not exist', args: ['--shard', '3/2'], says: /1 ≤ i ≤ n/ },
    { what: 'an unknown flag', args: ['--job', '2'], says: /--jobs/ },
    { what: 'an unknown path', args: ['--set', 'protocol.seed5=3'], says: /protocol\.seed5/ },
    { what: 'two studies', args: ['good.yaml'], says: /one study file/ },
  ])('$what', async ({ args, says }) => {
    foreign()
    const before = readdirSync(folder.path)
    const { code, stdout, stderr } = await cliHere(folder.path, 'run', 'good.yaml', ...args)
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(says)
    expect(readdirSync(folder.path)).toEqual(before)
    expect(readdirSync(at('foreign'))).toEqual(['thesis.tex'])
  })

  it('a folder of another study', async () => {
    expect((await cli(folder.path, 'run', 'good.yaml', '--out', 'taken')).code).toBe(0)
    const files = readdirSync(at('taken'))
    for (const [override, says] of [
      ['study=other', /another study \(study differs\)/],
      ['training.learningRate=0.5', /training\.learningRate differs/],
      ['dataset=breast-cancer', /dataset differs/],
    ] as const) {
      const { code, stderr } = await cliHere(folder.path, 'run', 'good.yaml', '--out', 'taken', '--set', override)
      expect(code).toBe(2)
      expect(stderr).toMatch(says)
    }
    expect(readdirSync(at('taken'))).toEqual(files)
  })

  it('a folder that another process works in', async () => {
    const { child, result } = startCli(folder.path, 'run', 'good.yaml', '--out', 'busy', '--set', 'training.minSteps=1000000')
    await until(() => readdirSync(folder.path).includes('busy') && readdirSync(at('busy')).includes('manifest.json'), 'the start')
    const { code, stderr } = await cli(folder.path, 'run', 'good.yaml', '--out', 'busy', '--set', 'training.minSteps=1000000')
    expect(code).toBe(2)
    expect(stderr).toMatch(new RegExp(`in use by process ${child.pid}`))
    child.kill('SIGKILL')
    await result
    // Its lock is stale now.
    const next = startCli(folder.path, 'run', 'good.yaml', '--out', 'busy', '--set', 'training.minSteps=1000000')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    next.child.kill('SIGTERM')
    expect((await next.result).code).toBe(130)
  })

  it('commands and folders that do not exist', async () => {
    for (const [args, says] of [
      [['rnu', 'good.yaml'], /Did you mean run/],
      [['run'], /which study/],
      [['run', 'nothing.yaml'], /nothing\.yaml/],
      [['verify', 'nothing'], /not a result folder/],
      [['merge', 'nothing', '--out', 'x'], /not a result folder/],
      [['merge', 'nothing'], /--out/],
    ] as const) {
      const { code, stdout, stderr } = await cliHere(folder.path, ...args)
      expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(says)
    }
  })
})

describe('files of a study that no run could use', () => {
  const rows = (more: string): string => good.replace('initial: 8', `initialSampling: file, initialRows: ${more}`)
  const split = (more: string): string => good.replace('{ test: 0.3 }', `{ split: ${more} }`)
  folder.write('twice.txt', '1, 1, 2')
  folder.write('beyond.txt', '1, 99999')
  folder.write('words.txt', 'a, b')
  folder.write('overlap.json', '{ "train": [0, 1, 2], "test": [2, 3] }')
  folder.write('broken.json', '{ "train": [0')
  folder.write('no-test.json', '{ "train": [0, 1, 2] }')

  it.each([
    ['twice.txt', rows, /row 1 is there twice/],
    ['beyond.txt', rows, /99999 is no row/],
    ['words.txt', rows, /words\.txt/],
    ['overlap.json', split, /row 2 is there twice/],
    ['broken.json', split, /broken\.json/],
    ['no-test.json', split, /names no test rows/],
  ])('%s', async (file, text, says) => {
    folder.write('bad.yaml', text(file))
    const { code, stderr } = await cliHere(folder.path, 'run', 'bad.yaml', '--out', 'refused/here')
    expect({ code, refused: readdirSync(folder.path).includes('refused') }, stderr).toEqual({ code: 2, refused: false })
    expect(stderr).toMatch(says)
    expect(stderr).toContain(file)
  })
})
