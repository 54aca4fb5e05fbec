import { badInput } from '@engine/core/errors'
import { numberTypes } from '@engine/data/numberTypes'
import type { DType } from '@engine/data/numericArray'
import type { InputFile } from '../source/inputFile'

const headerBytes = 20
const mostNameBytes = 256
const types: readonly DType[] = ['float64', 'float32', 'int32', 'int16', 'uint16', 'uint8']
const kinds = ['numbers', 'text', 'sparse'] as const

/** A variable of a MATLAB file; no values where it is not a full array of real numbers. */
export interface MatlabVariable {
  readonly key: string
  readonly values: MatlabValues | null
}

/** Where the values lie, first axis fastest. */
export interface MatlabValues {
  readonly file: InputFile
  readonly start: number
  readonly dtype: DType
  readonly littleEndian: boolean
  readonly axes: readonly number[]
}

interface Header extends Omit<MatlabValues, 'file' | 'start'> {
  readonly isNumbers: boolean
  readonly nameBytes: number
  readonly bytes: number
}

/** Whether a file starts like a MATLAB 4 variable: the format has no mark, only a type of few values and a name. */
export function isMatlab4(head: Uint8Array): boolean {
  const header = headerOf(head)
  return header !== null && head.length >= headerBytes + header.nameBytes && nameOf(head.subarray(headerBytes), header.nameBytes) !== null
}

/** The variables of a MATLAB 4 file, one behind the other. */
export async function matlab4Variables(file: InputFile): Promise<MatlabVariable[]> {
  const variables: MatlabVariable[] = []
  for (let at = 0; at < file.size;) {
    const head = await file.read(at, headerBytes + mostNameBytes)
    const header = headerOf(head)
    const key = header === null ? null : nameOf(head.subarray(headerBytes), header.nameBytes)
    if (header === null || key === null)
      throw badInput(`${file.name}: no MATLAB 4 variable at byte ${at}`, {
        file: file.name,
        path: `byte ${at}`,
        found: [...head.subarray(0, headerBytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
        expected: 'type, rows, columns, imaginary part and length of the name, four bytes each, then the name',
      })
    const start = at + headerBytes + header.nameBytes
    at = start + header.bytes
    if (at > file.size)
      throw badInput(`${file.name}: the file is cut off at byte ${file.size}, inside the variable "${key}"`, {
        file: file.name,
        found: `${file.size} bytes`,
        expected: `at least ${at} bytes for ${header.axes.join('×')} ${header.dtype}`,
      })
    const { dtype, littleEndian, axes, isNumbers } = header
    variables.push({ key, values: isNumbers ? { file, start, dtype, littleEndian, axes } : null })
  }
  return variables
}

function headerOf(head: Uint8Array): Header | null {
  if (head.length < headerBytes) return null
  const view = new DataView(head.buffer, head.byteOffset, headerBytes)
  // Thousands: byte order; hundreds: 0; tens: type of the numbers; ones: kind of matrix.
  const littleEndian = view.getInt32(0, true) >= 0 && view.getInt32(0, true) < 100
  const code = littleEndian ? view.getInt32(0, true) : view.getInt32(0, false) - 1000
  const [rows, columns, imaginary, nameBytes] = [4, 8, 12, 16].map((at) => view.getInt32(at, littleEndian))
  const dtype = types[Math.floor(code / 10)] as DType | undefined
  const kind = kinds[code % 10] as (typeof kinds)[number] | undefined
  if (code < 0 || dtype === undefined || kind === undefined || rows < 0 || columns < 0) return null
  if ((imaginary !== 0 && imaginary !== 1) || nameBytes < 1 || nameBytes > mostNameBytes) return null
  const axes = [rows, columns] as const
  const bytes = rows * columns * numberTypes[dtype].bytes * (imaginary + 1)
  return { dtype, littleEndian, axes, isNumbers: kind === 'numbers' && imaginary === 0, nameBytes, bytes }
}

/** The name of a variable, without the zero at its end; null when MATLAB could not call one so. */
function nameOf(bytes: Uint8Array, length: number): string | null {
  const name = new TextDecoder('latin1').decode(bytes.subarray(0, length)).replace(/\0+$/, '')
  return bytes.length >= length && /^[A-Za-z_]\w*$/.test(name) ? name : null
}
