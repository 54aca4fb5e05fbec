// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import DataPage from '@/features/data/DataPage.vue'
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

  it('says when nothing fits', async () => {
    mounted = await mountWith(DataPage, { path: '/data?filter=nowhere' })
    expect(mounted.wrapper.text()).toContain('Nothing in the library holds “nowhere”.')
  })
})
