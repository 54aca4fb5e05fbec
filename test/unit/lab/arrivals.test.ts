import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { arrivalFiles, aboutFile } from '@main/node/workspace/arrivals'
import { storageFiles } from '@main/node/workspace/storage'
import { openLabTwin, tinyStudy, type LabTwin } from '../../support/labTwin'

const root = mkdtempSync(join(tmpdir(), 'querent-arrivals-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const files = arrivalFiles(join(root, 'work'))
let n = 0
const fresh = (): string => join(root, `folder-${++n}`)
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const instant = '2026-01-01T00:00:00.000Z'
const about = { name: 'mine', createdAt: instant, experiments: [{ id: 'exp-1', name: 'tiny', startedAt: instant, finishedAt: instant }] }

function write(folder: string, contents: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
const archive = (contents: Readonly<Record<string, string | Uint8Array>>): string => {
  const file = `${fresh()}.zip`
  const entries = Object.entries(contents).map(([name, content]) => [name, typeof content === 'string' ? utf8(content) : content] as const)
  writeFileSync(file, zipSync(Object.fromEntries(entries)))
  return file
}
const listed = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
const hash = 'a'.repeat(16)
const results = { 'manifest.json': '{}', 'study.yaml': tinyStudy, 'rounds.csv': 'a\n', [`runs/${hash}/events.jsonl`]: '{}\n' }

describe('a project file', () => {
  it('carries the study and the results, without locks and leftovers, and comes back', async () => {
    const folder = write(fresh(), {
      ...results,
      '.lock': 'x',
      'rounds.csv.0123456789ab.tmp': 'x',
      [`runs/${hash}.damaged-ab/events.jsonl`]: 'x',
    })
    const bytes = await files.pack(about, tinyStudy, { 'exp-1': folder })
    expect(Object.keys(unzipSync(bytes)).sort()).toEqual(
      [aboutFile, ...Object.keys(results).map((name) => `results/exp-1/${name}`), 'study.yaml'].sort(),
    )
    const zip = `${fresh()}.zip`
    writeFileSync(zip, bytes)
    expect(await files.look(zip)).toEqual({ kind: 'project' })
    const target = fresh()
    expect(await files.unpack(zip, target)).toMatchObject(about)
    expect(listed(target)).toEqual([...Object.keys(results).map((name) => `results/exp-1/${name}`), 'study.yaml'].sort())
    expect(readFileSync(join(target, 'study.yaml'), 'utf8')).toBe(tinyStudy)
    expect(readdirSync(join(root, 'work'))).toEqual([])
  })

  it('that climbs out, is no project, or lies about itself is refused', async () => {
    const unpack = (contents: Parameters<typeof archive>[0]) => files.unpack(archive(contents), fresh())
    await expect(unpack({ 'study.yaml': tinyStudy, '../evil.txt': 'x' })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/outside|relative path/) as unknown,
    })
    await expect(unpack({ 'other.txt': 'x' })).rejects.toMatchObject({ code: 'bad-input', details: { expected: 'study.yaml, results' } })
    await expect(unpack({ 'study.yaml': 'x'.repeat(600_000) })).rejects.toMatchObject({ code: 'bad-input' })
    for (const experiments of [[{ ...about.experiments[0], id: '../..' }], 'none', [{}]])
      await expect(
        unpack({ 'study.yaml': tinyStudy, [aboutFile]: JSON.stringify({ format: 1, ...about, experiments }) }),
      ).rejects.toMatchObject({ code: 'bad-input' })
    await expect(unpack({ 'study.yaml': tinyStudy, bomb: new Uint8Array(400 * 2 ** 20) })).rejects.toMatchObject({
      message: expect.stringContaining('bomb') as unknown,
    })
    const torn = `${fresh()}.zip`
    writeFileSync(torn, readFileSync(archive({ 'study.yaml': tinyStudy })).subarray(0, 60))
    await expect(files.unpack(torn, fresh())).rejects.toMatchObject({ code: 'bad-input' })
  })

  it('writes nothing but what a project has', async () => {
    const target = fresh()
    const strangers = {
      'results/exp-1/runs/../../../x.csv': 'x',
      'results/exp-1/run.sh': 'x',
      'results/other/manifest.json': '{}',
      '.git/config': 'x',
    }
    const kept = { 'study.yaml': tinyStudy, [aboutFile]: JSON.stringify({ format: 1, ...about }), 'results/exp-1/manifest.json': '{}' }
    await expect(files.unpack(archive({ ...kept, ...strangers }), target)).rejects.toMatchObject({ code: 'bad-input' })
    const { 'results/exp-1/runs/../../../x.csv': _, ...harmless } = strangers
    await files.unpack(archive({ ...kept, ...harmless }), target)
    expect(listed(target)).toEqual(['results/exp-1/manifest.json', 'study.yaml'])
  })

  it('is not made of a result folder that is gone', async () => {
    await expect(files.pack(about, tinyStudy, { 'exp-1': fresh() })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('what the user brings', () => {
  it('is told apart by what it holds', async () => {
    const folder = write(fresh(), {
      'a/manifest.json': '{}',
      'b/study.yaml': tinyStudy,
      'c/study.yaml': tinyStudy,
      'c/results/x/manifest.json': '{}',
      'd/photo.png': '',
      'e.txt': 'hello',
      'f.json': '{ "study": "j" }',
    })
    expect(await files.look(join(folder, 'a'))).toEqual({ kind: 'results' })
    expect(await files.look(join(folder, 'b'))).toEqual({ kind: 'study', name: 'tiny', yaml: tinyStudy })
    expect(await files.look(join(folder, 'c'))).toEqual({ kind: 'project' })
    expect(await files.look(join(folder, 'f.json'))).toMatchObject({ kind: 'study' })
    await expect(files.look(join(folder, 'd'))).rejects.toMatchObject({ code: 'bad-input' })
    await expect(files.look(join(folder, 'e.txt'))).rejects.toMatchObject({ code: 'bad-input' })
    await expect(files.look(join(folder, 'gone'))).rejects.toMatchObject({ code: 'not-found' })
  })

  it('a project folder comes with its results, and no link of it is followed', async () => {
    const folder = write(fresh(), { 'study.yaml': tinyStudy, 'results/x/manifest.json': '{}', 'elsewhere/secret.csv': 'x' })
    symlinkSync(join(folder, 'elsewhere', 'secret.csv'), join(folder, 'results/x/stolen.csv'))
    const target = fresh()
    expect((await files.unpack(folder, target)).experiments.map(({ id }) => id)).toEqual(['x'])
    expect(listed(target)).toEqual(['results/x/manifest.json', 'study.yaml'])
  })
})

it('measures folders and removes them', async () => {
  const folder = write(fresh(), { 'a/b': '12345', c: '1' })
  const storage = storageFiles({
    maps: '',
    removedDatasets: '',
    labelling: '',
    removedLabelling: '',
    downloads: '',
    features: '',
    models: '',
  })
  expect(await storage.measure([folder, join(folder, 'none')])).toEqual({ files: 2, bytes: 6 })
  await storage.remove([folder, join(folder, 'none')])
  expect(await storage.measure([folder])).toEqual({ files: 0, bytes: 0 })
})

describe('the lab', () => {
  let twin: LabTwin
  beforeEach(async () => {
    twin = await openLabTwin()
  })
  const call: LabTwin['client']['call'] = (command, input) => twin.client.call(command, input)
  const computed = async (): Promise<{ id: string; folder: string }> => {
    const { id: project } = await call('project.create', { from: { yaml: tinyStudy } })
    const { id, folder } = await call('experiment.start', { project })
    await new Promise((resolve) => setImmediate(resolve))
    twin.experiments.finish()
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { id, folder }
  }

  it('shows a result folder where it lies, and only looks at it', async () => {
    const { folder } = await computed()
    const elsewhere = await openLabTwin(undefined, twin.experiments)
    const brought = await elsewhere.client.call('project.bring', { files: { paths: [folder] } })
    expect(brought.project).toMatchObject({ name: 'tiny', lastRun: { experiment: brought.experiment, state: 'finished' } })
    const experiment = brought.experiment ?? ''
    const { summary } = await elsewhere.client.call('experiment.open', { experiment })
    expect(summary).toMatchObject({ folder, readOnly: true, runs: 4, finished: 4 })
    await expect(elsewhere.client.call('experiment.continue', { experiment })).rejects.toMatchObject({ code: 'unsupported' })
    expect((await elsewhere.client.call('project.bring', { files: { paths: [folder] } })).experiment).toBe(experiment)
    const { id } = brought.project
    await elsewhere.client.call('project.remove', { project: id })
    expect((await elsewhere.client.call('storage.get', {})).find((item) => item.id === 'removed')?.items).toBe(1) // never the folder itself
  })

  it('brings studies and project files, and leaves nothing of a damaged one', async () => {
    expect((await call('project.bring', { files: { paths: ['/a/b.yaml'] } })).project.name).toBe('brought')
    expect(await call('project.bring', { files: { paths: ['/a/p.zip'] } })).toMatchObject({
      project: { name: 'packed', createdAt: instant },
      experiment: null,
    })
    const before = twin.workspace.studies.size
    await expect(call('project.bring', { files: { paths: ['/a/damaged.zip'] } })).rejects.toThrow()
    expect(twin.workspace.studies.size).toBe(before)
    await expect(call('project.bring', { files: { paths: ['/a.yaml', '/b.yaml'] } })).rejects.toMatchObject({ code: 'bad-input' })
  })

  it('archives a project and brings it back by opening it', async () => {
    const { id } = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    expect(await call('project.archive', { project: id, archived: true })).toMatchObject({ archived: true })
    expect((await call('workspace.get', {})).active).toBeNull()
    expect((await call('project.open', { project: id })).archived).toBeUndefined()
  })

  it('saves a project as one file, with its results on wish', async () => {
    const { id } = await computed()
    const [project] = (await call('workspace.get', {})).projects
    const packed = await call('project.export', { project: project.id, results: true })
    expect([packed.name, JSON.parse(new TextDecoder().decode(packed.bytes))]).toMatchObject([
      'tiny.querent.zip',
      { name: 'tiny', experiments: [{ id }] },
    ])
    const light = await call('project.export', { project: project.id, results: false })
    expect(JSON.parse(new TextDecoder().decode(light.bytes))).toMatchObject({ experiments: [] })
  })

  it('frees what was deleted, for good', async () => {
    const { id } = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    await call('project.remove', { project: id })
    const left = await call('storage.clear', { item: 'removed' })
    expect(left.find((item) => item.id === 'removed')).toEqual({ id: 'removed', items: 0, bytes: 0 })
    await expect(call('project.restore', { project: id })).rejects.toMatchObject({ code: 'not-found' })
    expect(twin.workspace.studies.has(id)).toBe(false)
  })
})
