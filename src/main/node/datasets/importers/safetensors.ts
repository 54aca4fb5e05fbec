import { badInput } from '@engine/core/errors'
import { isSafetensorsHead, safetensorsLayout } from '@engine/data/safetensors'
import { baseName } from '../source/inputFile'
import type { FileImporter } from './contract'
import { numericSource } from './numbers'

const mostHeaderBytes = 100_000_000

export const safetensors: FileImporter = {
  id: 'safetensors',
  title: 'safetensors',
  sniff: (head) => (isSafetensorsHead(head) ? 0.9 : 0),
  arrays: async (file) => {
    const head = await file.read(0, 8)
    const length = head.length < 8 ? 0 : Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true))
    if (length < 2 || length > mostHeaderBytes || 8 + length > file.size)
      throw badInput(`${file.name}: damaged or cut off in its header`, {
        file: file.name,
        found: `a header of ${length} bytes in a file of ${file.size}`,
        expected: 'a JSON header at byte 8',
      })
    return safetensorsLayout(await file.read(0, 8 + length), file.size, file.name).map(({ key, dtype, shape, start }) =>
      numericSource(file, `${baseName(file.name)}#${key}`, key, { start, shape, dtype, littleEndian: true }),
    )
  },
}
