// @vitest-environment jsdom
import { afterEach, describe, expect, it } from 'vitest'
import FeatureSection from '@/features/data/FeatureSection.vue'
import { draftOf, networksFor, readDraft } from '@/features/data/extractionDraft'
import { libraryData } from '../../support/memoryContent'
import { memoryNetworks } from '../../support/memoryExtractions'
import { mountWith, settle, type Mounted } from './workbench'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  mounted?.lab.dispose()
  document.body.innerHTML = ''
})

const click = async (name: string): Promise<void> => {
  const all = [...document.querySelectorAll('button')]
  const found = all.find((each) => (each.getAttribute('aria-label') ?? each.textContent ?? '').trim() === name)
  if (!found) throw new Error(`no button "${name}" among ${all.map((each) => each.textContent).join(', ')}`)
  found.click()
  await settle()
}
const type = async (field: string, text: string): Promise<void> => {
  const input = document.querySelector<HTMLInputElement>(`#extract-${field}`)
  if (!input) throw new Error(`no field ${field}`)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await settle()
}
const problem = (field: string): string => document.querySelector(`#extract-${field}-problem`)?.textContent ?? ''

describe('the form of an extraction', () => {
  const draft = { network: 'dinov2-small', name: '', size: '', mean: '', std: '' }

  it('leaves what is empty to the network and reads the rest', () => {
    expect(readDraft(draft, [])).toEqual({ inputs: {}, problems: {} })
    expect(readDraft({ ...draft, name: ' dino ', size: '32,48', mean: '0, 0.5,1', std: '.5' }, [])).toEqual({
      inputs: { name: 'dino', size: [32, 48], mean: [0, 0.5, 1], std: [0.5] },
      problems: {},
    })
  })

  it.each([
    ['size', '224'],
    ['size', '224, 0'],
    ['size', '1.5, 2'],
    ['size', '224,, 224'],
    ['mean', '0.5, x'],
    ['mean', '1,'],
    ['std', '0'],
    ['std', '0.5, -1'],
    ['name', 'a/b'],
    ['name', 'net.onnx'],
    ['name', 'n'.repeat(121)],
  ] as const)('says at %s what is wrong with "%s"', (field, text) => {
    const { inputs, problems } = readDraft({ ...draft, [field]: text }, [])
    expect(Object.keys(problems)).toEqual([field])
    expect(inputs).toEqual({})
  })

  it('asks for one .onnx file, unless it has one from before', () => {
    const file = { ...draft, network: '' }
    expect(readDraft(file, []).problems.network).toBe('Choose an .onnx file.')
    expect(readDraft(file, ['a.pt']).problems.network).toContain('a.pt')
    expect(readDraft(file, ['a.onnx', 'b.onnx']).problems.network).toContain('One .onnx file')
    expect(readDraft(file, ['a.ONNX', 'tokenizer.json']).problems).toEqual({})
    expect(readDraft(file, null).problems).toEqual({})
  })

  it('offers networks that read what the data set holds, and begins again with what was asked', () => {
    expect(networksFor({ kind: 'image' }, memoryNetworks).map(({ id }) => id)).toEqual(['dinov2-small'])
    expect(networksFor({ kind: 'text' }, memoryNetworks).map(({ id }) => id)).toEqual(['all-minilm-l6-v2'])
    expect(networksFor({ kind: 'series' }, memoryNetworks)).toEqual([])
    expect(draftOf([])).toMatchObject({ network: '' })
    const request = { dataset: 'digits', network: { preset: 'dinov2-small' }, size: [32, 32], mean: [0.5] } satisfies Parameters<
      typeof draftOf
    >[1]
    expect(draftOf([], request)).toEqual({ network: 'dinov2-small', name: '', size: '32, 32', mean: '0.5', std: '' })
  })
})

describe('features of a data set', () => {
  const open = async (): Promise<Mounted> => (mounted = await mountWith(FeatureSection, { props: { set: libraryData[0] } }))
  const dialog = (): string => document.querySelector('[role=dialog]')?.textContent ?? ''

  it('are listed; licence and size are shown before a network is fetched', async () => {
    const { wrapper } = await open()
    expect(wrapper.text()).toContain('features: dinov2-small')
    await click('Extract with a network…')
    for (const part of ['Apache-2.0', 'about 90 MB', 'huggingface.co', 'no checksum is published']) expect(dialog()).toContain(part)
    expect(document.querySelector<HTMLInputElement>('#extract-size')?.placeholder).toBe('224, 224')
    await click('Cancel')
    expect(wrapper.find('[role=progressbar]').exists()).toBe(false)
  })

  it('are made with the time left, cancelled, and gone on with', async () => {
    const { wrapper } = await open()
    await click('Extract with a network…')
    await type('size', '32')
    await click('Download and extract')
    expect(problem('size')).toContain('whole pixels')
    await type('size', '32, 32')
    await click('Download and extract')
    expect(dialog()).toBe('')
    expect(wrapper.find('[role=progressbar]').attributes('aria-valuenow')).toBe('40')
    expect(wrapper.text()).toContain('41 s left')
    await click('Cancel')
    expect(wrapper.text()).toContain('Stopped at row')
    expect(await mounted?.lab.call('features.extractions', {})).toMatchObject([{ request: { size: [32, 32] } }])
    await click('Go on')
    expect(wrapper.find('[role=progressbar]').exists()).toBe(false)
  })

  it('say at the field what the network refused', async () => {
    const { wrapper } = await open()
    await click('Extract with a network…')
    await type('mean', '1, 2')
    await click('Download and extract')
    expect(wrapper.find('[role=alert]').text()).toContain('2 values of mean for 1 channels')
    await click('Change…')
    expect(document.querySelector<HTMLInputElement>('#extract-mean')?.value).toBe('1, 2')
    expect(problem('mean')).toContain('2 values of mean')
    await type('mean', '1')
    expect(problem('mean')).toBe('')
  })
})
