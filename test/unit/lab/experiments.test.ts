import { beforeEach, describe, expect, it } from 'vitest'
import type { FigureRequest } from '@contract/commands'
import type { ExperimentSummary } from '@contract/types'
import { openLabTwin, tinyStudy, type LabTwin } from '../../support/labTwin'

let twin: LabTwin
let project: string
beforeEach(async () => {
  twin = await openLabTwin()
  project = (await twin.client.call('project.create', { from: { yaml: tinyStudy } })).id
})
const call: LabTwin['client']['call'] = (command, input) => twin.client.call(command, input)
const start = (): Promise<ExperimentSummary> => call('experiment.start', { project })
/** Until the lab has stored how the experiment ended. */
const settled = (id: string): Promise<ExperimentSummary> =>
  new Promise((resolve) => {
    const stop = twin.client.on('experiment.changed', (summary) => {
      if (summary.id !== id || ['running', 'paused'].includes(summary.state)) return
      stop()
      resolve(summary)
    })
  })
const finish = async (id: string): Promise<ExperimentSummary> => {
  const end = settled(id)
  await new Promise((resolve) => setImmediate(resolve)) // runs begin after the start has returned
  twin.experiments.finish()
  return end
}
const statuses = async (experiment: string): Promise<string[]> =>
  (await call('experiment.open', { experiment })).runs.map(({ state }) => state.status)

describe('an experiment', () => {
  it('starts, shows in the queue, and settles', async () => {
    const summary = await start()
    expect(summary).toMatchObject({ project, name: 'tiny', state: 'running', runs: 4, finished: 0, finishedAt: null })
    expect(summary.folder).toBe(`/workspace/projects/${project}/results/${summary.id}`)
    expect(await call('queue.get', {})).toMatchObject({ experiment: summary.id, experimentName: 'tiny', runs: 4 })
    expect((await call('workspace.get', {})).projects[0].lastRun).toMatchObject({ experiment: summary.id, state: 'running' })
    expect(await finish(summary.id)).toMatchObject({ state: 'finished', finished: 4, failed: 0, finishedAt: expect.any(String) as unknown })
    expect(await call('queue.get', {})).toMatchObject({ experiment: null })
    expect(twin.busy).toEqual([true, false])
    expect((await call('notice.list', {})).map(({ message }) => message)).toEqual(['4 runs finished.'])
    const [shown] = (await call('workspace.get', {})).projects
    expect(shown).toMatchObject({ lastRun: { state: 'finished' }, sparkline: [0.5, 0.6, 0.7] })
    expect(await statuses(summary.id)).toEqual(Array(4).fill('finished'))
  })

  it('is one at a time, also when two windows press Run together', async () => {
    const results = await Promise.allSettled([start(), twin.connect().call('experiment.start', { project })])
    expect(results[0].status).toBe('fulfilled')
    expect(results[1]).toMatchObject({
      status: 'rejected',
      reason: { code: 'locked', message: expect.stringContaining('tiny is still running') as unknown },
    })
    const [{ id }] = await call('experiment.list', { project })
    await finish(id)
    await expect(start()).resolves.toMatchObject({ state: 'running' })
  })

  it('that is refused leaves nothing behind', async () => {
    await call('study.save', { project, yaml: tinyStudy.replace('margin', 'marign'), revision: 1 })
    await expect(start()).rejects.toMatchObject({ code: 'bad-input' })
    expect(await call('experiment.list', { project })).toEqual([])
    expect(twin.busy).toEqual([])
    await call('study.save', { project, yaml: tinyStudy, revision: 2 })
    await expect(start()).resolves.toMatchObject({ state: 'running' })
  })

  it('passes on what the user should know before it runs', async () => {
    twin.experiments.warnings.push('events.jsonl was torn; its run is computed again')
    await start()
    expect(await call('notice.list', {})).toEqual([
      expect.objectContaining({ severity: 'warning', title: 'tiny', message: 'events.jsonl was torn; its run is computed again' }),
    ])
  })

  it('is paused, resumed and cancelled, whole or run by run', async () => {
    const { id } = await start()
    await call('experiment.control', { experiment: id, action: 'pause' })
    expect(await statuses(id)).toEqual(Array(4).fill('paused'))
    expect(await call('experiment.list', { project })).toMatchObject([{ state: 'paused' }])
    expect(await call('queue.get', {})).toMatchObject({ paused: true })
    await call('experiment.control', { experiment: id, action: 'resume' })
    expect(await call('experiment.list', { project })).toMatchObject([{ state: 'running' }])
    const { runs } = await call('experiment.open', { experiment: id })
    await call('experiment.control', { experiment: id, action: 'cancel', runs: [runs[3].hash] })
    expect(await statuses(id)).toEqual(['running', 'running', 'queued', 'cancelled'])
    const end = settled(id)
    await call('experiment.control', { experiment: id, action: 'cancel' })
    expect(await end).toMatchObject({ state: 'cancelled', finished: 0 })
    expect(await statuses(id)).toEqual(Array(4).fill('cancelled'))
    await expect(call('experiment.control', { experiment: id, action: 'retry' })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('continue it') as unknown,
    })
  })

  it('with a failed run says so; continuing computes what is left', async () => {
    const { id } = await start()
    twin.experiments.step(10)
    twin.experiments.failOne()
    expect(await finish(id)).toMatchObject({ state: 'failed', finished: 3, failed: 1 })
    expect(await call('notice.list', {})).toEqual([
      expect.objectContaining({ severity: 'error', message: '1 of 4 runs failed. Runs shows why; Retry runs them again.' }),
    ])
    const { runs } = await call('experiment.open', { experiment: id })
    expect(runs.filter(({ state }) => state.status === 'failed').map(({ state }) => state.error)).toEqual([
      { code: 'job-crashed', message: 'the job process died' },
    ])
    expect(await call('experiment.continue', { experiment: id })).toMatchObject({ id, state: 'running', finishedAt: null })
    expect(await finish(id)).toMatchObject({ state: 'finished', finished: 4, failed: 0 })
  })

  it('retries failed runs while others still run', async () => {
    const { id } = await start()
    twin.experiments.step(2)
    twin.experiments.failOne()
    await call('experiment.control', { experiment: id, action: 'retry' })
    expect(await finish(id)).toMatchObject({ state: 'finished', finished: 4, failed: 0 })
  })

  it('reuses what the project has computed before', async () => {
    const first = await start()
    await finish(first.id)
    await start()
    expect(twin.experiments.requests.at(-1)?.reuseFrom).toEqual([first.folder])
  })

  it('whose folder breaks is failed, with the reason', async () => {
    const { id } = await start()
    const end = settled(id)
    twin.experiments.breakFolder(new Error('no space left on the disk'))
    expect(await end).toMatchObject({ state: 'failed' })
    expect(await call('notice.list', {})).toEqual([
      expect.objectContaining({ severity: 'error', title: 'tiny', message: 'no space left on the disk' }),
    ])
    expect(await call('queue.get', {})).toMatchObject({ experiment: null })
  })

  it('that ends while the disk is full is told, and the lab lives on', async () => {
    const { id } = await start()
    twin.workspace.full = true
    const told = new Promise((resolve) => twin.client.on('notice.added', resolve))
    twin.experiments.breakFolder(new Error('the disk is full'))
    expect(await told).toMatchObject({ severity: 'error', message: 'the disk is full' })
    twin.workspace.full = false
    expect(await call('queue.get', {})).toMatchObject({ experiment: null })
    expect(await call('experiment.list', { project })).toMatchObject([{ id }])
  })

  it('is removed and brought back, but not while it runs', async () => {
    const { id } = await start()
    await expect(call('experiment.remove', { experiment: id })).rejects.toMatchObject({ code: 'locked' })
    await expect(call('project.remove', { project })).rejects.toMatchObject({ code: 'locked' })
    await finish(id)
    await call('experiment.remove', { experiment: id })
    expect(await call('experiment.list', { project })).toEqual([])
    expect(await call('experiment.restore', { experiment: id })).toMatchObject({ id })
    await expect(call('experiment.open', { experiment: 'nothing' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('exports tables and figures while it runs and after', async () => {
    const { id } = await start()
    const table = await call('export.table', { experiment: id, table: 'rounds' })
    expect([table.name, new TextDecoder().decode(table.bytes)]).toEqual(['tiny-rounds.csv', 'rounds,4\n'])
    await finish(id)
    const request: FigureRequest = {
      figure: 'learning-curves',
      metric: 'accuracy',
      band: 't95',
      baseline: 'random',
      hidden: [],
      facet: {},
      widthMm: 90,
      heightMm: 60,
      fontPt: 8,
    }
    const figure = await call('export.figure', { experiment: id, request, format: 'pdf' })
    expect([figure.name, figure.mime, new TextDecoder().decode(figure.bytes)]).toEqual([
      'tiny-learning-curves.pdf',
      'application/pdf',
      'random,margin',
    ])
    const text = 'strategy,seed,labeled,accuracy\nbadge,0,4,0.5\nbadge,1,4,0.6\n'
    const { table: added } = await call('results.read', { name: 'theirs.csv', text })
    const joined = await call('export.figure', { experiment: id, request, format: 'pdf', added: [`table-${added}`] })
    expect(new TextDecoder().decode(joined.bytes)).toBe('random,margin,theirs: badge')
    await expect(call('export.figure', { experiment: id, request, format: 'pdf', added: ['table-gone'] })).rejects.toMatchObject({
      code: 'not-found',
    })
    const paper = await call('export.paper', { experiment: id, part: 'bundle', baseline: 'margin' })
    expect([paper.name, paper.mime, new TextDecoder().decode(paper.bytes)]).toEqual([
      'tiny-bundle.zip',
      'application/zip',
      `bundle margin ${tinyStudy}`,
    ])
  })
})

describe('a lab that ends', () => {
  const again = async (): Promise<void> => {
    twin = await openLabTwin(twin.workspace, twin.experiments)
  }

  it('by closing leaves what ran interrupted; the next one offers to go on', async () => {
    const { id } = await start()
    twin.experiments.step(12)
    await twin.lab.dispose()
    await again()
    expect((await call('workspace.get', {})).interrupted).toMatchObject([{ id, state: 'interrupted', runs: 4 }])
    expect(await call('experiment.continue', { experiment: id })).toMatchObject({ state: 'running' })
    expect((await call('workspace.get', {})).interrupted).toEqual([])
    expect(await finish(id)).toMatchObject({ state: 'finished', finished: 4 })
  })

  it('by a crash too, and it knows how far the runs were', async () => {
    const { id } = await start()
    await new Promise((resolve) => setImmediate(resolve))
    twin.experiments.step(3 * 7 + 3)
    twin.experiments.kill()
    await again()
    const [cut] = (await call('workspace.get', {})).interrupted
    expect(cut).toMatchObject({ id, state: 'interrupted', runs: 4, finished: 2 })
    expect(await statuses(id)).toEqual(['finished', 'finished', 'queued', 'queued'])
  })

  it('just before it stored the end finds out that all is done', async () => {
    const { id } = await start()
    const before = structuredClone(twin.workspace.index())
    await finish(id)
    await twin.workspace.update(() => before)
    await again()
    expect(await call('experiment.list', { project })).toMatchObject([{ id, state: 'finished', finished: 4 }])
  })

  it('before the folder was made says that there is nothing to go on from', async () => {
    const { id } = await start()
    const index = twin.workspace.index()
    await twin.workspace.update(() => ({ ...index, experiments: index.experiments.map((entry) => ({ ...entry, folder: '/gone' })) }))
    await again()
    expect(await call('experiment.list', { project })).toMatchObject([{ id, state: 'failed' }])
    await expect(call('experiment.continue', { experiment: id })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('waits for a study that is about to start', async () => {
    const held = twin.experiments.hold()
    const starting = start().catch(() => undefined)
    await held.reached
    await expect(start()).rejects.toMatchObject({ code: 'locked' })
    const disposing = twin.lab.dispose()
    held.release()
    await Promise.all([starting, disposing])
    expect(twin.workspace.index().experiments).toMatchObject([{ state: 'interrupted' }])
    await expect(twin.lab.handlers['experiment.start']({ project })).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a study that starts programs', () => {
  const command = (name: string): string => tinyStudy.replace('[random, margin]', `[random, { id: external, command: [python3, ${name}] }]`)
  const withPrograms = async (yaml: string): Promise<string> => (await call('project.create', { from: { yaml } })).id

  it('is refused until every command was allowed, once per workspace', async () => {
    const own = await withPrograms(command('a.py'))
    expect(await call('programs.list', { project: own })).toEqual([{ command: ['python3', 'a.py'], confirmed: false }])
    await expect(call('experiment.start', { project: own })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('python3 a.py') as string,
    })
    expect(await call('experiment.list', { project: own })).toEqual([])
    expect(await call('queue.get', {})).toMatchObject({ experiment: null })

    await call('programs.confirm', { commands: [['python3', 'a.py']] })
    await finish((await call('experiment.start', { project: own })).id)
    const again = await withPrograms(command('a.py'))
    expect(await call('programs.list', { project: again })).toEqual([{ command: ['python3', 'a.py'], confirmed: true }])
    const other = await withPrograms(command('b.py'))
    await expect(call('experiment.start', { project: other })).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('names commands of shadows and of factor levels', async () => {
    const yaml = `${command('a.py')}shadow: [{ id: external, command: [s] }]\nablate: { strategies.external.command: [[x, "1"], [y]] }\n`
    const commands = (await call('programs.list', { project: await withPrograms(yaml) })).map((program) => program.command.join(' '))
    expect(commands.sort()).toEqual(['s', 'x 1', 'y'])
    expect(await call('programs.list', { project })).toEqual([])
  })
})
