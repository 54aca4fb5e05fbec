import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IndexRequest } from '@contract/types'
import { readNpy } from '@engine/data/npy'
import { indexFile } from '@main/exporting/indices'
import type { ResultView } from '@main/lab/dependencies'
import { openResults } from '@main/lab/results'
import { startExperiment } from '@main/lab/runExperiment'
import { createBackends } from '@main/node/backends'
import { experimentDependencies } from '@main/node/experiments'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { fileStore } from '@main/node/storage/resultFolder'

const home = mkdtempSync(join(tmpdir(), 'querent-indices-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
const spawner = inProcessSpawner(() => createWorker())
const deps = experimentDependencies(spawner, createBackends(spawner), 1)

const studyOf = (name: string, data: string, protocol: string, more = ''): string => `
study: ${name}
dataset: wine
data: ${data}
model: { type: mlp, hidden: [8] }
training: { epochs: 4, minSteps: 20, batchSize: 16 }
protocol: { seed: 5, seeds: 2, query: 4, rounds: 2, ${protocol} }
strategies: [random, margin]
run: { backend: reference }
${more}`
async function run(studyText: string, name: string): Promise<ResultView> {
  const outDir = join(home, name)
  const experiment = await startExperiment({ studyText, studyPath: join(home, `${name}.yaml`), outDir, command: 'test', jobs: 1 }, deps)
  await experiment.done
  return openResults(fileStore, outDir)
}
const textOf = (view: ResultView, request: IndexRequest, split?: string): string =>
  new TextDecoder().decode(indexFile(view, request, split).bytes)
const picks = (view: ResultView): unknown => {
  const runs = JSON.parse(textOf(view, { what: 'selections', format: 'json' })) as {
    strategy: string
    seed: number
    initial: number[]
    rounds: number[][]
  }[]
  return runs.map(({ strategy, seed, initial, rounds }) => ({ strategy, seed, initial, rounds }))
}
let drawn: ResultView
beforeAll(async () => {
  drawn = await run(studyOf('drawn', '{ test: 0.3 }', 'initial: 8, validation: 6'), 'drawn')
})

describe('selected rows', () => {
  it('are the same numbers in JSON, CSV, .npy and .npz', () => {
    const [first, ...rest] = picks(drawn) as { strategy: string; seed: number; initial: number[]; rounds: number[][] }[]
    expect(rest).toHaveLength(3)
    expect(first).toMatchObject({ strategy: 'random', seed: 0, initial: { length: 8 }, rounds: [{ length: 4 }, { length: 4 }] })
    const numbered = [first.initial, ...first.rounds].flatMap((rows, round) => rows.map((row, order) => ({ round, order, row })))
    const csv = textOf(drawn, { what: 'selections', format: 'csv', strategy: 'random', seed: 0 })
    expect(csv).toBe(
      `dataset,strategy,seed,round,order,row\n${numbered.map(({ round, order, row }) => `wine,random,0,${round},${order},${row}\n`).join('')}`,
    )
    const array = readNpy(indexFile(drawn, { what: 'selections', format: 'npy', strategy: 'random', seed: 0 }).bytes, 'a')
    expect(array.shape).toEqual([16, 2])
    expect([...array.data]).toEqual(numbered.flatMap(({ round, row }) => [round, row]))
    const all = unzipSync(indexFile(drawn, { what: 'selections', format: 'npz' }).bytes)
    expect(Object.keys(all)).toEqual(['wine-random-0.npy', 'wine-margin-0.npy', 'wine-random-1.npy', 'wine-margin-1.npy'])
    expect(readNpy(all['wine-random-0.npy'], 'a')).toEqual(array)
  })

  it('say which run is meant when a file holds one, and refuse what is not there', () => {
    expect(() => indexFile(drawn, { what: 'selections', format: 'npy' })).toThrow('holds one run, not 4')
    expect(() => indexFile(drawn, { what: 'selections', format: 'json', strategy: 'margim' })).toThrow('no strategy "margim"')
    expect(() => indexFile(drawn, { what: 'split', format: 'npy' })).toThrow('a split cannot be a npy file')
    expect(() => indexFile(drawn, { what: 'initial', format: 'csv' })).toThrow('the initial set of one seed')
    expect(textOf(drawn, { what: 'initial', format: 'csv', seed: 1 }).split('\n')).toHaveLength(10)
  })
})

describe('splits and initial sets', () => {
  it('make another study that runs on exactly the same rows', async () => {
    const split = textOf(drawn, { what: 'split', format: 'json' })
    const parts = JSON.parse(split) as Record<string, number[]>
    expect(Object.values(parts).map(({ length }) => length)).toEqual([178 - 53 - 6, 6, 53])
    writeFileSync(join(home, 'split.json'), split)
    writeFileSync(join(home, 'split.csv'), textOf(drawn, { what: 'split', format: 'csv' }))
    writeFileSync(join(home, 'initial.json'), textOf(drawn, { what: 'initial', format: 'json' }))
    for (const file of ['split.json', 'split.csv']) {
      const again = await run(studyOf('again', `{ split: ${file} }`, 'initialSampling: file, initialRows: initial.json'), `again-${file}`)
      expect(picks(again)).toEqual(picks(drawn))
      // What reads a file gives the same file again.
      expect(textOf(again, { what: 'split', format: 'json' }, readFileSync(join(home, file), 'utf8'))).toBe(split)
      expect(textOf(again, { what: 'initial', format: 'json' })).toBe(textOf(drawn, { what: 'initial', format: 'json' }))
    }
  })

  it('are asked for by seed where seeds differ, and by level where an ablation does', async () => {
    const varied = await run(
      studyOf('varied', '{ test: 0.3 }', 'vary: [split], initial: 8', 'ablate: { protocol.initial: [8, 12] }'),
      'varied',
    )
    expect(() => indexFile(varied, { what: 'split', format: 'json' })).toThrow('2 different splits')
    expect(textOf(varied, { what: 'split', format: 'json', seed: 0 })).not.toBe(textOf(varied, { what: 'split', format: 'json', seed: 1 }))
    expect(() => indexFile(varied, { what: 'initial', format: 'json' })).toThrow('started from different rows')
  })
})
