// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { useProgramConsent } from '@/state/programConsent'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'
import type { MemoryLab } from '../../support/memoryLab'
import { settle, storesOver } from './workbench'

let lab: MemoryLab | undefined
afterEach(() => {
  lab?.dispose()
  localStorage.clear()
})

describe('workspace', () => {
  it('loads, follows events, and reads everything again after the host was lost', async () => {
    lab = storesOver()
    const workspace = useWorkspace()
    await workspace.load()
    expect(workspace.projects.map(({ name }) => name)).toEqual(['Sample: four strategies on digits', 'gradnorm-ablation'])
    lab.loseHost()
    expect(workspace.connection).toBe('lost')
    await workspace.load()
    expect(workspace.error).toBeInstanceOf(QuerentError)
    lab.findHost()
    await settle()
    expect(workspace).toMatchObject({ connection: 'open', error: null, lostSince: null })
  })

  it('deletes with undo', async () => {
    lab = storesOver()
    const workspace = useWorkspace()
    await workspace.load()
    const [sample] = workspace.projects
    await workspace.remove(sample)
    await settle()
    expect(workspace.projectById(sample.id)).toBeUndefined()
    useMessages().toasts.at(-1)?.action?.run()
    await settle()
    expect(workspace.projectById(sample.id)?.name).toBe(sample.name)
  })

  it('keeps the way back from a deletion when its message is gone', async () => {
    lab = storesOver()
    const workspace = useWorkspace()
    const messages = useMessages()
    await workspace.load()
    const [sample] = workspace.projects
    await workspace.archive(sample, true)
    expect(messages.lasting).toEqual([])
    await workspace.remove(sample)
    for (const { id } of messages.toasts) messages.close(id)
    expect(messages.lasting.map(({ title }) => title)).toEqual([`Deleted ${sample.name}`])
    messages.lasting[0].action?.run()
    await settle()
    expect(workspace.projectById(sample.id)?.name).toBe(sample.name)
    expect(messages.lasting).toEqual([])
  })

  it('offers interrupted experiments until declined', async () => {
    lab = storesOver({ with: 'interrupted' })
    const workspace = useWorkspace()
    await workspace.load()
    expect(workspace.interrupted).toHaveLength(1)
    workspace.decline(workspace.interrupted[0].id)
    expect(workspace.interrupted).toHaveLength(0)
  })

  it('turns a refused command into a message with its details', async () => {
    lab = storesOver()
    const messages = useMessages()
    lab.failNext('settings.set', new QuerentError('not-writable', 'the settings could not be written', { file: 'settings.json' }))
    await messages.attempt('The setting could not be kept', () => useWorkspace().change({ theme: 'dark' }))
    expect(messages.toasts.at(-1)).toMatchObject({ tone: 'bad', title: 'The setting could not be kept' })
    expect(messages.toasts.at(-1)?.text).toContain('settings.json')
  })
})

describe('experiment', () => {
  async function running(): Promise<ReturnType<typeof useExperiment>> {
    lab = storesOver({ with: 'nothing' })
    const experiment = useExperiment()
    const started = await experiment.start('project-1')
    await experiment.open(started!.id)
    return experiment
  }

  it('follows batches and opens again after a gap', async () => {
    const experiment = await running()
    lab?.step(50)
    const seen = experiment.live
    expect(seen?.batch).toBe(1)
    lab?.dropBatch(50)
    lab?.step(50)
    await settle()
    expect(experiment.live?.batch).toBe(3)
    const snapshot = await lab!.call('experiment.open', { experiment: experiment.id! })
    for (const run of snapshot.runs) expect(experiment.live?.runs.get(run.hash)).toEqual(run.state)
  })

  it('asks before a study starts programs, and remembers the answer', async () => {
    lab = storesOver({ with: 'nothing' })
    const [experiment, consent] = [useExperiment(), useProgramConsent()]
    const yaml =
      'study: s\ndataset: digits\nprotocol: { seeds: 1, rounds: 2 }\nstrategies: [random, { id: external, command: [python3, my.py] }]\n'
    const { id } = await lab.call('project.create', { from: { yaml } })
    const refused = experiment.start(id)
    await settle()
    expect(consent.asked).toEqual([['python3', 'my.py']])
    consent.answer(false)
    expect(await refused).toBeUndefined()
    const allowed = experiment.start(id)
    await settle()
    consent.answer(true)
    expect(await allowed).toMatchObject({ project: id, state: 'running' })
    expect(consent.asked).toBeNull()
    expect(await lab.call('programs.list', { project: id })).toEqual([{ command: ['python3', 'my.py'], confirmed: true }])
  })

  it('keeps batches that arrive while it opens', async () => {
    lab = storesOver({ with: 'nothing' })
    const experiment = useExperiment()
    const started = await experiment.start('project-1')
    const opening = experiment.open(started!.id)
    lab.step(40)
    await opening
    lab.step(40)
    expect(experiment.live?.batch).toBe(2)
    expect([...(experiment.live?.runs.values() ?? [])].filter(({ status }) => status === 'running')).toHaveLength(2)
  })

  it('pauses, resumes and cancels', async () => {
    const experiment = await running()
    lab?.step(20)
    await experiment.control('pause')
    expect(experiment.summary?.state).toBe('paused')
    await experiment.control('resume')
    await experiment.control('cancel')
    expect(experiment.summary?.state).toBe('cancelled')
    expect(experiment.isLive).toBe(false)
  })

  it('says what went wrong when it cannot be opened', async () => {
    lab = storesOver({ with: 'nothing' })
    const experiment = useExperiment()
    await experiment.open('nowhere')
    expect(experiment.error).toMatchObject({ code: 'not-found' })
  })
})

describe('study', () => {
  async function opened(): Promise<ReturnType<typeof useStudy>> {
    lab = storesOver()
    const study = useStudy()
    await study.open('project-2')
    return study
  }

  it('edits, undoes, saves', async () => {
    const study = await opened()
    expect(study).toMatchObject({ dirty: false, valid: true })
    study.edit((text) => text.replace('seeds: 6', 'seeds: 8'))
    expect(study.checked.study?.protocol.seeds).toBe(8)
    expect(study.dirty).toBe(true)
    study.undo()
    expect(study.dirty).toBe(false)
    study.redo()
    expect(await study.save()).toBe(true)
    expect(study.dirty).toBe(false)
    expect((await lab!.call('study.get', { project: 'project-2' })).yaml).toContain('seeds: 8')
  })

  it('finds errors at once and asks the lab for the plan', async () => {
    vi.useFakeTimers()
    try {
      lab = storesOver()
      const study = useStudy()
      const opening = study.open('project-2')
      await vi.advanceTimersByTimeAsync(10)
      await opening
      await vi.advanceTimersByTimeAsync(400)
      expect(study.plan?.runs).toBe(48)
      expect(study.findings.some(({ path }) => path === 'protocol.seeds')).toBe(true)
      study.edit((text) => text.replace('score: entropy-gradnorm', 'score: entropi'))
      expect(study.valid).toBe(false)
      expect(study.findings[0]).toMatchObject({ severity: 'error', path: 'strategies[2].score', nearest: 'entropy' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps edits when another window saved first, and takes that version over on request', async () => {
    const study = await opened()
    study.edit((text) => text.replace('seeds: 6', 'seeds: 8'))
    await lab!.call('study.save', { project: 'project-2', yaml: 'study: theirs\ndataset: wine\nstrategies: [random]\n', revision: 1 })
    expect(await study.save()).toBe(false)
    expect(study.text).toContain('seeds: 8')
    useMessages().toasts.at(-1)?.action?.run()
    await settle()
    expect(study.text).toContain('theirs')
    study.undo()
    expect(study.text).toContain('seeds: 8')
  })

  it('keeps the draft of a project while another is open', async () => {
    const study = await opened()
    study.edit((text) => text.replace('seeds: 6', 'seeds: 9'))
    await study.open('project-1')
    expect(study.text).not.toContain('seeds: 9')
    await study.open('project-2')
    expect(study).toMatchObject({ dirty: true })
    expect(study.text).toContain('seeds: 9')
  })

  it('finds unsaved text again after a reload of the window, and forgets it once saved', async () => {
    const study = await opened()
    study.edit((text) => text.replace('seeds: 6', 'seeds: 9'))
    const again = await opened()
    expect(again).toMatchObject({ dirty: true, canUndo: true })
    expect(again.text).toContain('seeds: 9')
    again.undo()
    expect(again.dirty).toBe(false)
    expect((await opened()).canUndo).toBe(false)
  })

  it('shows broken YAML with its line and cannot be edited by form then', async () => {
    const study = await opened()
    study.write('study: [\n')
    expect(study.source.findings[0]).toMatchObject({ code: 'broken-yaml', line: expect.any(Number) as number })
    study.edit(() => {
      throw new QuerentError('bad-input', 'the study cannot be edited before its YAML is mended')
    })
    expect(useMessages().toasts.at(-1)?.tone).toBe('bad')
  })
})
