// @vitest-environment jsdom
import { afterEach, expect, it, vi } from 'vitest'
import type { DatasetInfo } from '@contract/types'
import UseTab from '@/features/data/UseTab.vue'
import { QuerentError } from '@engine/core/errors'
import { mountWith, type Mounted } from './workbench'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
})

const setOf = (bytes: number): DatasetInfo => ({
  id: 'wide',
  title: 'Wide',
  kind: 'vector',
  rows: 1000,
  testRows: 0,
  classes: 2,
  shape: [16],
  bytes,
  source: 'X.npy',
  licence: '',
  sha256: 'a'.repeat(64),
  available: true,
  imported: true,
})
const clicks = vi.spyOn(HTMLAnchorElement.prototype, 'click')

it('saves sets of any size, shows how far it is, and can be stopped', async () => {
  mounted = await mountWith(UseTab, { props: { set: setOf(1e10) } })
  const { wrapper, lab } = mounted
  const button = (text: string) => wrapper.findAll('button').find((each) => each.text() === text)
  let made: () => void = () => undefined
  const stopped: string[] = []
  const call = lab.call.bind(lab)
  vi.spyOn(lab, 'call').mockImplementation(async (command, input) => {
    const { task } = input as { task: string }
    if (command === 'datasets.stop') stopped.push(task)
    const answer = await call(command, input)
    if (command === 'datasets.save') {
      await new Promise<void>((resolve) => (made = resolve))
      if (stopped.includes(task)) throw new QuerentError('cancelled', 'saving was stopped; there is no file')
    }
    return answer
  })
  clicks.mockImplementation(() => undefined)
  await button('Save as CSV')!.trigger('click')
  await vi.waitFor(() => expect(wrapper.find('[role="progressbar"]').attributes('aria-valuenow')).toBe('50'))
  expect(button('Save as .npz')!.attributes('disabled')).toBeDefined()
  made()
  await vi.waitFor(() => expect(clicks).toHaveBeenCalledOnce())
  const [link] = clicks.mock.contexts as HTMLAnchorElement[]
  expect([new URL(link.href).pathname, link.download]).toEqual([`/saved/${'0'.repeat(64)}`, 'wide.csv'])
  await vi.waitFor(() => expect(button('Save as .npz')!.attributes('disabled')).toBeUndefined())

  await button('Save as .npz')!.trigger('click')
  await vi.waitFor(() => expect(button('Cancel')).toBeDefined())
  await button('Cancel')!.trigger('click')
  await vi.waitFor(() => expect(stopped).toHaveLength(1))
  made()
  await vi.waitFor(() => expect(button('Cancel')).toBeUndefined())
  expect(clicks).toHaveBeenCalledOnce()
})
