// @vitest-environment jsdom
import { afterEach, expect, it } from 'vitest'
import type { DatasetInfo } from '@contract/types'
import UseTab from '@/features/data/UseTab.vue'
import { useWorkspace } from '@/state/workspace'
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
async function shown(bytes: number): Promise<{ readonly buttons: string[]; readonly text: string }> {
  mounted = await mountWith(UseTab, { props: { set: setOf(bytes) } })
  await useWorkspace().load()
  const { wrapper } = mounted
  return { buttons: wrapper.findAll('button').map((button) => button.text()), text: wrapper.text() }
}

it('offers the files that fit through a window, and for the others the command that writes them', async () => {
  const small = await shown(1e6)
  expect(small.buttons).toEqual(expect.arrayContaining(['Save as .npz', 'Save as CSV']))
  expect(small.text).not.toContain('querent datasets export')
  mounted?.wrapper.unmount()
  const middle = await shown(1e8)
  expect(middle.buttons).toContain('Save as .npz')
  expect(middle.buttons).not.toContain('Save as CSV')
  const { workspace } = (await mounted?.lab.call('app.info', {})) ?? { workspace: '' }
  expect(middle.text).toContain(`querent datasets export wide --workspace "${workspace}" --out wide.csv`)
  mounted?.wrapper.unmount()
  const large = await shown(1e9)
  expect(large.buttons.filter((text) => text.startsWith('Save as'))).toEqual([])
  expect(large.text).toContain('--out wide.npz')
})
