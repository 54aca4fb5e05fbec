import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DatasetInfo } from '@contract/types'
import type { LabDependencies } from '@main/lab/dependencies'
import { createFreeing } from '@main/lab/freeing'
import { importDataset } from '@main/node/datasets'
import { roomOf } from '@main/node/workspace/room'
import { storageFiles } from '@main/node/workspace/storage'
import { temporaryFolder } from '../../support/cli'
import { refusal } from '../../support/errors'
import { memoryWorkspace } from '../../support/labTwin'

const set = (id: string, bytes: number): DatasetInfo => ({
  id,
  title: id.toUpperCase(),
  kind: 'vector',
  rows: 1,
  testRows: 0,
  classes: 2,
  shape: [1],
  bytes,
  source: '',
  licence: '',
  sha256: `hash-of-${id}`,
  available: true,
  imported: true,
})

const writer =
  (folder: string) =>
  (name: string, text: string): void => {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }

/** Two imported sets, features, a model and a download on the disk; one project names the set `used` and the features `clip`. */
async function world(folder: string) {
  const write = writer(folder)
  write('features/abc/features.json', JSON.stringify({ name: 'clip' }))
  write('features/abc/features.npy', 'x'.repeat(100))
  write('features/def/features.json', JSON.stringify({ name: 'old' }))
  write('models/m.onnx', 'x'.repeat(70))
  write('downloads/stl-10/a.part', 'x'.repeat(50))
  let sets = [set('used', 10), set('idle', 20)]
  const store = memoryWorkspace()
  store.studies.set('p', 'dataset: used\ndata: { features: clip }\n')
  const at = '2026-01-01T00:00:00.000Z'
  const project = { id: 'p', name: 'My study', createdAt: at, openedAt: at, revision: 1, removedAt: null }
  await store.update((index) => ({ ...index, projects: [project, { ...project, id: 'gone', name: 'Gone', removedAt: at }] }))
  store.studies.set('gone', 'dataset: idle\n')
  const places = Object.fromEntries(
    ['maps', 'downloads', 'features', 'models', 'labelling', 'removedLabelling'].map((name) => [name, join(folder, name)]),
  )
  const storage = storageFiles({ ...places, removedDatasets: join(folder, 'removed') } as never)
  const removed: string[] = []
  const sessions: { readonly dataset: string }[] = []
  const datasets = {
    list: async () => sets,
    remove: async (id: string) => {
      removed.push(id)
      sets = sets.filter((each) => each.id !== id)
    },
  }
  const handlers = createFreeing({ store, storage, datasets, labelling: { list: async () => sessions } } as unknown as LabDependencies)
  return { handlers, removed, sessions }
}

describe('freeing space', () => {
  const within = async (work: (made: Awaited<ReturnType<typeof world>>) => Promise<void>): Promise<void> => {
    const folder = temporaryFolder()
    try {
      await work(await world(folder.path))
    } finally {
      folder.dispose()
    }
  }

  it('lists what no living project names before what one does', () =>
    within(async ({ handlers }) => {
      const things = await handlers['storage.unused']({})
      expect(things.map(({ kind, name, usedBy }) => [kind, name, usedBy])).toEqual([
        ['model', 'm.onnx', []],
        ['download', 'stl-10', []],
        ['dataset', 'IDLE', []],
        ['features', 'old', []],
        ['features', 'clip', ['My study']],
        ['dataset', 'USED', ['My study']],
      ])
      expect(things[0].bytes).toBe(70)
    }))

  it('counts a labelling session as a use of its data set', () =>
    within(async ({ handlers, sessions }) => {
      sessions.push({ dataset: 'idle' })
      const things = await handlers['storage.unused']({})
      expect(things.find(({ id }) => id === 'idle')?.usedBy).toEqual(['a labelling session'])
      const refused = await refusal(() => handlers['storage.free']({ things: [{ kind: 'dataset', id: 'idle' }], evenUsed: false }))
      expect(refused.message).toBe('IDLE is used by a labelling session')
    }))

  it('deletes what is chosen; what a project names only at a second word', () =>
    within(async ({ handlers, removed }) => {
      const left = await handlers['storage.free']({
        things: [
          { kind: 'model', id: 'm.onnx' },
          { kind: 'dataset', id: 'idle' },
          { kind: 'download', id: '../features' },
        ],
        evenUsed: false,
      })
      expect(left.map(({ name }) => name)).toEqual(['stl-10', 'old', 'clip', 'USED'])
      expect(removed).toEqual(['idle'])
      const used = { things: [{ kind: 'features', id: 'abc' } as const, { kind: 'features', id: 'def' } as const] }
      const error = await refusal(() => handlers['storage.free']({ ...used, evenUsed: false }))
      expect(error.message).toBe('clip is used by My study')
      expect((await handlers['storage.unused']({})).length).toBe(4)
      expect((await handlers['storage.free']({ ...used, evenUsed: true })).map(({ name }) => name)).toEqual(['stl-10', 'USED'])
    }))
})

it('names what was deleted by its own files, and says when', async () => {
  const temporary = temporaryFolder()
  try {
    const write = writer(temporary.path)
    const key = 'a'.repeat(64)
    write(`removed/${key}/dataset.json`, JSON.stringify({ title: 'Flowers' }))
    const at = new Date('2026-01-02T03:04:05.000Z')
    utimesSync(join(temporary.path, 'removed', key), at, at)
    const { entries } = storageFiles({} as never)
    expect(await entries(join(temporary.path, 'removed'))).toEqual([{ id: key, name: 'Flowers', bytes: 19, changedAt: at.toISOString() }])
    expect(await entries(join(temporary.path, 'nothing'))).toEqual([])
  } finally {
    temporary.dispose()
  }
})

it('keeps to the limit of the workspace: what is there counts, what is on its way does not', async () => {
  const temporary = temporaryFolder()
  const folder = temporary.path
  try {
    const write = writer(folder)
    for (const name of ['datasets/abc/x.npy', 'datasets/.removed/y.npy', 'models/m.onnx', 'cache/maps/m.npy', 'features/f.npy'])
      write(name, 'x'.repeat(1000))
    write('datasets/.work/1/x.npy', 'x'.repeat(100_000))
    write('projects/p/results/r.csv', 'x'.repeat(100_000))
    ;(await roomOf(folder))(1e15)
    const settings = { theme: 'system', jobs: 'auto', backend: 'auto' }
    write('settings.json', JSON.stringify({ ...settings, roomLimitGb: 10_000 / 1e9 }))
    const room = await roomOf(folder)
    room(5000)
    const error = await refusal(async () => room(5001))
    expect(error).toMatchObject({ code: 'disk-full', details: { expected: 'free space, or raise the limit, in Settings' } })
    write('data.csv', 'a,label\n1,x\n2,y\n')
    const library = join(folder, 'datasets')
    const bring = () => importDataset({ paths: [join(folder, 'data.csv')], mapping: {}, library, importedAt: new Date(0) })
    expect((await bring()).dataset.id).toBe('data')
    write('settings.json', JSON.stringify({ ...settings, roomLimitGb: 5010 / 1e9 }))
    write('data.csv', 'a,label\n3,x\n2,y\n')
    expect(await refusal(bring)).toMatchObject({ code: 'disk-full' })
    write('settings.json', '{ damaged')
    expect((await bring()).dataset.id).toBe('data-2')
  } finally {
    temporary.dispose()
  }
})
