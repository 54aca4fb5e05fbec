import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { afterAll, describe, expect, it } from 'vitest'
import { readArray } from '@engine/data/readArray'
import { npzKeys } from '@engine/data/npz'
import type { ExternalRequest } from '@engine/strategies/contract'
import { externalCommands } from '@main/node/external/run'
import { blobs, collect, endOf, expandFor, quickStudy, recordsOf } from '../../support/studies'
import { normals, range } from '../../support/query'
import { randomFrom } from '@engine/core/random'
import { until } from '../../support/cli'
import { refusal } from '../../support/errors'

const folder = mkdtempSync(join(tmpdir(), 'querent-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const random = randomFrom('external')
const requestOf = (command: readonly string[], timeLimit = 20): ExternalRequest => ({
  command,
  timeLimit,
  pool: range(5, 25),
  features: normals(random, 20, 3),
  probabilities: normals(random, 20, 2),
  labeled: range(0, 5),
  labels: Int32Array.of(0, 1, 1, 0, 1),
  labeledFeatures: normals(random, 5, 3),
  labeledProbabilities: normals(random, 5, 2),
  k: 3,
  round: 2,
  classes: 2,
})
/** A script in the folder, run by this Node. */
const script = (name: string, text: string): string[] => {
  writeFileSync(join(folder, name), text)
  return [process.execPath, name]
}
const ask = (command: readonly string[], timeLimit?: number, cancel = never): Promise<readonly number[]> =>
  externalCommands(folder, cancel)(requestOf(command, timeLimit))
const isAlive = (pid: number): boolean => {
  try {
    // A zombie has ended; somebody merely has not looked yet.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}

describe('an external command', () => {
  it('reads every array of the query, and nothing else', async () => {
    const copied = join(folder, 'seen.npz')
    const command = script('copy.cjs', `require('fs').copyFileSync(process.argv[2], ${JSON.stringify(copied)}); console.log('[5, 7, 6]')`)
    expect(await ask(command)).toEqual([5, 7, 6])
    const bytes = readFileSync(copied)
    expect(npzKeys(bytes, 'q').sort()).toEqual(
      ['classes', 'features', 'k', 'labeled', 'labeled_features', 'labeled_probs', 'labels', 'pool', 'probs', 'round'].sort(),
    )
    expect([...readArray(bytes, 'q.npz#labels').data]).toEqual([0, 1, 1, 0, 1])
    expect(readArray(bytes, 'q.npz#probs').shape).toEqual([20, 2])
    expect(readArray(bytes, 'q.npz#k').shape).toEqual([])
  })

  it.each([
    ['the last line of stdout', `console.log('loading'); console.log('[9, 8, 7]')`],
    ['several lines of JSON', `console.log(JSON.stringify([9, 8, 7], null, 2))`],
    ['a JSON file', `console.log('[1]'); require('fs').writeFileSync(process.argv[3], '[9, 8, 7]')`],
    [
      'a .npy file',
      `const head = "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }".padEnd(117) + '\\n'
       const values = new BigInt64Array([9n, 8n, 7n])
       require('fs').writeFileSync(process.argv[3], Buffer.concat([Buffer.from('\\x93NUMPY\\x01\\x00v\\x00' + head, 'latin1'), Buffer.from(values.buffer)]))`,
    ],
  ])('answers by %s', async (_, text) => {
    expect(await ask(script('answer.cjs', text))).toEqual([9, 8, 7])
  })

  it.each([
    ['fails', `console.error('no module named torch'); process.exit(3)`, 'exit code 3', 'no module named torch'],
    ['says nothing', ``, 'no list of rows', 'no list of rows'],
    ['says something else', `console.log('{"a": 1}')`, 'no list of rows', 'no list of rows'],
    ['answers half rows', `console.log('[1.5]')`, 'no list of rows', 'no list of rows'],
    ['floods stdout', `for (;;) require('fs').writeSync(1, 'x'.repeat(1 << 20))`, '16 MB', '16 MB'],
  ])('is refused with a reason when it %s', async (_, text, first, second) => {
    const error = await refusal(() => ask(script('bad.cjs', text)))
    expect(error.code).toBe('bad-input')
    expect(error.message).toContain(first)
    expect(error.message).toContain(second)
  })

  it('is refused when there is no such program', async () => {
    expect(await refusal(() => ask(['querent-no-such-program']))).toMatchObject({ code: 'bad-input', details: { path: 'command' } })
  })

  it('is not read by a shell', async () => {
    const command = script('args.cjs', `console.error(process.argv[2]); process.exit(1)`)
    expect((await refusal(() => ask([...command, '$(echo 1); *']))).message).toContain('$(echo 1); *')
  })

  const parent = `
    const { spawn } = require('child_process')
    const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'])
    require('fs').writeFileSync('pids.json', JSON.stringify([process.pid, child.pid]))
    setInterval(() => 0, 1000)`
  const pids = (): number[] => JSON.parse(readFileSync(join(folder, 'pids.json'), 'utf8')) as number[]
  const started = (): boolean => readdirSync(folder).includes('pids.json') && pids().length === 2

  it('is killed with what it started when the time is over', async () => {
    rmSync(join(folder, 'pids.json'), { force: true })
    expect((await refusal(() => ask(script('slow.cjs', parent), 1))).message).toContain('longer than 1 s')
    expect(started()).toBe(true)
    await until(() => !pids().some(isAlive), 'the end of the command')
  })

  it('is killed with what it started when the run is cancelled', async () => {
    rmSync(join(folder, 'pids.json'), { force: true })
    const cancel = new AbortController()
    const answer = refusal(() => ask(script('slow.cjs', parent), 20, cancel.signal))
    await until(started, 'the start of the command')
    cancel.abort()
    expect((await answer).code).toBe('cancelled')
    await until(() => !pids().some(isAlive), 'the end of the command')
    expect((await refusal(() => ask(script('slow.cjs', parent), 20, cancel.signal))).code).toBe('cancelled')
  })

  it('is killed with what it started when its job is killed', async ({ skip }) => {
    skip(process.platform === 'win32', 'no POSIX shell')
    const alias = { '@engine': fileURLToPath(new URL('../../../src/engine', import.meta.url)) }
    const entry = fileURLToPath(new URL('../../../src/main/node/external/run.ts', import.meta.url))
    const output = { entryFileNames: 'run.mjs' }
    await build({
      configFile: false,
      logLevel: 'error',
      root: folder,
      resolve: { alias },
      ssr: { noExternal: true },
      build: { ssr: entry, outDir: join(folder, 'built'), rollupOptions: { output } },
    })
    rmSync(join(folder, 'pids.json'), { force: true })
    const none = '{ data: new Float64Array(0), rows: 0, cols: 0 }'
    const list = 'new Int32Array(0)'
    writeFileSync(
      join(folder, 'built', 'job.mjs'),
      `import { externalCommands } from './run.mjs'
       await externalCommands(${JSON.stringify(folder)}, new AbortController().signal)({
         command: ${JSON.stringify(script('slow.cjs', parent))}, timeLimit: 60, k: 1, round: 0, classes: 2, pool: ${list}, labeled: ${list},
         labels: ${list}, features: ${none}, probabilities: ${none}, labeledFeatures: ${none}, labeledProbabilities: ${none} })`,
    )
    const job = spawn(process.execPath, [join(folder, 'built', 'job.mjs')], { stdio: 'ignore' })
    await until(started, 'the start of the command')
    expect(pids().every(isAlive)).toBe(true)
    job.kill('SIGKILL')
    await until(() => !pids().some(isAlive), 'the end of the command')
  })

  it('leaves nothing in the temporary folder', async () => {
    const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('querent-external-'))
    const before = left()
    await ask(script('quick.cjs', `console.log('[5, 6, 7]')`))
    expect(left()).toEqual(before)
  })
})

describe('a study with an external command', () => {
  const dataset = blobs()
  const collected = async (text: string, protocol = 'initial: 6, query: 3, rounds: 2', external = true) => {
    const command = JSON.stringify(script('study.cjs', text))
    const [{ spec }] = expandFor(quickStudy(`{ id: external, command: ${command} }`, `protocol: { seeds: 1, ${protocol} }`), dataset)
    return collect(spec, dataset, external ? { external: externalCommands(folder, never) } : {})
  }
  const pickFirst = `
    const text = require('fs').readFileSync(process.argv[2], 'latin1')
    const at = text.indexOf('\\x93NUMPY')
    const start = at + 10 + text.charCodeAt(at + 8)
    console.log(JSON.stringify([0, 1, 2].map((i) => Buffer.from(text, 'latin1').readInt32LE(start + 4 * i))))`

  it.each(['initial: 6, query: 3, rounds: 2', 'dataStart: empty, query: 3, rounds: 2'])(
    'labels what the command answers: %s',
    async (protocol) => {
      const events = await collected(pickFirst, protocol)
      expect(endOf(events)).toMatchObject({ state: 'finished' })
      for (const { selection } of recordsOf(events).slice(0, 2)) expect(selection).toHaveLength(3)
    },
  )

  it.each([
    ['a row that is labelled', `console.log('[1000000, 1, 2]')`, 'not in the pool'],
    ['a row twice', `${pickFirst.replace('[0, 1, 2]', '[0, 0, 1]')}`, 'twice'],
    ['too few rows', `${pickFirst.replace('[0, 1, 2]', '[0]')}`, '1 rows'],
  ])('fails with the reason: %s', async (_, text, reason) => {
    const end = endOf(await collected(text))
    expect(end).toMatchObject({ state: 'failed', error: { code: 'bad-input' } })
    expect(JSON.stringify(end)).toContain(reason)
  })

  it('fails where no command may be started', async () => {
    expect(endOf(await collected(pickFirst, undefined, false))).toMatchObject({ state: 'failed', error: { code: 'unsupported' } })
  })
})

describe('the example of the page', () => {
  const missing = spawnSync('python3', ['-c', 'import numpy']).status === 0 ? '' : 'python3 with numpy is not here'
  const page = readFileSync(new URL('../../../docs/methods/external.md', import.meta.url), 'utf8')

  it('chooses different rows of the pool', async ({ skip }) => {
    skip(missing !== '', missing)
    const code = page.split('```python\n')[1].split('```')[0]
    writeFileSync(join(folder, 'example.py'), code)
    const rows = await ask(['python3', 'example.py'])
    expect(rows).toHaveLength(3)
    expect(new Set(rows).size).toBe(3)
    expect(rows.every((row) => row >= 5 && row < 25)).toBe(true)
  })
})
