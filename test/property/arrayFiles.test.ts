import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { QuerentError } from '@engine/core/errors'
import { randomFrom } from '@engine/core/random'
import type { NumericData } from '@engine/data/numericArray'
import { writeNpy } from '@engine/data/npy'
import { readArray, readLabels } from '@engine/data/readArray'
import { writeSafetensors } from '@engine/data/safetensors'

const shapes = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 })
const types = fc.constantFrom<((values: number[]) => NumericData)[]>(
  (values) => Float32Array.from(values),
  (values) => Float64Array.from(values),
  (values) => Int32Array.from(values),
  (values) => Uint32Array.from(values),
  (values) => Int16Array.from(values),
  (values) => Uint16Array.from(values),
  (values) => Int8Array.from(values),
  (values) => Uint8Array.from(values),
)
const arrays = fc.tuple(shapes, types).chain(([shape, make]) => {
  const count = shape.reduce((a, b) => a * b, 1)
  return fc.array(fc.double(), { minLength: count, maxLength: count }).map((values) => ({ shape, data: make(values) }))
})

describe('arrays survive being written and read', () => {
  it('npy', () => {
    fc.assert(
      fc.property(arrays, fc.nat(7), ({ shape, data }, shift) => {
        const bytes = writeNpy(data, shape)
        const moved = new Uint8Array(bytes.length + shift)
        moved.set(bytes, shift) // readers must cope with values that are not aligned in memory
        const found = readArray(moved.subarray(shift), 'a.npy')
        expect(found.shape).toEqual(shape)
        expect(found.data).toEqual(data)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('safetensors', () => {
    fc.assert(
      fc.property(arrays, arrays, (a, b) => {
        const bytes = writeSafetensors({ a, 'b.weight': b })
        expect(readArray(bytes, 'm.safetensors#a')).toMatchObject({ shape: a.shape, data: a.data })
        expect(readArray(bytes, 'm.safetensors#b.weight')).toMatchObject({ shape: b.shape, data: b.data })
      }),
      { seed: 2, numRuns: 100 },
    )
  })
})

describe('damaged files', () => {
  const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(resolve(import.meta.dirname, '../fixtures/arrays', name)))
  const labels = gunzipSync(
    readFileSync(resolve(import.meta.dirname, '../../resources/data/fashion-mnist-6k-t10k-labels-idx1-ubyte.gz')),
  ).subarray(0, 64)
  const tensors = writeSafetensors({ w: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, b: { data: Float64Array.of(1), shape: [1] } })
  const files: [string, Uint8Array][] = [
    ...['c-f4.npy', 'f-f2.npy', 'names.npy', 'v3.npy', 'plain.npz#x', 'packed.npz#x'].map((name): [string, Uint8Array] => [
      name,
      fixture(name.split('#')[0]),
    ]),
    ['m.safetensors#w', tensors],
    ['labels-idx1-ubyte', labels],
    ['t.csv', new TextEncoder().encode('a,b\n1,2\n3,"4"\n')],
  ]

  it.each(files)('%s gives numbers or a QuerentError, whatever happens to its bytes', (name, original) => {
    const random = randomFrom(3).fork(name)
    for (let trial = 0; trial < 400; trial++) {
      const bytes = original.slice(0, trial % 4 === 0 ? random.int(original.length + 1) : original.length)
      for (let m = random.int(4); m >= 0 && bytes.length > 0; m--) bytes[random.int(bytes.length)] = random.int(256)
      for (const read of [readArray, readLabels])
        try {
          read(bytes, name)
        } catch (error) {
          if (!(error instanceof QuerentError)) throw error
        }
    }
  })
})
