// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ArrayRole, ImportMapping, ImportPreview } from '@contract/importing'
import { QuerentError } from '@engine/core/errors'
import DataPage from '@/features/data/DataPage.vue'
import { useImports } from '@/state/imports'
import { useLibrary } from '@/state/library'
import QSelect from '@/ui/QSelect.vue'
import { mountWith, settle, type Mounted } from './workbench'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
})

describe('data page', () => {
  it('shows that it loads, why it cannot, and the library after another try', async () => {
    mounted = await mountWith(DataPage, { path: '/data' })
    const { wrapper, lab } = mounted
    const library = useLibrary()
    expect(wrapper.text()).toContain('digits')

    library.datasets = null
    await settle()
    expect(wrapper.get('[aria-busy="true"]').attributes('aria-label')).toBe('Loading the data library')

    lab.failNext('datasets.list', new QuerentError('not-writable', 'the library folder cannot be read'))
    await library.refresh()
    await settle()
    expect(wrapper.get('[role="alert"]').text()).toContain('the library folder cannot be read')
    const again = wrapper.findAll('button').find((button) => button.text() === 'Try again')
    await again!.trigger('click')
    await settle()
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
    expect(wrapper.text()).toContain('digits')
  })

  it('imports once the id is mended, and after a failure', async () => {
    mounted = await mountWith(DataPage, { path: '/data' })
    const { wrapper, lab } = mounted
    await useImports().start([new File(['width\n1'], 'flowers.csv')])
    await settle()
    const button = () => wrapper.findAll('button').find((each) => each.text() === 'Import')!
    const id = wrapper.get('input[placeholder="flowers"]')
    for (const wrong of ['a b/../c', 'Flowers', 'x'.repeat(81)]) {
      await id.setValue(wrong)
      expect(id.attributes('aria-invalid')).toBe('true')
      expect(wrapper.text()).toContain('small letters, digits, - and _')
      expect(button().attributes('disabled')).toBeDefined()
    }
    await id.setValue('roses')
    lab.failNext('datasets.import', new QuerentError('not-writable', 'no room is left'))
    await button().trigger('click')
    await settle()
    expect(wrapper.get('[role="alert"]').text()).toContain('no room is left')
    await button().trigger('click')
    await settle()
    expect(useLibrary().datasets?.map((set) => set.id)).toContain('roses')
  })

  it('lets somebody say what arrays are, in the words of the window', async () => {
    const array = (name: string, role: ArrayRole | '') => ({ name, shape: [4, 20], type: 'float32', role })
    mounted = await mountWith(DataPage, { path: '/data' })
    const { wrapper, lab } = mounted
    const call = lab.call.bind(lab)
    const asked: ImportMapping[] = []
    vi.spyOn(lab, 'call').mockImplementation(async (command, input) => {
      const answer = await call(command, input)
      if (command !== 'datasets.preview') return answer
      const { mapping } = input as { mapping: ImportMapping }
      asked.push(mapping)
      const arrays = { ...(answer as ImportPreview), form: 'arrays', columns: [], kind: 'vector', valueNames: [] } as const
      const refusal = { code: 'bad-input', message: 'no array was found for the labels', details: { path: 'labels' } } as const
      if (mapping.labels === undefined)
        return {
          ...arrays,
          arrays: [array('X.npy', 'inputs'), array('t.npy', '')],
          shape: [],
          rows: [],
          refusal,
          mapping: { inputs: 'X.npy' },
        }
      const rows = [{ values: Array.from({ length: 20 }, (_, i) => i), label: '1', split: 'train', text: '' }]
      return { ...arrays, arrays: [array('X.npy', 'inputs'), array('t.npy', 'labels')], shape: [20], rows, mapping }
    })
    await useImports().start([new File(['x'], 'X.npy')])
    await settle()
    const button = () => wrapper.findAll('button').find((each) => each.text() === 'Import')!
    expect(wrapper.get('[role="alert"]').text()).toContain('Choose below which array is “labels”, or tick “rows may lack a label”')
    expect(button().attributes('disabled')).toBeDefined()
    const pickers = wrapper
      .findAllComponents(QSelect)
      .filter((each) => ['X.npy', 't.npy'].includes((each.props() as { label: string }).label))
    pickers[1].vm.$emit('update:modelValue', 'labels')
    await settle()
    expect(asked.at(-1)).toEqual({ inputs: 'X.npy', labels: 't.npy' })
    expect(wrapper.find('[role="alert"]').exists()).toBe(false)
    expect(button().attributes('disabled')).toBeUndefined()
    expect(wrapper.text()).toContain('first 8 of 20 values')
    useImports().close() // a window keeps what is being imported
  })

  it('says when nothing fits', async () => {
    mounted = await mountWith(DataPage, { path: '/data?filter=nowhere' })
    expect(mounted.wrapper.text()).toContain('Nothing in the library holds “nowhere”.')
  })
})
