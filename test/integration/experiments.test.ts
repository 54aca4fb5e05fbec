import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { withoutTimes } from '@main/exporting/csv'
import { cli, startCli, temporaryFolder, until, type CliResult } from '../support/cli'

const folder = temporaryFolder()
const at = (...parts: string[]): string => join(folder.path, ...parts)
const run = (...args: string[]): Promise<CliResult> => cli(folder.path, ...args)
const json = ({ stdout }: CliResult): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>
afterAll(() => folder.dispose())

const study = (
  name: string,
  extra = '',
  protocol = 'seeds: 2, initial: 8, query: 4, rounds: 3',
  training = 'epochs: 10, minSteps: 40, batchSize: 16',
): string => `
study: ${name}
dataset: wine
data: { test: 0.3 }
model: { type: mlp, hidden: [16] }
training: { ${training} }
protocol: { ${protocol} }
strategies: [random, entropy, badge]
${extra}`

const tableNames = ['rounds', 'selections', 'diagnostics', 'overlap', 'summary', 'pairwise'].map((name) => `${name}.csv`)
const tables = (dir: string): Record<string, string> =>
  Object.fromEntries(tableNames.map((name) => [name, withoutTimes(readFileSync(at(dir, name), 'utf8'))]))
const runFolders = (dir: string): string[] => (existsSync(at(dir, 'runs')) ? readdirSync(at(dir, 'runs')) : [])
const roundsStored = (dir: string): number =>
  runFolders(dir).reduce((sum, hash) => {
    const file = at(dir, 'runs', hash, 'events.jsonl')
    return sum + (existsSync(file) ? readFileSync(file, 'utf8').split('"round-ended"').length - 1 : 0)
  }, 0)
const jobsOf = (pid: number): number[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state.startsWith('Z'))
    .map(([child]) => Number(child))

const slow = 'epochs: 10, minSteps: 1200, batchSize: 16'

folder.write('tiny.yaml', study('tiny'))
const reference = run('run', 'tiny.yaml', '--out', 'whole', '--jobs', '2', '--json')

describe('querent run', () => {
  it('writes the result folder and says what it did', async () => {
    const result = await reference
    expect(result.code, result.stderr).toBe(0)
    expect(json(result)).toMatchObject({ out: at('whole'), runs: 6, reused: 0, failed: 0 })
    expect(readFileSync(at('whole/study.yaml'), 'utf8')).toBe(study('tiny'))
    const manifest = JSON.parse(readFileSync(at('whole/manifest.json'), 'utf8')) as Record<string, unknown>
    expect(manifest).toMatchObject({ studyName: 'tiny', seeds: 2, resultHash: json(result).resultHash, shard: null, precision: 'float32' })
    expect(readFileSync(at('whole/rounds.csv'), 'utf8').trim().split('\n')).toHaveLength(1 + 6 * 4)
    expect(readdirSync(at('whole')).sort()).toEqual([...tableNames, 'manifest.json', 'runs', 'study.yaml'].sort())
    for (const hash of runFolders('whole'))
      expect(readdirSync(at('whole/runs', hash))).toEqual(expect.arrayContaining(['events.jsonl', 'result.json', 'spec.json']))
  })

  it('reuses finished runs, also when the study grows', async () => {
    await reference
    const before = readFileSync(at('whole/rounds.csv'))
    const again = json(await run('run', 'tiny.yaml', '--out', 'whole', '--json'))
    expect(again).toMatchObject({ runs: 6, reused: 6, failed: 0, resultHash: json(await reference).resultHash })
    expect(readFileSync(at('whole/rounds.csv'))).toEqual(before)
    cpSync(at('whole'), at('grown'), { recursive: true })
    expect(json(await run('run', 'tiny.yaml', '--out', 'grown', '--set', 'protocol.seeds=3', '--json'))).toMatchObject({
      runs: 9,
      reused: 6,
    })
  })

  it('gives the same tables whatever the number of jobs', async () => {
    await reference
    expect((await run('run', 'tiny.yaml', '--out', 'single', '--jobs', '1')).code).toBe(0)
    expect(tables('single')).toEqual(tables('whole'))
  })

  it.each(['reinit-fresh', 'carry'])('killed and continued is as left alone (%s)', async (weightStart) => {
    const name = `long-${weightStart}`
    folder.write(`${name}.yaml`, study(name, '', 'seeds: 1, initial: 8, query: 4, rounds: 5', `${slow}, weightStart: ${weightStart}`))
    const { child, result } = startCli(folder.path, 'run', `${name}.yaml`, '--out', `${name}-cut`)
    await until(() => roundsStored(`${name}-cut`) >= 3, 'a few rounds')
    const jobs = jobsOf(child.pid!)
    expect(jobs.length).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await result
    await until(() => jobs.every((pid) => !existsSync(`/proc/${pid}`)), 'the end of the jobs')
    const stored = roundsStored(`${name}-cut`)
    expect(stored).toBeLessThan(18)
    // A crash may also tear the last line.
    const [hash] = runFolders(`${name}-cut`)
    appendFileSync(at(`${name}-cut`, 'runs', hash, 'events.jsonl'), '{"type":"round-en')

    const [continued, whole] = [
      await run('run', `${name}.yaml`, '--out', `${name}-cut`, '--json'),
      await run('run', `${name}.yaml`, '--out', `${name}-whole`, '--json'),
    ]
    expect(continued.code, continued.stderr).toBe(0)
    expect(json(continued).resultHash).toBe(json(whole).resultHash)
    expect(tables(`${name}-cut`)).toEqual(tables(`${name}-whole`))
  })

  it('stops at a safe point on Ctrl-C and continues later', async () => {
    folder.write('stop.yaml', study('stop', '', 'seeds: 1, initial: 8, query: 4, rounds: 5', slow))
    const { child, result } = startCli(folder.path, 'run', 'stop.yaml', '--out', 'stop', '--json')
    await until(() => roundsStored('stop') >= 2, 'a few rounds')
    child.kill('SIGINT')
    const stopped = await result
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/)
    const partial = readFileSync(at('stop/rounds.csv'), 'utf8').trim().split('\n').length - 1
    expect(partial).toBeGreaterThanOrEqual(2)
    expect((await run('run', 'stop.yaml', '--out', 'stop')).code).toBe(0)
    expect(readFileSync(at('stop/rounds.csv'), 'utf8').trim().split('\n')).toHaveLength(1 + 18)
  })

  it('a killed job fails its run alone; the next time it goes on', async () => {
    folder.write('crash.yaml', study('crash', '', 'seeds: 1, initial: 8, query: 4, rounds: 5', slow))
    const { child, result } = startCli(folder.path, 'run', 'crash.yaml', '--out', 'crash', '--jobs', '2', '--json')
    await until(() => roundsStored('crash') >= 1, 'a round')
    process.kill(jobsOf(child.pid!)[0], 'SIGKILL')
    const crashed = await result
    expect(crashed.code).toBe(1)
    expect(json(crashed)).toMatchObject({ runs: 3, failed: 1, resultHash: null })
    expect(crashed.stderr).toMatch(/failed: wine, (random|entropy), seed 0: the job process died \(signal SIGKILL\)/)
    expect(json(await run('run', 'crash.yaml', '--out', 'crash', '--json'))).toMatchObject({ runs: 3, reused: 2, failed: 0 })
  })

  it('sets a damaged run aside and computes it again', async () => {
    await reference
    cpSync(at('whole'), at('damaged'), { recursive: true })
    const [hash] = runFolders('damaged')
    const file = at('damaged/runs', hash, 'events.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"labeled":12', '"labeled":"x"'))
    const result = await run('run', 'tiny.yaml', '--out', 'damaged', '--json')
    expect(json(result)).toMatchObject({ runs: 6, reused: 5, resultHash: json(await reference).resultHash })
    expect(result.stderr).toMatch(/events\.jsonl, line \d: line \d is damaged\. The run was kept as .*\.damaged-/)
    expect(tables('damaged')).toEqual(tables('whole'))
  })

  it('mends a damaged manifest without losing runs', async () => {
    await reference
    cpSync(at('whole'), at('manifest'), { recursive: true })
    truncateSync(at('manifest/manifest.json'), 100)
    const result = await run('run', 'tiny.yaml', '--out', 'manifest', '--json')
    expect(json(result)).toMatchObject({ runs: 6, reused: 6 })
    expect(result.stderr).toMatch(/manifest\.json was damaged/)
  })
})

describe('querent verify', () => {
  it('finds an untouched folder identical', async () => {
    await reference
    const result = await run('verify', 'whole', '--json')
    expect(result.code, result.stderr).toBe(0)
    expect(json(result)).toEqual({ identical: true, runs: 6, firstDifference: null })
    expect(json(await run('verify', 'whole', '--sample', '2', '--json'))).toMatchObject({ identical: true, runs: 2 })
  })

  it('names the first difference', async () => {
    await reference
    cpSync(at('whole'), at('tampered'), { recursive: true })
    const lines = readFileSync(at('tampered/rounds.csv'), 'utf8').split('\n')
    const cells = lines[6].split(',')
    cells[7] = '0.123'
    writeFileSync(at('tampered/rounds.csv'), lines.with(6, cells.join(',')).join('\n'))
    const result = await run('verify', 'tampered', '--json')
    expect(result.code).toBe(3)
    expect(json(result)).toMatchObject({
      identical: false,
      firstDifference: {
        file: 'rounds.csv',
        line: 7,
        column: 'accuracy',
        strategy: cells[3],
        seed: Number(cells[4]),
        round: Number(cells[5]),
        found: '0.123',
      },
    })
    // A sample that leaves this run out finds that the table contradicts the run's own file.
    expect((await run('verify', 'tampered', '--sample', '1')).code).toBe(3)
    // Times may differ.
    cpSync(at('whole/rounds.csv'), at('tampered/rounds.csv'))
    writeFileSync(at('tampered/rounds.csv'), readFileSync(at('tampered/rounds.csv'), 'utf8').replace(/,[\d.]+\n/, ',99999\n'))
    expect((await run('verify', 'tampered')).code).toBe(0)
  })
})

describe('querent merge', () => {
  it('joins shards into what one machine would have made', async () => {
    await reference
    for (const i of ['1', '2'])
      expect(json(await run('run', 'tiny.yaml', '--shard', `${i}/2`, '--out', `shard${i}`, '--json'))).toMatchObject({ runs: 3 })
    const merged = await run('merge', 'shard1', 'shard2', '--out', 'merged', '--json')
    expect(merged.code, merged.stderr).toBe(0)
    expect(json(merged)).toMatchObject({ out: at('merged'), runs: 6, resultHash: json(await reference).resultHash })
    expect(tables('merged')).toEqual(tables('whole'))
    expect(json(await run('run', 'tiny.yaml', '--out', 'merged', '--json'))).toMatchObject({ reused: 6 })
  })

  it('refuses two results of one run and other studies', async () => {
    await reference
    cpSync(at('whole'), at('conflict'), { recursive: true })
    const [hash] = runFolders('conflict')
    const file = at('conflict/runs', hash, 'events.jsonl')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/"accuracy":0\.(\d)/, '"accuracy":0.9$1'))
    writeFileSync(at('conflict/runs', hash, 'result.json.kept'), readFileSync(at('conflict/runs', hash, 'result.json')))
    execFileSync('rm', [at('conflict/runs', hash, 'result.json')])
    const conflict = await run('merge', 'whole', 'conflict', '--out', 'never')
    expect(conflict.code).toBe(3)
    expect(conflict.stderr).toMatch(/different results of one run: \w+, seed \d, round \d, accuracy/)

    folder.write('other.yaml', study('other'))
    expect((await run('run', 'other.yaml', '--out', 'other', '--set', 'protocol.seeds=1')).code).toBe(0)
    const other = await run('merge', 'whole', 'other', '--out', 'never')
    expect(other.code).toBe(2)
    expect(other.stderr).toMatch(/different studies/)
    expect(existsSync(at('never'))).toBe(false)
  })
})
