import { idxLayout, isIdx } from '@engine/data/idx'
import { badInput } from '@engine/core/errors'
import { baseName } from '../source/inputFile'
import type { FileImporter } from './contract'
import { numericSource } from './numbers'

export const idx: FileImporter = {
  id: 'idx',
  title: 'IDX (the format of MNIST)',
  sniff: (head, name) => (isIdx(head) ? (/idx|ubyte/i.test(name) ? 1 : 0.6) : 0),
  arrays: async (file) => {
    const { name, size } = file
    const layout = idxLayout(await file.read(0, 4 + 4 * 8), name)
    if (size !== layout.end)
      throw badInput(
        `${name}: ${size < layout.end ? `the file is cut off at byte ${size}` : `${size - layout.end} bytes follow the end at byte ${layout.end}`}`,
        { file: name, found: `${size} bytes`, expected: `${layout.end} bytes for ${layout.shape.join('×')}` },
      )
    const key = baseName(name).replace(/[-.]?idx\d?([-.]?ubyte)?$/i, '')
    return [numericSource(file, name, key, { ...layout, littleEndian: false })]
  },
}
