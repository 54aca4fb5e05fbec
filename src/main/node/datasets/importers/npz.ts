import { badInput } from '@engine/core/errors'
import { baseName } from '../source/inputFile'
import { indexZip, isZip } from '../source/zip'
import type { ArraySource, FileImporter } from './contract'
import { openNpy } from './npy'
import { pickled } from './refused'

export const npz: FileImporter = {
  id: 'npz',
  title: 'NumPy archive of arrays',
  sniff: (head, name) => (isZip(head) ? (/\.npz$/i.test(name) ? 1 : 0.5) : 0),
  arrays: async (file, { scratch }) => {
    const entries = await indexZip(file, scratch)
    if (entries.some(({ name }) => name.endsWith('data.pkl'))) throw pickled(file.name, 'a PyTorch checkpoint')
    const stray = entries.find(({ name }) => !name.endsWith('.npy'))
    if (stray !== undefined || entries.length === 0)
      throw badInput(`${file.name}: not an .npz file`, { file: file.name, found: stray?.name ?? 'no arrays', expected: '.npy entries' })
    const arrays: ArraySource[] = []
    for (const entry of entries) {
      const key = entry.name.replace(/\.npy$/, '')
      arrays.push(await openNpy(entry, `${baseName(file.name)}#${key}`, key))
    }
    return arrays
  },
}
