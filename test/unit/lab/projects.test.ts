import { beforeEach, describe, expect, it } from 'vitest'
import type { WorkspaceState } from '@contract/types'
import { openLabTwin, tinyStudy, type LabTwin } from '../../support/labTwin'

let twin: LabTwin
beforeEach(async () => {
  twin = await openLabTwin()
})
const call: LabTwin['client']['call'] = (command, input) => twin.client.call(command, input)
const names = async (): Promise<string[]> => (await call('workspace.get', {})).projects.map(({ name }) => name)

describe('projects', () => {
  it('start with the sample, once', async () => {
    expect(await names()).toEqual(['Sample: four strategies on digits'])
    const [{ id }] = (await call('workspace.get', {})).projects
    await call('project.remove', { project: id })
    const again = await openLabTwin(twin.workspace)
    expect((await again.client.call('workspace.get', {})).projects).toEqual([])
  })

  it('are made from a recipe, a text, or another project', async () => {
    const recipe = await call('project.create', { from: { recipe: 'entropy-alone' } })
    expect(recipe).toMatchObject({
      name: 'Entropy alone',
      dataset: 'wine',
      strategies: ['random', 'margin'],
      strategyIds: ['random', 'margin'],
      lastRun: null,
      missing: false,
    })
    const text = await call('project.create', { from: { yaml: tinyStudy } })
    expect(text.name).toBe('tiny')
    expect((await call('project.create', { from: { yaml: 'not: [a study' } })).name).toBe('New study')
    const copy = await call('project.create', { from: { project: text.id } })
    expect(copy.name).toBe('tiny (copy)')
    expect((await call('study.get', { project: copy.id })).yaml).toBe(tinyStudy)
    expect((await call('project.create', { name: '  Mine ', from: { project: text.id } })).name).toBe('Mine')
    await expect(call('project.create', { from: { recipe: 'nothing' } })).rejects.toMatchObject({ code: 'not-found' })
    await expect(call('project.create', { from: { project: 'nothing' } })).rejects.toMatchObject({ code: 'not-found' })
    await expect(call('project.create', { name: ' ', from: { yaml: tinyStudy } })).rejects.toMatchObject({ code: 'bad-input' })
    expect((await call('workspace.get', {})).active).toBe((await call('workspace.get', {})).projects[0].id)
  })

  it('are listed by when they were opened', async () => {
    const a = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    await call('project.create', { name: 'b', from: { yaml: tinyStudy } })
    expect((await names()).slice(0, 2)).toEqual(['b', 'a'])
    await call('project.open', { project: a.id })
    expect((await names()).slice(0, 2)).toEqual(['a', 'b'])
    expect((await call('workspace.get', {})).active).toBe(a.id)
  })

  it('are renamed, removed and brought back, and every window hears of it', async () => {
    const { id } = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    const heard: WorkspaceState[] = []
    twin.connect().on('workspace.changed', (state) => heard.push(state))
    expect((await call('project.rename', { project: id, name: 'b' })).name).toBe('b')
    await call('project.remove', { project: id })
    expect((await call('workspace.get', {})).active).toBeNull()
    await expect(call('study.get', { project: id })).rejects.toMatchObject({ code: 'not-found' })
    await expect(call('project.rename', { project: id, name: 'c' })).rejects.toMatchObject({ code: 'not-found' })
    expect((await call('project.restore', { project: id })).name).toBe('b')
    expect(heard.map(({ projects }) => projects.some(({ name }) => name === 'b'))).toEqual([true, false, true])
    await expect(call('project.restore', { project: 'nothing' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('are listed with what else was deleted, results on their own only while their project lives', async () => {
    const { id } = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    const { id: experiment } = await call('experiment.start', { project: id })
    await new Promise((resolve) => setImmediate(resolve))
    twin.experiments.finish()
    await new Promise((resolve) => setTimeout(resolve, 20))
    await call('experiment.remove', { experiment })
    expect(await call('storage.removed', {})).toMatchObject([{ kind: 'results', id: experiment, project: 'a', bytes: 100 }])
    await call('project.remove', { project: id })
    expect(await call('storage.removed', {})).toMatchObject([{ kind: 'project', id, name: 'a', project: null, bytes: 100 }])
    await call('project.restore', { project: id })
    await call('experiment.restore', { experiment })
    expect(await call('storage.removed', {})).toEqual([])
  })

  it('say when their study is gone', async () => {
    const { id } = await call('project.create', { name: 'a', from: { yaml: tinyStudy } })
    twin.workspace.studies.delete(id)
    expect((await call('workspace.get', {})).projects[0]).toMatchObject({ name: 'a', missing: true, dataset: '', strategies: [] })
    await expect(call('experiment.start', { project: id })).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('a study', () => {
  it('is saved by revision: a stale window is told, not overruled', async () => {
    const { id } = await call('project.create', { from: { yaml: tinyStudy } })
    const { revision } = await call('study.get', { project: id })
    expect(await call('study.save', { project: id, yaml: '# mine', revision })).toEqual({ revision: revision + 1 })
    await expect(call('study.save', { project: id, yaml: '# stale', revision })).rejects.toMatchObject({
      code: 'locked',
      details: { found: `revision ${revision + 1}` },
    })
    expect(await call('study.get', { project: id })).toEqual({ yaml: '# mine', revision: revision + 1 })
  })

  it('saved by two windows at once takes one of them', async () => {
    const { id } = await call('project.create', { from: { yaml: tinyStudy } })
    const results = await Promise.allSettled(
      ['# one', '# two', '# three'].map((yaml) => twin.connect().call('study.save', { project: id, yaml, revision: 1 })),
    )
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await call('study.get', { project: id })).toEqual({ yaml: '# one', revision: 2 })
  })

  it('that cannot be written keeps its revision', async () => {
    const { id } = await call('project.create', { from: { yaml: tinyStudy } })
    twin.workspace.full = true
    await expect(call('study.save', { project: id, yaml: '# new', revision: 1 })).rejects.toMatchObject({
      code: 'disk-full',
      details: { file: 'workspace.json' },
    })
    twin.workspace.full = false
    expect(await call('study.get', { project: id })).toEqual({ yaml: tinyStudy, revision: 1 })
    expect(await call('study.save', { project: id, yaml: '# new', revision: 1 })).toEqual({ revision: 2 })
  })

  it('is planned with what was computed before', async () => {
    const { id } = await call('project.create', { from: { yaml: tinyStudy } })
    expect((await call('study.plan', { project: id, yaml: tinyStudy })).grid).toEqual([
      expect.objectContaining({ strategy: `/workspace/projects/${id}/study.yaml`, computed: 0 }),
    ])
    await call('experiment.start', { project: id })
    twin.experiments.step(2)
    twin.experiments.finish()
    await new Promise((resolve) => twin.client.on('workspace.changed', resolve))
    expect((await call('study.plan', { project: id, yaml: tinyStudy })).grid[0].computed).toBe(4)
  })
})

describe('settings', () => {
  it('change one by one, also from two windows at once', async () => {
    expect(await call('settings.get', {})).toEqual({ theme: 'system', jobs: 'auto', backend: 'auto' })
    await Promise.all([call('settings.set', { theme: 'dark' }), twin.connect().call('settings.set', { jobs: 3 })])
    expect(await call('settings.set', { backend: undefined })).toEqual({ theme: 'dark', jobs: 3, backend: 'auto' })
    await expect(call('settings.set', { jobs: 0 })).rejects.toMatchObject({ code: 'bad-input', details: { path: 'jobs' } })
    twin.workspace.full = true
    await expect(call('settings.set', { theme: 'light' })).rejects.toMatchObject({ code: 'disk-full' })
    expect((await call('settings.get', {})).theme).toBe('dark')
  })

  it('decide how studies run', async () => {
    const { id } = await call('project.create', { from: { yaml: tinyStudy } })
    await call('settings.set', { jobs: 3, backend: 'reference' })
    await call('experiment.start', { project: id })
    expect(twin.experiments.requests.at(-1)).toMatchObject({ jobs: 3, backend: 'reference', studyText: tinyStudy, command: 'app' })
  })
})

describe('notices', () => {
  it('tell what was damaged, and go when dismissed', async () => {
    twin.workspace.damage = ['workspace.json could not be read. It was kept aside.']
    const { client } = await openLabTwin(twin.workspace)
    const [notice] = await client.call('notice.list', {})
    expect(notice).toMatchObject({ severity: 'warning', message: 'workspace.json could not be read. It was kept aside.' })
    expect(await client.call('notice.dismiss', { notice: notice.id })).toBeNull()
    expect(await client.call('notice.list', {})).toEqual([])
    await expect(client.call('notice.dismiss', { notice: notice.id })).rejects.toMatchObject({ code: 'not-found' })
  })
})
