// @vitest-environment jsdom

import { afterEach, describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import DownloadList from '@/features/data/DownloadList.vue'
import StorageTable from '@/features/settings/StorageTable.vue'
import { mountWith, settle, type Mounted } from './workbench'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
  document.body.innerHTML = ''
})

const button = (name: string): HTMLButtonElement => {
  const all = [...document.querySelectorAll('button')]
  const found = all.find((each) => (each.getAttribute('aria-label') ?? each.textContent ?? '').trim() === name)
  if (!found)
    throw new Error(`no button "${name}" among ${all.map((each) => each.getAttribute('aria-label') ?? each.textContent).join(', ')}`)
  return found
}
const click = async (name: string): Promise<void> => {
  button(name).click()
  await settle()
}

describe('sets that can be downloaded', () => {
  const open = async (filter = ''): Promise<Mounted> => (mounted = await mountWith(DownloadList, { props: { filter } }))

  it('show licence, size and checksum before anything is fetched', async () => {
    const { wrapper } = await open()
    expect(wrapper.text()).toContain('cifar-10')
    expect(wrapper.text()).toContain('170 MB')
    expect(wrapper.text()).toContain('≈ 203 kB')
    await click('Download sms-spam…')
    const dialog = document.querySelector('[role=dialog]')?.textContent ?? ''
    for (const part of ['CC BY 4.0', 'about 203 kB', 'archive.ics.uci.edu', 'no checksum is published']) expect(dialog).toContain(part)
    await click('Cancel')
    expect(wrapper.find('[role=progressbar]').exists()).toBe(false)
  })

  it('download, pause, go on and leave the list', async () => {
    const { wrapper } = await open()
    await click('Download cifar-10…')
    await click('Download')
    expect(wrapper.text()).toContain('68 MB of 170 MB, 2.5 MB/s, 41 s left')
    expect(wrapper.find('[role=progressbar]').attributes('aria-valuenow')).toBe('40')
    await click('Pause cifar-10')
    expect(wrapper.text()).toContain('Paused at 68 MB of 170 MB')
    await click('Go on with cifar-10')
    expect(wrapper.text()).not.toContain('cifar-10')
  })

  it('are there as they are when the page comes back', async () => {
    const { wrapper } = await open()
    await click('Download cifar-10…')
    await click('Download')
    const { useDownloads } = await import('@/state/downloads')
    useDownloads().sets = null
    await useDownloads().refresh()
    await settle()
    expect(wrapper.text()).toContain('68 MB of 170 MB')
  })

  it('say why they failed and what to do', async () => {
    const { wrapper } = await open('sms')
    expect(wrapper.text()).not.toContain('cifar-10')
    await click('Download sms-spam…')
    await click('Download')
    await click('Pause sms-spam')
    await click('Go on with sms-spam')
    expect(wrapper.find('[role=alert]').text()).toMatch(/not there any more \(404\)\. .*name another place/)
    await click('Download sms-spam from elsewhere…')
    expect(document.querySelector('[role=dialog]')).not.toBeNull()
    await click('Cancel')
    await click('Cancel sms-spam')
    expect(button('Download sms-spam…')).toBeTruthy()
  })

  it('say when they cannot be listed', async () => {
    mounted = await mountWith(DownloadList, { props: { filter: '' } })
    mounted.lab.failNext('downloads.list', new QuerentError('internal', 'no list today'))
    const { useDownloads } = await import('@/state/downloads')
    await useDownloads().refresh()
    await settle()
    expect(mounted.wrapper.text()).toContain('no list today')
  })
})

describe('free space', () => {
  it('ticks what is unused; a used thing needs a second word', async () => {
    mounted = await mountWith(StorageTable)
    await click('Free space…')
    expect(button('Delete').disabled).toBe(true)
    await click('Choose what is unused')
    await click('Delete 1.2 GB')
    const dialog = (): string => document.querySelector('[role=dialog]')?.textContent ?? ''
    expect(dialog()).not.toContain('stl-10')
    document.querySelector<HTMLInputElement>('[aria-label="Delete Flowers of 1936"]')?.click()
    await settle()
    expect(dialog()).toContain('gradnorm-ablation cannot run without')
    expect(button('Delete 45 MB').disabled).toBe(true)
    document.querySelector<HTMLInputElement>('[role=dialog] label input')?.click()
    await settle()
    await click('Delete 45 MB')
    expect(dialog()).toContain('Nothing here takes room')
  })

  it('keeps the limit and says when it is passed', async () => {
    mounted = await mountWith(StorageTable)
    const field = mounted.wrapper.find('input')
    await field.setValue('0.5')
    await field.trigger('blur')
    await settle()
    expect(await mounted.lab.call('settings.get', {})).toMatchObject({ roomLimitGb: 0.5 })
    expect(mounted.wrapper.text()).toContain('more than the limit')
  })
})
