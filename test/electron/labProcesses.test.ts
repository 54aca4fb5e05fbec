import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { LabClient, LabEvents } from '@contract/commands'
import type { ExperimentSummary } from '@contract/types'
import { temporaryFolder } from '../support/cli'
import { heard, startDesktopApp, type DesktopApp } from '../support/desktopApp'
import { builtMain } from '../support/paths'

const study = (options: { seeds: number; rounds: number; minSteps: number }): string => `
study: desk
dataset: wine
model: { type: mlp, hidden: [16] }
training: { epochs: 5, minSteps: ${options.minSteps}, batchSize: 16 }
protocol: { seeds: ${options.seeds}, initial: 9, initialSampling: stratified, query: 6, rounds: ${options.rounds} }
strategies: [random, margin]
run: { backend: reference, jobs: 2 }
`
const tiny = study({ seeds: 2, rounds: 2, minSteps: 20 })
const long = study({ seeds: 4, rounds: 10, minSteps: 1000 })

const folder = temporaryFolder()
let app: DesktopApp
let client: LabClient

const open = async (workspace: string): Promise<void> => {
  app = await startDesktopApp(join(folder.path, workspace))
  client = await app.connect()
}
const begin = async (yaml: string): Promise<ExperimentSummary> => {
  const project = await client.call('project.create', { from: { yaml } })
  return client.call('experiment.start', { project: project.id })
}
const ended = (experiment: string): Promise<ExperimentSummary> =>
  heard(client, 'experiment.changed', ({ id, state }) => id === experiment && !['running', 'paused'].includes(state))
const firstRound = (experiment: string): Promise<unknown> =>
  heard(
    client,
    'experiment.events',
    (batch) => batch.experiment === experiment && batch.events.some(([, event]) => event.type === 'round-ended'),
  )
const living = (entry: 'lab' | 'job') =>
  app.electron.fake.children.filter((process) => process.entry === builtMain(entry) && process.pid !== undefined)

afterAll(() => {
  vi.unstubAllGlobals()
  folder.dispose()
})

describe('the lab behind the desktop app', () => {
  beforeAll(() => open('first'))
  afterAll(() => app.quit())

  it('says where it runs', async () => {
    expect(await client.call('app.info', {})).toMatchObject({
      transport: 'electron',
      workspace: join(folder.path, 'first'),
      platform: process.platform,
    })
    expect((await client.call('workspace.get', {})).projects).toEqual([
      expect.objectContaining({ name: 'Sample: four strategies on digits' }),
    ])
  })

  it('runs a study in job processes and tells it in batches without a gap', async () => {
    const batches: LabEvents['experiment.events'][] = []
    client.on('experiment.events', (batch) => batches.push(batch))
    const busy = heard(client, 'queue.changed', ({ experiment }) => experiment !== null)
    const { id, runs } = await begin(tiny)
    await busy
    expect(app.electron.fake.blockers.size).toBe(1)
    const end = await ended(id)
    expect(end).toMatchObject({ state: 'finished', runs: 4, finished: 4, failed: 0 })
    expect(runs).toBe(4)
    expect(batches.map(({ batch }) => batch)).toEqual(batches.map((_, i) => i + 1))
    const rounds = batches.flatMap(({ events }) => events).filter(([, event]) => event.type === 'round-ended')
    expect(rounds).toHaveLength(4 * 3)
    const snapshot = await client.call('experiment.open', { experiment: id })
    expect(snapshot.runs.map(({ state }) => [state.status, state.records.length])).toEqual(Array(4).fill(['finished', 3]))
    const table = await client.call('export.table', { experiment: id, table: 'rounds' })
    expect(new TextDecoder().decode(table.bytes).trim().split('\n')).toHaveLength(1 + 4 * 3)
    expect(app.electron.fake.blockers.size).toBe(0)
    expect(app.electron.fake.children.some(({ entry }) => entry === builtMain('job'))).toBe(true)
  })

  it('stops a run that is cancelled, at once', async () => {
    const { id } = await begin(long)
    await firstRound(id)
    const end = ended(id)
    await client.call('experiment.control', { experiment: id, action: 'cancel' })
    expect(await end).toMatchObject({ state: 'cancelled', finished: 0 })
    const { runs } = await client.call('experiment.open', { experiment: id })
    expect(new Set(runs.map(({ state }) => state.status))).toEqual(new Set(['cancelled']))
  })

  it('loses one run when a job process is killed, and says so', async () => {
    const { id } = await begin(study({ seeds: 2, rounds: 4, minSteps: 300 }))
    await firstRound(id)
    const notice = heard(client, 'notice.added')
    const end = ended(id)
    process.kill(living('job')[0].pid!, 'SIGKILL')
    expect(await end).toMatchObject({ state: 'failed', finished: 3, failed: 1 })
    const { runs } = await client.call('experiment.open', { experiment: id })
    const [broken] = runs.filter(({ state }) => state.status === 'failed')
    expect(broken.state.error).toMatchObject({
      code: 'job-crashed',
      message: expect.stringMatching(/^the job process died \(exit code \d+\)/) as unknown,
    })
    expect(await notice).toMatchObject({ severity: 'error', message: expect.stringContaining('1 of 4 runs failed') as unknown })
  })

  it('comes back when the lab dies, offers what was cut off, and goes on with it', async () => {
    const { id } = await begin(study({ seeds: 2, rounds: 4, minSteps: 300 }))
    await firstRound(id)
    const lost = heard(client, 'connection.changed', (state) => state === 'lost')
    const back = heard(client, 'connection.changed', (state) => state === 'open')
    const [lab] = living('lab')
    process.kill(lab.pid!, 'SIGKILL')
    await lost
    await expect(client.call('queue.get', {})).rejects.toMatchObject({ code: 'not-found' })
    await back
    expect(living('lab')).toHaveLength(1)
    expect(living('lab')[0]).not.toBe(lab)
    expect(app.electron.fake.blockers.size).toBe(0)
    const { interrupted } = await client.call('workspace.get', {})
    expect(interrupted).toEqual([expect.objectContaining({ id, state: 'interrupted', runs: 4 })])
    const kept = await client.call('experiment.open', { experiment: id })
    expect(Math.max(...kept.runs.map(({ state }) => state.records.length))).toBeGreaterThan(0)
    const end = ended(id)
    await client.call('experiment.continue', { experiment: id })
    expect(await end).toMatchObject({ state: 'finished', finished: 4 })
    expect((await client.call('workspace.get', {})).interrupted).toEqual([])
  })

  it('gives every window its own line', async () => {
    const other = await app.connect()
    const changed = heard(other, 'workspace.changed', ({ projects }) => projects.some(({ name }) => name === 'from the first window'))
    await client.call('project.create', { name: 'from the first window', from: { recipe: 'sample' } })
    await changed
  })
})

describe('quitting while a study runs', () => {
  it('stops at a safe point; the next start offers to go on', async () => {
    await open('second')
    const { id, project } = await begin(long)
    await firstRound(id)
    app.electron.fake.answer = 1 // "Stop at the next round"
    await app.quit()
    expect(app.electron.fake.exitCode).toBe(0)
    expect(living('lab')).toEqual([])
    expect(living('job')).toEqual([])

    await open('second')
    expect(await client.call('workspace.get', {})).toMatchObject({ active: project, interrupted: [{ id, state: 'interrupted', runs: 8 }] })
    const { runs } = await client.call('experiment.open', { experiment: id })
    const before = runs.map(({ state }) => state.records.length)
    expect(Math.max(...before)).toBeGreaterThan(0)
    const notDone = firstRound(id)
    await client.call('experiment.continue', { experiment: id })
    await notDone
    const again = await client.call('experiment.open', { experiment: id })
    again.runs.forEach(({ state }, i) => expect(state.records.length).toBeGreaterThanOrEqual(before[i]))
    app.electron.fake.answer = 1
    await app.quit()
  })
})
