import { badInput } from '@engine/core/errors'
import { isNpy, npyDType, readNpyHeader, readNpyText } from '@engine/data/npy'
import { baseName, readAll, type InputFile } from '../source/inputFile'
import type { ArraySource, FileImporter } from './contract'
import { numericSource } from './numbers'

const mostHeaderBytes = 1 << 20
const mostTextBytes = 1 << 29

export const npy: FileImporter = {
  id: 'npy',
  title: 'NumPy array',
  sniff: (head) => (isNpy(head) ? 1 : 0),
  arrays: async (file) => [await openNpy(file, file.name, baseName(file.name).replace(/\.npy$/i, ''))],
}

/** A `.npy` file, versions 1 to 3, either memory order and byte order; objects and records are refused. */
export async function openNpy(file: InputFile, name: string, key: string): Promise<ArraySource> {
  const header = readNpyHeader(await file.read(0, mostHeaderBytes), name)
  const { descr, fortranOrder, shape, start } = header
  if (/^[<>|=]?[US]\d+$/.test(descr)) {
    const texts = async (): Promise<readonly string[]> => {
      if (file.size > mostTextBytes)
        throw badInput(`${name}: ${file.size} bytes of text`, { file: name, expected: `at most ${mostTextBytes}` })
      return readNpyText(await readAll(file), name)
    }
    const chunks = (): never => {
      throw badInput(`${name}: text, not numbers`, { file: name, found: descr, expected: 'numbers' })
    }
    return { name, key, shape, dtype: 'text', chunks, texts }
  }
  const source = numericSource(file, name, key, {
    start,
    shape,
    dtype: npyDType(header, name),
    littleEndian: descr[0] !== '>',
    fortranOrder,
  })
  const bytes = source.shape.reduce((a, b) => a * b, 1)
  const end = start + bytes * bytesOf(descr)
  if (file.size > end)
    throw badInput(`${name}: ${file.size - end} bytes follow the array's end at byte ${end}`, {
      file: name,
      found: `${file.size} bytes`,
      expected: `${end} bytes (values start at byte ${start})`,
    })
  return source
}

const bytesOf = (descr: string): number => Number(descr.slice(2))
