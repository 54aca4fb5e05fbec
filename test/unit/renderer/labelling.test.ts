// @vitest-environment jsdom
import type { VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { DatasetFacts, DatasetInfo } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import LabelTab from '@/features/labelling/LabelTab.vue'
import { mountWith, settle, type Mounted } from './workbench'

const set: DatasetInfo = {
  id: 'letter',
  title: 'Letter',
  kind: 'tabular',
  rows: 60,
  testRows: 0,
  classes: 0,
  shape: [16],
  bytes: 3840,
  source: 'X.npy',
  licence: '',
  sha256: 'a'.repeat(64),
  available: true,
  imported: true,
  unlabeled: 60,
}
const facts: DatasetFacts = { classNames: [], train: [], test: [], unlabeled: 60, missing: 0, origin: null, splits: [] }

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
})

const button = (wrapper: VueWrapper, text: string) => {
  const found = wrapper.findAll('button').find((each) => each.text() === text)
  if (!found) throw new Error(`no button says "${text}"`)
  return found
}
async function tab(): Promise<VueWrapper> {
  mounted = await mountWith(LabelTab, { path: '/data?set=letter&tab=label', props: { set, facts }, lab: { with: 'nothing' } })
  return mounted.wrapper
}
async function started(): Promise<VueWrapper> {
  const wrapper = await tab()
  await wrapper.get('input[placeholder="cat, dog, horse"]').setValue('cat, dog')
  await button(wrapper, 'Start').trigger('click')
  await settle()
  return wrapper
}

describe('the label tab', () => {
  it('asks for classes before it starts a session on rows without any label', async () => {
    const wrapper = await tab()
    expect(wrapper.text()).toContain('No row has a label yet')
    expect(button(wrapper, 'Start').attributes('disabled')).toBeDefined()
    await wrapper.get('input[placeholder="cat, dog, horse"]').setValue('cat')
    expect(wrapper.text()).toContain('name at least two classes')
    await wrapper.get('input[placeholder="cat, dog, horse"]').setValue('cat, dog')
    await button(wrapper, 'Start').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('0 of 60 rows labelled, 0 asked for and waiting')
    expect(await mounted?.lab.call('labelling.list', { dataset: 'letter' })).toMatchObject([{ dataset: 'letter', classes: ['cat', 'dog'] }])
  })

  it('chooses a batch, takes labels in, says what was learned, and takes the last step back', async () => {
    const wrapper = await started()
    await wrapper.get('input[aria-label="Rows of the next batch"]').setValue('4')
    await button(wrapper, 'Choose next batch').trigger('click')
    await settle()
    await settle() // the samples follow the rows
    expect(wrapper.findAll('.rows tbody tr')).toHaveLength(4)
    expect(wrapper.findAll('.rows [role="img"], .rows dl').length).toBeGreaterThan(0)
    expect(wrapper.text()).toContain('by random, chosen before there was any label')
    const [{ id }] = (await mounted?.lab.call('labelling.list', {})) ?? []
    // Another window, or the same one before a reload: what happens there is seen here.
    await mounted?.lab.call('labelling.import', { session: id, files: { paths: ['/labels.csv'] }, relabel: false, addClasses: false })
    await settle()
    expect(wrapper.text()).toContain('4 of 60 rows labelled, 0 asked for')
    await button(wrapper, 'Choose next batch').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('by margin, after training on 4 labels; accuracy 75.0 % on 20 labelled rows of the test array')
    const history = () => wrapper.findAll('.history li').map((entry) => entry.text().slice(17))
    expect(history()).toEqual([
      '0 labels from letter',
      'asked for 4 rows (random)',
      '4 labels from labels.csv',
      'asked for 4 rows (margin)',
    ])
    await button(wrapper, 'Undo').trigger('click')
    await settle()
    expect(history().slice(3)).toEqual(['asked for 4 rows (margin) (taken back)', 'took back'])
    expect(wrapper.text()).toContain('4 of 60 rows labelled, 0 asked for')
  })

  it('is as it was after a reload, and says why a step failed', async () => {
    const wrapper = await started()
    await button(wrapper, 'Choose next batch').trigger('click')
    await settle()
    mounted?.lab.failNext('labelling.undo', new QuerentError('locked', 'this labelling session is in use by process 7'))
    await button(wrapper, 'Undo').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('Nothing was changed')
    expect(wrapper.text()).toContain('in use by process 7')
    expect(wrapper.findAll('.rows tbody tr')).toHaveLength(20)
  })

  it('keeps several sessions apart, and brings a removed one back', async () => {
    const wrapper = await started()
    await button(wrapper, 'New session').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('Choose what to label next')
    await button(wrapper, 'Cancel').trigger('click')
    await settle()
    await wrapper.get('button[aria-label="Remove this session"]').trigger('click')
    await settle()
    expect(wrapper.text()).toContain('No row has a label yet')
    expect(await mounted?.lab.call('labelling.list', {})).toEqual([])
  })

  it('follows what other windows start and remove', async () => {
    const wrapper = await tab()
    const other = { dataset: 'letter', yaml: 'strategies: [random]\n', classes: ['cat', 'dog'] }
    const { id } = (await mounted?.lab.call('labelling.start', other)) ?? { id: '' }
    await settle()
    expect(wrapper.text()).toContain('0 of 60 rows labelled')
    await mounted?.lab.call('labelling.remove', { session: id })
    await settle()
    expect(button(wrapper, 'Start').exists()).toBe(true)
    await mounted?.lab.call('labelling.restore', { session: id })
    await settle()
    expect(wrapper.text()).toContain('0 of 60 rows labelled')
  })
})
