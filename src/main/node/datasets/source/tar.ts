import { badInput } from '@engine/core/errors'
import { sliceOf, type InputFile } from './inputFile'

const block = 512
const latin = new TextDecoder('latin1')
const utf8 = new TextDecoder()
const mostEntries = 5_000_000

/** Whether the bytes start with a tar header of the usual kinds. */
export const isTar = (head: Uint8Array): boolean => head.length >= block && latin.decode(head.subarray(257, 262)) === 'ustar'

/**
 * The regular files of a tar archive as parts of it: the archive is indexed, nothing is unpacked. Links are left out; entries
 * whose path would leave the archive are refused.
 */
export async function indexTar(tar: InputFile): Promise<InputFile[]> {
  const files: InputFile[] = []
  let longName: string | null = null
  let longSize: number | null = null
  for (let at = 0; at + block <= tar.size;) {
    const header = await tar.read(at, block)
    if (header.every((byte) => byte === 0)) break
    requireChecksum(header, at, tar.name)
    const size = longSize ?? sizeOf(header, at, tar.name)
    const start = at + block
    if (start + size > tar.size)
      throw badInput(`${tar.name}: the archive is cut off at byte ${tar.size}, inside the entry at byte ${at}`, {
        file: tar.name,
        found: `${tar.size} bytes`,
        expected: `at least ${start + size} bytes`,
      })
    const type = latin.decode(header.subarray(156, 157))
    if (type === 'L') longName = cString(await tar.read(start, Math.min(size, 65_536)))
    else if (type === 'x') {
      const records = paxRecords(await tar.read(start, Math.min(size, 1 << 20)))
      longName = records.get('path') ?? longName
      longSize = records.has('size') ? Number(records.get('size')) : null
      if (longSize !== null && !(Number.isSafeInteger(longSize) && longSize >= 0)) throw damaged(tar.name, at)
    } else {
      if (type === '0' || type === '\0' || type === '7') {
        const prefix = latin.decode(header.subarray(257, 263)) === 'ustar\0' ? cString(header.subarray(345, 500)) : ''
        const own = cString(header.subarray(0, 100))
        const name = safeName(longName ?? (prefix === '' ? own : `${prefix}/${own}`), tar.name)
        if (!name.endsWith('/')) files.push(sliceOf(tar, name, start, size))
        if (files.length > mostEntries) throw badInput(`${tar.name}: more than ${mostEntries} files`, { file: tar.name })
      }
      longName = longSize = null
    }
    at = start + Math.ceil(size / block) * block
  }
  return files
}

/** The path of an archive's entry; refuses absolute ones and such as climb out. */
export function safeName(name: string, archive: string): string {
  const path = name.replace(/^(\.\/)+/, '')
  if (/^[/\\]|^[a-z]:/i.test(path) || path.split(/[/\\]/).includes('..') || path.includes('\0'))
    throw badInput(`${archive}: the entry "${name.slice(0, 200)}" points outside the archive`, {
      file: archive,
      found: name.slice(0, 200),
      expected: 'paths inside the archive',
    })
  return path
}

const cString = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

const damaged = (name: string, at: number): Error =>
  badInput(`${name}: damaged tar header at byte ${at}`, { file: name, expected: 'a header with a right checksum' })

function sizeOf(header: Uint8Array, at: number, name: string): number {
  const field = header.subarray(124, 136)
  // Sizes beyond 8 GB are binary, marked by the top bit.
  const size =
    field[0] & 0x80
      ? field.subarray(1).reduce((value, byte) => value * 256 + byte, field[0] & 0x7f)
      : parseInt(cString(field).trim() || '0', 8)
  if (!Number.isSafeInteger(size) || size < 0) throw damaged(name, at)
  return size
}

function requireChecksum(header: Uint8Array, at: number, name: string): void {
  const stored = parseInt(cString(header.subarray(148, 156)).trim(), 8)
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : header[i]
  if (sum !== stored) throw damaged(name, at)
}

/** Records of an extended header: `length key=value\n`. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>()
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(latin.decode(bytes.subarray(at, space < 0 ? at : space)))
    if (!Number.isInteger(length) || length <= 0) break
    const [, key, value] = /^([^=]+)=([\s\S]*)\n$/.exec(utf8.decode(bytes.subarray(space + 1, at + length))) ?? []
    if (key !== undefined) records.set(key, value)
    at += length
  }
  return records
}
