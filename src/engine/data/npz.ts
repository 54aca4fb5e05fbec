import { unzipSync } from 'fflate'
import { badInput, nearestName } from '../core/errors'

export const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

/** Deflate cannot compress better than about 1032 : 1; a header that claims more is damaged or hostile. */
const largestRatio = 1040

/** Names of the arrays in an `.npz` file, without `.npy`. */
export function npzKeys(bytes: Uint8Array, name: string): string[] {
  const keys: string[] = []
  unpack(bytes, name, (entry) => {
    keys.push(entry.replace(/\.npy$/, ''))
    return false
  })
  return keys
}

/** The `.npy` bytes of one array; `key` may be left out when the file holds one array only. */
export function readNpzEntry(bytes: Uint8Array, name: string, key?: string): Uint8Array {
  const keys = npzKeys(bytes, name)
  const wanted = chooseKey(keys, name, key)
  const entries = unpack(bytes, name, (entry) => entry.replace(/\.npy$/, '') === wanted)
  return Object.values(entries)[0]
}

/** The key asked for, or the only one there is. */
export function chooseKey(keys: readonly string[], name: string, key?: string): string {
  if (key === undefined && keys.length === 1) return keys[0]
  if (key !== undefined && keys.includes(key)) return key
  const listed = keys.length === 0 ? 'no array' : keys.slice(0, 12).join(', ') + (keys.length > 12 ? ', …' : '')
  if (key === undefined)
    throw badInput(`${name}: several arrays; say which, e.g. ${name}#${keys[0] ?? 'key'}`, {
      file: name,
      found: listed,
      expected: 'FILE#key',
    })
  throw badInput(`${name}: no array named "${key}"`, { file: name, found: listed, expected: key, nearest: nearestName(key, keys) })
}

function unpack(bytes: Uint8Array, name: string, filter: (entry: string) => boolean): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, {
      filter: ({ name: entry, size, originalSize }) => {
        if (originalSize > size * largestRatio + 1024) throw new RangeError(`"${entry}" claims ${originalSize} bytes`)
        return filter(entry)
      },
    })
  } catch (error) {
    throw badInput(`${name}: damaged .npz (zip) file: ${error instanceof Error ? error.message : String(error)}`, { file: name })
  }
}
