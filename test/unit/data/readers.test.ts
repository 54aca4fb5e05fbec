import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { toMatrix } from '@engine/data/numericArray'
import { halfToFloat32Bits } from '@engine/data/numberTypes'
import { readArray, readLabels } from '@engine/data/readArray'
import { writeSafetensors } from '@engine/data/safetensors'

// Files written by NumPy itself (test/fixtures/arrays/make.py).
const fixture = (name: string): Uint8Array => readFileSync(resolve(import.meta.dirname, '../../fixtures/arrays', name.split('#')[0]))
const read = (name: string): ReturnType<typeof readArray> => readArray(fixture(name), name)

function refusal(work: () => unknown): QuerentError {
  try {
    work()
  } catch (error) {
    if (error instanceof QuerentError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('npy', () => {
  const a = [0, 1.5, -2, 3, 4, 0.25]
  it.each<[string, string, number[]]>([
    ['c-f2', 'float16', a],
    ['c-f4', 'float32', a],
    ['c-f8', 'float64', a],
    ['c-big-f8', 'float64', a],
    ['c-i1', 'int8', a.map(Math.trunc)],
    ['c-i2', 'int16', a.map(Math.trunc)],
    ['c-i4', 'int32', a.map(Math.trunc)],
    ['c-big-i4', 'int32', a.map(Math.trunc)],
    ['c-i8', 'int64', a.map(Math.trunc)],
    ['c-u1', 'uint8', a.map((v) => Math.trunc(Math.abs(v)))],
    ['c-u2', 'uint16', a.map((v) => Math.trunc(Math.abs(v)))],
    ['c-u4', 'uint32', a.map((v) => Math.trunc(Math.abs(v)))],
    ['c-u8', 'uint64', a.map((v) => Math.trunc(Math.abs(v)))],
    ['c-bool', 'bool', [0, 1, 1, 1, 1, 1]],
    ['v2', 'float64', a],
    ['v3', 'float64', a],
    ['f-f2', 'float16', a],
  ])('reads %s', (name, dtype, values) => {
    const array = read(`${name}.npy`)
    expect(array.shape).toEqual([2, 3])
    expect(array.dtype).toBe(dtype)
    expect(Array.from(array.data, (value) => value + 0)).toEqual(values.map((value) => value + 0))
  })

  it('reorders a Fortran cube', () => {
    const { data, shape } = read('f-f4.npy')
    expect(shape).toEqual([2, 3, 4])
    expect([...data]).toEqual(Array.from({ length: 24 }, (_, i) => i))
  })

  it('widens half precision exactly, subnormals and infinities too', () => {
    const { data } = read('half.npy')
    expect([...data].slice(0, 9)).toEqual([0, -0, 1, 65504, 6.103515625e-5, 5.960464477539063e-8, 0.333251953125, Infinity, -Infinity])
    expect(data[9]).toBeNaN()
    expect(halfToFloat32Bits(0x03ff)).toBe(new Uint32Array(Float32Array.of(6.097555160522461e-5).buffer)[0])
  })

  it('reads scalars, empty arrays and names', () => {
    expect([...read('scalar.npy').data]).toEqual([7])
    expect(read('scalar.npy').shape).toEqual([])
    expect(read('empty.npy').shape).toEqual([0, 3])
    expect(readLabels(fixture('names.npy'), 'names.npy')).toEqual({ kind: 'names', names: ['cat', 'größe', 'cat'] })
    expect(readLabels(fixture('bytes.npy'), 'bytes.npy')).toEqual({ kind: 'names', names: ['cat', 'dog'] })
  })

  it('reads members of plain and compressed npz files', () => {
    for (const name of ['plain.npz', 'packed.npz']) {
      expect([...read(`${name}#x`).data]).toEqual(a)
      expect([...read(`${name}#y`).data]).toEqual([1, 0])
    }
  })

  it.each([
    ['object.npy', 'numpy.save'],
    ['record.npy', 'named fields'],
    ['complex.npy', 'unsupported number type'],
    ['plain.npz', 'several arrays'],
    ['plain.npz#z', 'no array named "z"'],
  ])('refuses %s with a reason', (name, reason) => {
    const error = refusal(() => read(name))
    expect(error.code).toBe('bad-input')
    expect(error.message).toContain(reason)
    expect(error.message).toContain(name.split('#')[0])
  })

  it('names the bytes where a file ends too early or too late', () => {
    const bytes = fixture('c-f8.npy')
    expect(refusal(() => readArray(bytes.subarray(0, 170), 'x.npy')).message).toContain('cut off at byte 170')
    const long = new Uint8Array(bytes.length + 3)
    long.set(bytes)
    const error = refusal(() => readArray(long, 'x.npy'))
    expect(error.message).toContain('3 bytes follow')
    expect(error.details).toMatchObject({ file: 'x.npy', expected: expect.stringContaining('176 bytes') as unknown })
  })
})

describe('values that are not finite', () => {
  it('names the first by row and column', () => {
    const error = refusal(() => toMatrix({ data: Float64Array.of(1, 2, 3, 4, Infinity, NaN), shape: [2, 3], dtype: 'float64' }, 'p.npy'))
    expect(error.message).toBe('p.npy: the value at row 1, column 1 is Infinity')
  })
})

describe('safetensors', () => {
  const header = (json: string, values: Uint8Array): Uint8Array => {
    const text = new TextEncoder().encode(json)
    const bytes = new Uint8Array(8 + text.length + values.length)
    new DataView(bytes.buffer).setUint32(0, text.length, true)
    bytes.set(text, 8)
    bytes.set(values, 8 + text.length)
    return bytes
  }

  it('reads half and brain floats and skips the metadata', () => {
    const json =
      '{"__metadata__":{"format":"pt"},"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[2,6]}}'
    const bytes = header(json, Uint8Array.of(0x00, 0x3e, 0xc0, 0x3f, 0x20, 0xc0))
    expect([...readArray(bytes, 'm.safetensors#h').data]).toEqual([1.5])
    expect([...readArray(bytes, 'm.safetensors#b').data]).toEqual([1.5, -2.5])
  })

  it.each([
    ['{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}', 'cut off'],
    ['{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}', 'does not fill'],
    ['{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}', 'unsupported type'],
    ['{"a":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}}', 'header entry'],
    ['{"a":', 'not JSON'],
  ])('refuses the header %s', (json, reason) => {
    expect(refusal(() => readArray(header(json, new Uint8Array(8)), 'm.safetensors')).message).toContain(reason)
  })

  it('names the nearest tensor', () => {
    const bytes = writeSafetensors({
      '0.weight': { data: Float32Array.of(1), shape: [1] },
      '0.bias': { data: Float32Array.of(1), shape: [1] },
    })
    expect(refusal(() => readArray(bytes, 'm.safetensors#0.weigth')).details.nearest).toBe('0.weight')
  })
})

describe('csv', () => {
  const csv = (text: string, key = ''): ReturnType<typeof readArray> => readArray(new TextEncoder().encode(text), `t.csv${key}`)

  it.each<[string, string, number[], number[]]>([
    ['a header', 'a,b\n1,2\n3,4\n', [1, 2, 3, 4], [2, 2]],
    ['no header', '1,2\n3,4', [1, 2, 3, 4], [2, 2]],
    ['semicolons and Windows line ends', '1;2\r\n3;4\r\n', [1, 2, 3, 4], [2, 2]],
    ['tabs, spaces and exponents', ' 1e-3\t+2 \n.5\t-4.\n', [0.001, 2, 0.5, -4], [2, 2]],
    ['a byte order mark and quotes', '\uFEFF"a","b, c"\n"1",2\n', [1, 2], [1, 2]],
    ['one column', '1\n2\n', [1, 2], [2]],
  ])('reads %s', (_, text, values, shape) => {
    const array = csv(text)
    expect([...array.data]).toEqual(values)
    expect(array.shape).toEqual(shape)
  })

  it('picks a column by name or number', () => {
    expect([...csv('a,b\n1,2\n3,4\n', '#b').data]).toEqual([2, 4])
    expect([...csv('1,2\n3,4\n', '#0').data]).toEqual([1, 3])
    expect(refusal(() => csv('alpha,b\n1,2\n', '#alfa')).details.nearest).toBe('alpha')
  })

  it.each([
    ['1,2\n3\n', 'line 2 has 1 cells'],
    ['a,b\n1,2\n3,\n', 'a missing value at row 1, column b'],
    ['1,2\n3,x\n', '"x" is not a number'],
    ['', 'empty'],
    ['abc\0def', 'neither text nor a known array format'],
  ])('refuses %j', (text, reason) => {
    expect(refusal(() => csv(text)).message).toContain(reason)
  })

  it('lets NaN through to the check that names it', () => {
    expect(refusal(() => toMatrix(csv('1,2\n3,nan\n'), 't.csv')).message).toContain('row 1, column 1 is NaN')
  })
})

describe('formats that could run code', () => {
  it('are refused', () => {
    expect(refusal(() => readArray(Uint8Array.of(0x80, 2, 0x7d), 'm.pkl')).message).toContain('pickle')
  })
})
