import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '@engine/study/events'
import type { Experiment, ExperimentRequest } from '@main/lab/experiment'
import { openResults } from '@main/lab/results'
import { startExperiment, type ExperimentDependencies } from '@main/lab/runExperiment'
import { experimentDependencies } from '@main/node/experiments'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { fileStore } from '@main/node/storage/resultFolder'
import { temporaryFolder } from '../../support/cli'

const folder = temporaryFolder()
const at = (...parts: string[]): string => join(folder.path, ...parts)
const running = new Set<Experiment>()
afterEach(async () => {
  for (const experiment of running) {
    experiment.cancel()
    await experiment.done.catch(() => undefined)
  }
  running.clear()
})
afterAll(() => folder.dispose())

const deps: ExperimentDependencies = experimentDependencies(
  inProcessSpawner(createWorker),
  { resolve: () => Promise.resolve({ id: 'reference', device: 'CPU', threads: 1, precision: 'float64' }) },
  2,
)

const studyText = `study: unit
dataset: wine
data: { test: 0.3 }
model: { type: linear }
training: { epochs: 3, minSteps: 30, batchSize: 8, weightStart: carry }
protocol: { seeds: 2, initial: 6, query: 3, rounds: 3 }
strategies: [random, margin]
`

async function start(out: string, more: Partial<ExperimentRequest> = {}): Promise<Experiment> {
  const experiment = await startExperiment(
    { studyText, studyPath: at('unit.yaml'), outDir: at(out), jobs: 1, command: 'test', ...more },
    deps,
  )
  running.add(experiment)
  return experiment
}

const whole = start('whole').then((experiment) => {
  running.delete(experiment)
  return experiment.done
})
const eventsFile = (out: string, hash: string): string => at(out, 'runs', hash, 'events.jsonl')
const lines = (file: string): string[] => readFileSync(file, 'utf8').split('\n').filter(Boolean)

/** Resolves at the first event that `match` likes. */
const happens = (experiment: Experiment, match: (event: RunEvent, hash: string) => boolean): Promise<string> =>
  new Promise((resolve) => {
    const off = experiment.onEvent((hash, event) => {
      if (!match(event, hash)) return
      off()
      resolve(hash)
    })
  })

describe('an experiment', () => {
  it('computes every run, repeat by repeat, and reports its progress', async () => {
    const experiment = await start('events')
    const ended: number[] = []
    const seen = new Map<string, number>()
    const fractions: number[] = []
    experiment.onEvent((hash, event) => {
      expect(event.seq).toBe((seen.get(hash) ?? -1) + 1)
      seen.set(hash, event.seq)
      if (event.type === 'run-ended') ended.push(experiment.plan.find((run) => run.hash === hash)!.spec.repeat)
    })
    experiment.onProgress(({ fraction }) => fractions.push(fraction))
    const outcome = await experiment.done
    expect(outcome).toMatchObject({ runs: 4, reused: 0, failed: 0, cancelled: false, resultHash: (await whole).resultHash })
    expect(ended).toEqual([0, 0, 1, 1])
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(experiment.progress()).toMatchObject({ runs: 4, finished: 4, running: 0, fraction: 1 })
    expect(existsSync(at('events/.lock'))).toBe(false)
    // Weights to resume from are gone when the run is finished.
    for (const { hash } of experiment.plan)
      expect(readdirSync(at('events/runs', hash)).filter((name) => name.startsWith('weights'))).toEqual([])
  })

  it('pauses at a round and goes on to the same results', async () => {
    const experiment = await start('paused')
    const hash = await happens(experiment, (event) => event.type === 'round-started' && event.round === 1)
    experiment.pause()
    await expect.poll(() => experiment.progress().running).toBe(0)
    expect(experiment.progress().paused).toBe(true)
    expect(experiment.state(hash).status).toBe('paused')
    expect(experiment.state(hash).records).toHaveLength(2)
    experiment.resume()
    expect(await experiment.done).toMatchObject({ failed: 0, cancelled: false, resultHash: (await whole).resultHash })
  })

  it('cancels one run and retries it', async () => {
    const experiment = await start('retried')
    const hash = await happens(experiment, (event) => event.type === 'round-ended' && event.record.round === 1)
    experiment.cancel([hash])
    await happens(experiment, (event, run) => run === hash && event.type === 'run-ended' && event.state === 'cancelled')
    experiment.retry([hash])
    expect(await experiment.done).toMatchObject({ failed: 0, cancelled: false, resultHash: (await whole).resultHash })
  })

  it('keeps partial results when everything is cancelled, and goes on from them', async () => {
    const experiment = await start('cut')
    await happens(experiment, (event) => event.type === 'round-ended' && event.record.round === 2)
    experiment.cancel()
    expect(await experiment.done).toMatchObject({ cancelled: true, resultHash: null })
    expect(experiment.progress().fraction).toBeLessThan(1)
    const partial = lines(at('cut/rounds.csv')).length - 1
    expect(partial).toBeGreaterThanOrEqual(3)
    expect(partial).toBeLessThan(16)
    const again = await start('cut')
    const resumed = await new Promise<number>((resolve) =>
      again.onEvent((_, event) => {
        if (event.type === 'run-started') resolve(event.resumedFrom)
      }),
    )
    expect(resumed).toBeGreaterThanOrEqual(3)
    expect(await again.done).toMatchObject({ resultHash: (await whole).resultHash })
  })

  it('writes a deleted manifest anew and reuses the runs', async () => {
    const { resultHash } = await whole
    const first = await start('bare')
    await first.done
    rmSync(at('bare', 'manifest.json'))
    expect(await (await start('bare')).done).toMatchObject({ reused: 4, resultHash })
    expect(existsSync(at('bare', 'manifest.json'))).toBe(true)
  })

  it('copies finished runs from another folder', async () => {
    await whole
    const experiment = await start('copied', { reuseFrom: [at('missing'), at('whole')] })
    expect(await experiment.done).toMatchObject({ runs: 4, reused: 4, resultHash: (await whole).resultHash })
  })

  it('fails a run alone when its data changed under it', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 7},${(i * 5) % 11},${i % 2}`)
    writeFileSync(at('table.csv'), ['x,y,label', ...rows].join('\n'))
    const text = studyText.replace('dataset: wine', 'dataset: table.csv')
    const experiment = await start('changed', { studyText: text })
    writeFileSync(at('table.csv'), ['x,y,label', ...rows.slice(1)].join('\n'))
    const outcome = await experiment.done
    expect(outcome.failed).toBe(4)
    expect(experiment.state(experiment.plan[0].hash).error).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('table changed') as unknown,
    })
    expect(readFileSync(eventsFile('changed', experiment.plan[0].hash), 'utf8')).toContain('"state":"failed"')
    // Runs that ended before they began do not make the folder unreadable.
    const view = await openResults(fileStore, at('changed'))
    expect(view.plan.map(({ hash }) => view.state(hash).status)).toEqual(Array(4).fill('failed'))
  })
})

describe('a result folder', () => {
  it('reads as the experiment that made it', async () => {
    const outcome = await whole
    const view = await openResults(fileStore, outcome.out)
    expect(view.studyText).toBe(studyText)
    expect(view.manifest.resultHash).toBe(outcome.resultHash)
    expect(
      view.plan.map(({ spec, hash }) => [spec.strategy.name, spec.repeat, view.state(hash).status, view.state(hash).records.length]),
    ).toEqual(['random', 'margin', 'random', 'margin'].map((name, i) => [name, Math.floor(i / 2), 'finished', 4]))
  })

  it.each([
    { what: 'with its weights', keep: true, resumedFrom: 2 },
    { what: 'without them: from the start', keep: false, resumedFrom: 0 },
  ])('goes on after a torn line $what', async ({ keep, resumedFrom }) => {
    const out = `torn-${keep}`
    const experiment = await start(out)
    const hash = await happens(experiment, (event) => event.type === 'round-ended' && event.record.round === 1)
    experiment.cancel()
    await experiment.done
    const file = eventsFile(out, hash)
    const kept = lines(file).filter((line) => !line.includes('run-ended'))
    expect(kept.at(-1)).toContain('round-ended')
    writeFileSync(file, `${kept.join('\n')}\n`)
    appendFileSync(file, kept.at(-1).slice(0, 40))
    if (!keep)
      for (const name of readdirSync(at(out, 'runs', hash)))
        if (name.startsWith('weights')) execFileSync('rm', [at(out, 'runs', hash, name)])
    const again = await start(out)
    const started = new Promise<number>((resolve) =>
      again.onEvent((run, event) => {
        if (run === hash && event.type === 'run-started') resolve(event.resumedFrom)
      }),
    )
    expect(await started).toBe(resumedFrom)
    expect(await again.done).toMatchObject({ resultHash: (await whole).resultHash })
  })

  it.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
    'on a full disk stops with a message and loses nothing (needs root for a small disk)',
    async () => {
      const disk = at('disk')
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=72k', 'tmpfs', disk])
      try {
        const experiment = await start('disk/out')
        await expect(experiment.done).rejects.toMatchObject({
          code: 'disk-full',
          details: { file: expect.stringContaining('disk/out') as unknown },
        })
        expect(existsSync(at('disk/out/.lock'))).toBe(false)
        expect(experiment.plan.reduce((sum, { hash }) => sum + experiment.state(hash).records.length, 0)).toBeGreaterThan(0)
        execFileSync('mount', ['-o', 'remount,size=4m', disk])
        const again = await start('disk/out')
        expect(await again.done).toMatchObject({ failed: 0, resultHash: (await whole).resultHash })
      } finally {
        execFileSync('umount', [disk])
      }
    },
  )
})
