// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import DataPage from '@/features/data/DataPage.vue'
import { useImports } from '@/state/imports'
import { useLibrary } from '@/state/library'
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

  it('says when nothing fits', async () => {
    mounted = await mountWith(DataPage, { path: '/data?filter=nowhere' })
    expect(mounted.wrapper.text()).toContain('Nothing in the library holds “nowhere”.')
  })
})
