import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writeNpy } from '@engine/data/npy'
import type { RunState } from '@engine/study/events'
import { loadDataset } from '@main/node/datasets'
import { experimentDependencies } from '@main/node/experiments'
import { extractFeatures } from '@main/node/features/extract'
import { fileKey, findFeatures, folderOf, listFeatures, valuesFile } from '@main/node/features/store'
import { openFeatureWriter, sha256Of } from '@main/node/features/writer'
import { inProcessSpawner } from '@main/node/jobs/inProcess'
import { createWorker } from '@main/node/jobs/worker'
import { startExperiment } from '@main/lab/runExperiment'
import { planStudy } from '@main/lab/planStudy'
import { refusal } from '../../support/errors'

const folder = mkdtempSync(join(tmpdir(), 'querent-features-'))
const features = join(folder, 'features')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const deps = experimentDependencies(
  inProcessSpawner(() => createWorker(undefined, { features })),
  { resolve: () => Promise.resolve({ id: 'reference', device: 'CPU', threads: 1, precision: 'float64' }) },
  2,
  undefined,
  features,
)
const { train, sha256 } = await loadDataset('wine', folder)

const textOf = (data: string): string => `study: stored
dataset: wine
data: { test: 0.3${data} }
model: { type: linear }
training: { epochs: 3, minSteps: 20, batchSize: 8 }
protocol: { seeds: 1, initial: 6, query: 4, rounds: 2 }
strategies: [typiclust, random]
`
const studyPath = join(folder, 'stored.yaml')
let runs = 0
async function run(
  data: string,
): Promise<{ states: RunState[]; hashes: string[]; files: Readonly<Record<string, string>>; told: string[] }> {
  const told: string[] = []
  const experiment = await startExperiment(
    { studyText: textOf(data), studyPath, outDir: join(folder, `out${runs++}`), jobs: 1, command: 'test' },
    deps,
  )
  experiment.onProgress(({ current }) => void told.push(current))
  await experiment.done
  const hashes = experiment.plan.map(({ hash }) => hash)
  return { states: hashes.map(experiment.state), hashes, files: experiment.manifest.files, told }
}
const picksOf = ({ states }: { states: RunState[] }): number[][] =>
  states.map(({ records }) => records.flatMap(({ selection }) => selection.map(({ row }) => row)))

// One column that orders the rows by their number, far apart from each other at the end.
const ladder = Float32Array.from({ length: train.rows }, (_, row) => row ** 3)
writeFileSync(join(folder, 'ladder.npy'), writeNpy(ladder, [train.rows, 1]))

describe('a study with features of its own', () => {
  it('measures distances in them, brings the file into the store once, and hashes its content', async () => {
    const [plain, stored] = [await run(''), await run(', features: ladder.npy')]
    expect(stored.hashes).not.toEqual(plain.hashes)
    expect(Object.keys(stored.files)).toEqual(['ladder.npy'])
    expect((await listFeatures(features)).map(({ name, dataset, width }) => [name, dataset, width])).toEqual([['ladder', 'wine', 1]])
    // Random does not look at distances; TypiClust does.
    expect(picksOf(stored)[1]).toEqual(picksOf(plain)[1])
    expect(picksOf(stored)[0]).not.toEqual(picksOf(plain)[0])
    const diversity = ({ states }: typeof plain): (number | null)[] => states[1].records.map((record) => record.diversity)
    expect(diversity(stored)).not.toEqual(diversity(plain))
    const again = await run(', features: ./ladder.npy')
    expect(again.hashes).toEqual(stored.hashes) // another path to the same numbers is the same run
    expect(await listFeatures(features)).toHaveLength(1)
  })

  it('can name features of the store, for whatever data set it runs on', async () => {
    await extractFeatures({
      store: features,
      dataset: { name: 'wine', sha256, rows: train.rows },
      network: { test: 1 },
      facts: { name: 'ladder-net', backboneSha256: null, source: 'a test', settings: {} },
      open: () =>
        Promise.resolve({
          batch: 50,
          make: (first, count) => Promise.resolve({ data: ladder.subarray(first, first + count), width: 1 }),
          dispose: () => undefined,
        }),
      ticks: () => 0,
    })
    const named = await run(', features: ladder-net')
    expect(Object.keys(named.files)).toEqual(['ladder-net of wine'])
    expect(picksOf(named)).toEqual(picksOf(await run(', features: ladder.npy')))
  })

  it.each<[string, string, Uint8Array | null, string]>([
    ['other rows', 'short.npy', writeNpy(ladder.subarray(1), [train.rows - 1, 1]), 'one row of features for each training row of wine'],
    ['whole numbers', 'whole.npy', writeNpy(Int32Array.from(ladder), [train.rows, 1]), 'floating-point'],
    ['no file', 'nothing.npy', null, 'nothing.npy: no such file'],
    ['a name that is not stored', 'ladder-nit', null, 'no features of wine are stored as "ladder-nit"'],
  ])('is refused with %s, in a plan too', async (_, name, bytes, reason) => {
    if (bytes !== null) writeFileSync(join(folder, name), bytes)
    expect((await refusal(() => run(`, features: ${name}`))).message).toContain(reason)
    const plan = await planStudy({ studyText: textOf(`, features: ${name}`), studyPath }, deps)
    expect([plan.valid, plan.findings.at(-1)?.path, plan.findings.at(-1)?.message]).toEqual([
      false,
      'data.features',
      expect.stringContaining(reason),
    ])
  })

  it('makes damaged features again, and refuses damaged ones that it only has by name', async () => {
    const before = await run(', features: ladder.npy')
    const damage = async (name: string): Promise<void> => {
      const { key } = await findFeatures(features, name)
      const file = valuesFile(folderOf(features, key))
      const bytes = readFileSync(file)
      bytes.fill(0, 200)
      writeFileSync(file, bytes)
    }
    await damage('ladder')
    const after = await run(', features: ladder.npy')
    expect([after.hashes, picksOf(after)]).toEqual([before.hashes, picksOf(before)])
    rmSync(valuesFile(folderOf(features, (await findFeatures(features, 'ladder')).key)))
    expect(picksOf(await run(', features: ladder.npy'))).toEqual(picksOf(before))
    await damage('ladder')
    expect((await refusal(() => run(', features: ladder'))).message).toContain('the stored features "ladder" are damaged')
  })

  it('waits for features that another process is making', async () => {
    writeFileSync(join(folder, 'shared.npy'), writeNpy(ladder.map(Math.sqrt), [train.rows, 1]))
    const key = fileKey(sha256, 'shared.npy', await sha256Of(join(folder, 'shared.npy')))
    const other = await openFeatureWriter(features, key, train.rows)
    const running = run(', features: shared.npy')
    await new Promise((resume) => setTimeout(resume, 100))
    await other.append(ladder.map(Math.sqrt), 1, 0)
    const made = await other.finish({
      name: 'theirs',
      dataset: 'wine',
      datasetSha256: sha256,
      backboneSha256: null,
      source: 'another process',
      settings: {},
    })
    expect((await running).states.every(({ status }) => status === 'finished')).toBe(true)
    expect((await findFeatures(features, 'theirs')).sha256).toBe(made.sha256)
  })

  it('stops before its first run where the file holds NaN', async () => {
    const broken = ladder.slice()
    broken[17] = NaN
    writeFileSync(join(folder, 'broken.npy'), writeNpy(broken, [train.rows, 1]))
    const request = {
      studyText: textOf(', features: broken.npy'),
      studyPath,
      outDir: join(folder, 'a', 'broken'),
      jobs: 1,
      command: 'test',
    }
    const start = async (isListed: boolean) => (await startExperiment({ ...request, isListed }, deps)).done
    expect((await refusal(() => start(false))).message).toContain('a row has features that are not finite numbers: row 17')
    expect(existsSync(join(folder, 'a'))).toBe(false) // as if it had been refused at once
    // Where the app lists it, it stays and goes on once the file is mended.
    expect((await refusal(() => start(true))).message).toContain('row 17')
    expect(readdirSync(request.outDir)).toEqual(['manifest.json', 'study.yaml'])
    writeFileSync(join(folder, 'broken.npy'), writeNpy(ladder.map(Math.cbrt), [train.rows, 1]))
    expect(await start(true)).toMatchObject({ failed: 0, runs: 2 })
    // A folder that holds runs stays in any case.
    writeFileSync(join(folder, 'broken.npy'), writeNpy(broken, [train.rows, 1]))
    await refusal(() => start(false))
    expect(readdirSync(request.outDir)).toContain('rounds.csv')
  })

  it('computes runs again whose file has changed', async () => {
    const before = await run(', features: ladder.npy')
    writeFileSync(join(folder, 'ladder.npy'), writeNpy(ladder.map(Math.sqrt), [train.rows, 1]))
    const after = await run(', features: ladder.npy')
    expect(after.hashes).not.toEqual(before.hashes)
    expect(picksOf(after)[0]).not.toEqual(picksOf(before)[0])
  })
})
