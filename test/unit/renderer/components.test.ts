// @vitest-environment jsdom
import type { VueWrapper } from '@vue/test-utils'
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import DesignPage from '@/features/design/DesignPage.vue'
import ExperimentGate from '@/features/frame/ExperimentGate.vue'
import ReadOnlyTag from '@/features/frame/ReadOnlyTag.vue'
import RunTable from '@/features/runs/RunTable.vue'
import ProjectsPage from '@/features/projects/ProjectsPage.vue'
import QueueBar from '@/features/frame/QueueBar.vue'
import NumberField from '@/ui/NumberField.vue'
import { useExperiment } from '@/state/experiment'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'
import { mountWith, settle, type Mounted } from './workbench'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
  localStorage.clear()
})

const byText = (wrapper: VueWrapper, selector: string, text: string) => {
  const found = wrapper.findAll(selector).find((element) => element.text().startsWith(text))
  if (!found) throw new Error(`no ${selector} says "${text}"`)
  return found
}

describe('number field', () => {
  const field = (props: Record<string, unknown>) => mount(NumberField, { props: { label: 'Seeds', modelValue: 5, ...props } })

  it('commits what it can read and keeps the rest to itself', async () => {
    const wrapper = field({ integer: true, min: 1 })
    const input = wrapper.get('input')
    await input.setValue('0')
    expect(wrapper.text()).toBe('at least 1')
    expect(input.attributes('aria-invalid')).toBe('true')
    await input.setValue('1.5')
    expect(wrapper.text()).toBe('a whole number is needed')
    await input.setValue('')
    expect(wrapper.text()).toBe('a number is needed')
    expect(wrapper.emitted('update:modelValue')).toBeUndefined()
    await input.setValue('12')
    expect(wrapper.emitted('update:modelValue')).toEqual([[12]])
  })

  it('steps whole numbers by arrow keys within bounds', async () => {
    const wrapper = field({ integer: true, min: 1, max: 12 })
    await wrapper.get('input').trigger('keydown', { key: 'ArrowUp', shiftKey: true })
    expect(wrapper.emitted('update:modelValue')).toEqual([[12]])
  })

  it('is empty where nothing may be given', async () => {
    const wrapper = field({ modelValue: null, optional: true })
    expect(wrapper.get('input').element.value).toBe('')
    await wrapper.get('input').setValue('0.2')
    await wrapper.setProps({ modelValue: 0.2 })
    await wrapper.get('input').setValue('')
    expect(wrapper.emitted('update:modelValue')).toEqual([[0.2], [null]])
  })
})

describe('results on the page', () => {
  it('name the factors whose levels the rows show', async () => {
    const factors = ['training.weightStart', 'strategies.acq.score']
    mounted = await mountWith(RunTable, { props: { rows: [], looks: new Map(), factors, chosen: '' } })
    expect(mounted.wrapper.findAll('th').map((cell) => cell.text())).toContain('Weights, Acquisition score')
  })

  it('say when they are only looked at', async () => {
    mounted = await mountWith(ReadOnlyTag)
    const { wrapper } = mounted
    const experiment = useExperiment()
    await experiment.loadList('project-2')
    await experiment.open(experiment.list[0].id)
    expect(wrapper.text()).toBe('')
    const { snapshot } = experiment.live!
    experiment.live = { ...experiment.live!, snapshot: { ...snapshot, summary: { ...snapshot.summary, readOnly: true } } }
    await settle()
    expect(wrapper.text()).toBe('read only')
  })

  it('say what to do when their folder is gone', async () => {
    mounted = await mountWith(ExperimentGate, { path: '/compare/project-2/experiment-4', props: { project: null, what: 'compare' } })
    const { wrapper, lab } = mounted
    const experiment = useExperiment()
    await useWorkspace().load()
    await experiment.loadList('project-2')
    const [{ id, folder }] = experiment.list
    expect(id).toBe('experiment-4')
    await wrapper.setProps({ project: useWorkspace().projectById('project-2') })
    lab.failNext('experiment.open', new QuerentError('not-found', 'no such file or folder'))
    await experiment.open(id)
    await settle()
    expect(wrapper.text()).toContain('The result folder is gone')
    expect(wrapper.text()).toContain(folder)
    await byText(wrapper, 'button', 'Try again').trigger('click')
    await settle()
    expect(wrapper.text()).toBe('')
    expect(experiment.id).toBe(id)
  })
})

describe('design page', () => {
  async function design(): Promise<VueWrapper> {
    mounted = await mountWith(DesignPage, { path: '/design/project-2', lab: { with: 'nothing' } })
    const workspace = useWorkspace()
    await workspace.load()
    await settle()
    return mounted.wrapper
  }

  it('makes chips into factors and back', async () => {
    const wrapper = await design()
    const study = useStudy()
    const weights = wrapper.get('[data-path="ablate.training.weightStart"]')
    expect(weights.findAll('[aria-pressed="true"]').map((chip) => chip.text())).toEqual(['cold', 'warm'])
    await weights.findAll('.chip')[0].trigger('click')
    expect(study.checked.study).toMatchObject({
      training: { weightStart: 'carry' },
      ablate: { 'strategies.acq.score': ['entropy-gradnorm', 'entropy'] },
    })
    expect(Object.keys(study.checked.study?.ablate ?? {})).toEqual(['strategies.acq.score'])
    const start = wrapper.get('[data-path="ablate.protocol.dataStart"]')
    await start.findAll('.chip')[1].trigger('click')
    expect(study.checked.study?.ablate['protocol.dataStart']).toEqual(['seeded', 'empty'])
    study.undo()
    study.undo()
    expect(study.dirty).toBe(false)
  })

  it('writes fields into the text and shows what is wrong with them', async () => {
    const wrapper = await design()
    const study = useStudy()
    const seeds = wrapper.get<HTMLInputElement>('[data-path="protocol.seeds"] input')
    await seeds.setValue('8')
    expect(study.text).toContain('seeds: 8             # six pairs give a p-value')
    study.write(study.text.replace('initial: 20', 'initial: many'))
    await settle()
    expect(wrapper.get('[data-path="protocol.initial"] input').attributes('aria-invalid')).toBe('true')
    expect(byText(wrapper, 'button', 'Run').attributes('disabled')).toBeDefined()
  })

  it('renames and removes strategies with their factors', async () => {
    const wrapper = await design()
    const study = useStudy()
    await wrapper.get('[data-path="strategies[2]"] .open').trigger('click')
    const name = wrapper.get<HTMLInputElement>('input[aria-label="Name of the strategy"]')
    await name.setValue('badge')
    expect(wrapper.text()).toContain('another strategy has this name')
    await name.setValue('norm')
    expect(study.checked.study?.ablate).toHaveProperty(['strategies.norm.score'])
    expect(wrapper.get('[data-path="strategies[2]"]').text()).toContain('norm')
  })

  it('lays out the grid at once', async () => {
    const wrapper = await design()
    expect(wrapper.findAll('.grid tbody tr')).toHaveLength(4)
    useStudy().edit((text) => text.replace('  - badge\n', ''))
    await settle()
    expect(wrapper.findAll('.grid tbody tr')).toHaveLength(3)
  })

  it('explains a text that cannot be read and leads to it', async () => {
    const wrapper = await design()
    useStudy().write('study: [\n')
    await settle()
    expect(wrapper.text()).toContain('The YAML cannot be read')
    await byText(wrapper, 'button', 'Open the YAML').trigger('click')
    await settle()
    expect(wrapper.find('textarea').exists()).toBe(true)
  })
})

describe('projects page', () => {
  it('lists projects with their strategies and filters recipes', async () => {
    mounted = await mountWith(ProjectsPage)
    await useWorkspace().load()
    await settle()
    const { wrapper } = mounted
    expect(wrapper.findAll('section[aria-label="Recent"] tbody tr')).toHaveLength(2)
    expect(wrapper.findAll('svg[role="img"][aria-label="margin"]')).toHaveLength(1)
    await wrapper.get('input[aria-label="Filter recipes"]').setValue('gradient')
    await settle()
    expect(wrapper.findAll('section[aria-label="New from recipe"] tbody tr')).toHaveLength(1)
  })

  it('says what to do when there is nothing', async () => {
    mounted = await mountWith(ProjectsPage, { lab: { projects: false } })
    await useWorkspace().load()
    await settle()
    expect(mounted.wrapper.text()).toContain('No project yet')
  })
})

describe('queue bar', () => {
  it('follows the queue', async () => {
    mounted = await mountWith(QueueBar, { lab: { with: 'nothing' } })
    const { lab, wrapper } = mounted
    await useWorkspace().load()
    await settle()
    expect(wrapper.text()).toContain('Queue empty')
    await lab.call('experiment.start', { project: 'project-1' })
    lab.step(200)
    await settle()
    expect(wrapper.text()).toContain('/ 40 runs')
    await wrapper.get('[aria-label="Pause the queue"]').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('paused')
    await wrapper.get('[aria-label="Stop the queue"]').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('Queue empty')
  })
})
