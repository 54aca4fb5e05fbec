// @vitest-environment jsdom
import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CommandName } from '@contract/commands'
import { QuerentError } from '@engine/core/errors'
import App from '@/App.vue'
import ExperimentGate from '@/features/frame/ExperimentGate.vue'
import { useExperiment } from '@/state/experiment'
import { useLibrary } from '@/state/library'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'
import LoadingRows from '@/ui/LoadingRows.vue'
import { mountWith, settle, type Mounted } from './workbench'

beforeAll(() => {
  // What the frame asks of a browser and jsdom lacks.
  window.matchMedia ??= ((query: string) => Object.assign(new EventTarget(), { matches: false, media: query })) as typeof window.matchMedia
  globalThis.ResizeObserver ??= class {
    observe(): void {}
    unobserve(): void {}
    disconnect(): void {}
  }
})

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
  document.body.innerHTML = ''
  localStorage.clear()
  sessionStorage.clear()
})

type Given = NonNullable<Parameters<typeof mountWith>[1]>
/** The whole workbench at a page. */
async function open(path: string, given: Omit<Given, 'path'> = {}): Promise<VueWrapper> {
  const lab = { with: /\/project-1/.test(path) ? 'interrupted' : 'nothing' } as const
  mounted = await mountWith(App, { path, lab, ...given })
  await settle(20)
  return mounted.wrapper
}
const main = (wrapper: VueWrapper): string => wrapper.get('main').text()
const buttons = (wrapper: VueWrapper): string[] => wrapper.findAll('main button').map((button) => button.text())
const press = async (wrapper: VueWrapper, name: string): Promise<void> => {
  const found = wrapper.findAll('button').find((button) => button.text() === name)
  if (!found) throw new Error(`no button says "${name}"`)
  await found.trigger('click')
  await settle(20)
}
const trouble = new QuerentError('not-writable', 'the folder cannot be read', { file: 'here.json' })

describe('a page with nothing to show says what it is for and the one next step', () => {
  it.each([
    ['/projects', 'No project yet', 'New project'],
    ['/design', 'No project is open', 'Open Projects'],
    ['/runs', 'No project is open', 'Open Projects'],
    ['/compare', 'No project is open', 'Open Projects'],
    ['/explore', 'No project is open', 'Open Projects'],
    ['/export', 'No project is open', 'Open Projects'],
  ])('%s without a project', async (path, title, action) => {
    const wrapper = await open(path, { lab: { projects: false } })
    expect(main(wrapper)).toContain(title)
    expect(buttons(wrapper)).toContain(action)
  })

  it.each([
    ['/runs/project-1', 'Nothing has run yet'],
    ['/compare/project-1', 'Nothing to compare yet'],
    ['/explore/project-1', 'Nothing to explore yet'],
    ['/export/project-1', 'Nothing to export yet'],
  ])('%s without an experiment', async (path, title) => {
    const wrapper = await open(path, { lab: { with: 'nothing' } })
    expect(main(wrapper)).toContain(title)
    expect(buttons(wrapper).some((text) => text.startsWith('Run the study'))).toBe(true)
  })

  it('/data without a data set', async () => {
    const wrapper = await open('/data')
    useLibrary().datasets = []
    await settle()
    expect(main(wrapper)).toContain('No data set yet')
    expect(buttons(wrapper).filter((text) => text === 'Import files')).toHaveLength(2)
  })
})

const slow: readonly (readonly [path: string, command: CommandName, says: string])[] = [
  ['/projects', 'workspace.get', 'Loading the workspace'],
  ['/projects', 'recipes.list', 'Loading the recipes'],
  ['/data', 'datasets.list', 'Loading the data library'],
  ['/design/project-2', 'study.get', 'Loading the study'],
  ['/runs/project-1', 'experiment.open', 'Loading the runs'],
  ['/compare/project-1', 'experiment.open', 'Loading the results'],
  ['/explore/project-1', 'experiment.open', 'Loading the results'],
  ['/export/project-1', 'experiment.open', 'Loading the results'],
  ['/settings', 'doctor.run', 'Examining the machine'],
]
describe('a page that waits says so', () => {
  it.each(slow)('%s for %s', async (path, command, says) => {
    const wrapper = await open(path, { prepare: (lab) => void lab.hold(command) })
    expect(wrapper.find(`[aria-busy="true"][aria-label="${says}"]`).exists()).toBe(true)
  })

  it('and shows its shape, not at once', async () => {
    vi.useFakeTimers()
    try {
      const wrapper = mount(LoadingRows, { props: { label: 'Loading', rows: 3 } })
      await vi.advanceTimersByTimeAsync(140)
      expect(wrapper.findAll('.bones')).toHaveLength(0)
      await vi.advanceTimersByTimeAsync(20)
      expect(wrapper.findAll('.bones')).toHaveLength(3)
    } finally {
      vi.useRealTimers()
    }
  })
})

const failing: readonly (readonly [path: string, command: CommandName, says: string])[] = [
  ['/projects', 'workspace.get', 'The workspace could not be read'],
  ['/projects', 'recipes.list', 'The recipes could not be read'],
  ['/data', 'datasets.list', 'The data library could not be read'],
  ['/data?set=digits', 'datasets.facts', 'The data set could not be read'],
  ['/design/project-2', 'study.get', 'The study could not be read'],
  ['/runs/project-1', 'experiment.list', 'The experiments of this project could not be listed'],
  ['/runs/project-1', 'experiment.open', 'The experiment could not be opened'],
  ['/compare/project-1', 'experiment.open', 'The experiment could not be opened'],
  ['/explore/project-1', 'experiment.open', 'The experiment could not be opened'],
  ['/export/project-1', 'experiment.open', 'The experiment could not be opened'],
  ['/settings', 'doctor.run', 'The machine could not be examined'],
  ['/settings', 'storage.get', 'The sizes could not be read'],
]
describe('a page that failed says what, where and what next', () => {
  it.each(failing)('%s by %s', async (path, command, says) => {
    const wrapper = await open(path, { prepare: (lab) => lab.failNext(command, trouble) })
    const alert = wrapper.findAll('main [role="alert"]').find((each) => each.text().includes(says))
    expect(alert?.text()).toContain('the folder cannot be read')
    expect(alert?.text()).toContain('here.json')
    expect(alert?.findAll('button').map((button) => button.text())).toEqual(['Try again', 'Copy details'])
  })

  it.each(['/projects', '/data', '/design/project-2', '/settings'])('%s is whole after another try', async (path) => {
    const [, command] = failing.find(([other, name]) => other === path && name !== 'workspace.get')!
    const wrapper = await open(path, { prepare: (lab) => lab.failNext(command, trouble) })
    await press(wrapper, 'Try again')
    expect(wrapper.findAll('main [role="alert"]')).toHaveLength(0)
  })
})

describe('a lost host', () => {
  const lost = 'The host does not answer.'

  it.each(['/projects', '/data', '/design/project-2', '/runs', '/compare', '/explore', '/export', '/settings'])(
    '%s says so, stays, and goes on when it is back',
    async (path) => {
      const wrapper = await open(path, { lab: { with: 'nothing' } })
      // The plan, which waits for typing to end, is no part of what the host leaves behind.
      if (path.startsWith('/design')) await vi.waitFor(() => expect(useStudy().plan).not.toBeNull())
      await settle()
      const before = main(wrapper)
      mounted!.lab.loseHost()
      await settle()
      expect(main(wrapper)).toContain(lost)
      expect(main(wrapper)).toContain(before)
      mounted!.lab.findHost()
      await settle(20)
      expect(main(wrapper)).not.toContain(lost)
    },
  )

  it.each([
    ['/projects', 'recipes.list', 'gradient-norm-vs-entropy'],
    ['/data', 'datasets.list', 'digits'],
    ['/design/project-2', 'study.get', 'Ablations'],
    ['/settings', 'doctor.run', 'ONNX'],
  ] as const)('%s gets what it was asked for meanwhile', async (path, command, text) => {
    // The call that the page makes first is the one that the lost host does not answer.
    const wrapper = await open(path, {
      prepare: (lab) => lab.failNext(command, new QuerentError('not-found', 'the workbench host cannot be reached')),
    })
    expect(main(wrapper)).toContain('cannot be reached')
    mounted!.lab.loseHost()
    await settle()
    mounted!.lab.findHost()
    await settle(20)
    expect(main(wrapper)).not.toContain('cannot be reached')
    expect(main(wrapper)).toContain(text)
  })

  it('gives the experiment asked for meanwhile', async () => {
    mounted = await mountWith(ExperimentGate, { path: '/runs/project-2/experiment-4', props: { project: null, what: 'runs' } })
    const { wrapper, lab } = mounted
    const experiment = useExperiment()
    await useWorkspace().load()
    await experiment.loadList('project-2')
    await wrapper.setProps({ project: useWorkspace().projectById('project-2') })
    lab.loseHost()
    await experiment.open('experiment-4')
    await settle()
    expect(wrapper.text()).not.toContain('The result folder is gone')
    lab.findHost()
    await settle(20)
    expect(experiment.id).toBe('experiment-4')
    expect(wrapper.text()).toBe('')
  })

  it('keeps what is typed into the study, which is saved when it is back', async () => {
    const wrapper = await open('/design/project-2', { lab: { with: 'nothing' } })
    const { lab } = mounted!
    lab.loseHost()
    await wrapper.get('[data-path="protocol.seeds"] input').setValue('9')
    const study = useStudy()
    expect(await study.save()).toBe(false)
    expect(study.text).toContain('seeds: 9')
    lab.findHost()
    await settle(20)
    expect(study.text).toContain('seeds: 9')
    expect(await study.save()).toBe(true)
    expect((await lab.call('study.get', { project: 'project-2' })).yaml).toContain('seeds: 9')
  })
})
