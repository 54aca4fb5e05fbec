import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readNpy, writeNpy } from '@engine/data/npy'
import { loadDataset } from '@main/node/datasets'
import { cliHere, temporaryFolder, type CliResult } from '../support/cli'

const folder = temporaryFolder()
const at = (...parts: string[]): string => join(folder.path, ...parts)
const run = (...args: string[]): Promise<CliResult> => cliHere(folder.path, ...args)
const json = ({ stdout }: CliResult): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>
const workspace = process.env.QUERENT_WORKSPACE
let truth: Int32Array

beforeAll(async () => {
  process.env.QUERENT_WORKSPACE = at('workspace')
  const wine = await loadDataset('wine', '.')
  truth = wine.train.labels
  writeFileSync(at('X.npy'), writeNpy(wine.train.data, [wine.train.rows, 13]))
  folder.write(
    'study.yaml',
    'study: cellar\ndataset: cellar\nmodel: { type: linear }\ntraining: { epochs: 10, minSteps: 100 }\nprotocol: { initial: 12, query: 6 }\nstrategies: [random, margin]\nrun: { backend: reference }\n',
  )
})
afterAll(() => {
  if (workspace === undefined) delete process.env.QUERENT_WORKSPACE
  else process.env.QUERENT_WORKSPACE = workspace
  folder.dispose()
})

describe('querent label', () => {
  it('goes from a pool without labels to a trained choice, a file at a time', async () => {
    for (const more of [[], ['--preview']]) {
      const { code, stderr } = await run('datasets', 'import', 'X.npy', ...more)
      expect([code, stderr]).toEqual([2, expect.stringContaining('(--labels NAME, or --unlabelled --classes a,b)')])
    }
    expect(await run('datasets', 'import', 'X.npy', '--unlabelled', '--classes', 'a,b,c', '--id', 'cellar')).toMatchObject({ code: 0 })
    const refused = await run('run', 'study.yaml', '--out', 'results')
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no label for rows 0, 1, 2, 3, 4 and 173 more') as string,
    })
    expect(await run('label', 'start', 'study.yaml', '--out', 'session')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--strategy') as string,
    })
    expect(await run('label', 'start', 'study.yaml', '--out', 'session', '--strategy', 'margin')).toMatchObject({ code: 0 })
    const first = json(await run('label', 'next', 'session', '--out', 'batch.csv', '--json'))
    expect(first).toMatchObject({ batch: 1, method: 'random', estimate: null, rows: { length: 12 } })
    const filled = readFileSync(at('batch.csv'), 'utf8').replaceAll(/^(\d+,(\d+),.*),$/gm, (_, cells: string, row: string) => `${cells},${'abc'[truth[Number(row)]]}`) // prettier-ignore
    folder.write('batch.csv', filled)
    expect(json(await run('label', 'import', 'session', 'batch.csv', '--json'))).toMatchObject({ added: 12, unasked: [] })
    const second = await run('label', 'next', 'session')
    expect(second.stdout.split('\n').slice(0, 1)).toEqual(['order,row,score'])
    expect(second.stderr).toContain('batch 2: 6 rows by margin after 12 labels; no labelled rows were held out, so accuracy is not known')
    expect((await run('label', 'status', 'session')).stdout).toContain('cellar: 12 of 178 rows labelled, 6 asked for and waiting')
    expect(await run('label', 'undo', 'session')).toMatchObject({ code: 0, stdout: expect.stringContaining('asked for 6 rows') as string })
    expect((await run('label', 'next', 'session')).stdout).toBe(second.stdout)
    await run('label', 'export', 'session', '--out', 'y.npy')
    const all = readNpy(readFileSync(at('y.npy')), 'y.npy').data
    expect(Array.from(all, (label, row) => [label, row]).filter(([label]) => label >= 0)).toEqual(
      [...(first.rows as number[])].sort((a, b) => a - b).map((row) => [truth[row], row]),
    )
  })

  it('says what is wrong, and changes nothing', async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [['label', 'next', '.'], 'no labelling session'],
      [['label', 'next', 'session', '--k', '1000'], '1000 rows are wanted, 160 have no label'],
      [['label', 'next', 'session', '--out', 'batch.xlsx'], 'which format'],
      [['label', 'batch', 'session', '--number', '9', '--out', 'b.json'], 'there is no batch 9'],
      [['label', 'import', 'session', 'study.yaml'], 'study.yaml: line 4'],
    ]
    for (const [args, message] of wrong)
      expect(await run(...args), args.join(' ')).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string })
    expect(json(await run('label', 'status', 'session', '--json'))).toMatchObject({ labelled: 12, waiting: 6, batches: 2 })
  })
})
