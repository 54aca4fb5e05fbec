import { describe, expect, it } from 'vitest'
import type { Pool } from '@engine/data/dataset'
import { gatherRows, identityScaling } from '@engine/data/gather'
import { hashText } from '@engine/data/hashedText'
import { readRowsFile } from '@engine/data/rowFiles'
import { fitScaling } from '@engine/data/scaling'
import { writeNpy } from '@engine/data/npy'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('gatherRows', () => {
  const index = Int32Array.of(2, 0, 1, 2)

  it.each([Uint8Array, Float32Array, Float64Array])('writes a window of scaled rows of a %o', (type) => {
    const pool: Pool = { data: type.of(1, 2, 3, 4, 5, 6), rows: 3, shape: [2] }
    const out = new Float64Array(5).fill(-1)
    gatherRows({ pool, index, scaling: { shift: Float64Array.of(1), scale: Float64Array.of(0.5) } }, 1, 2, out)
    expect([...out]).toEqual([0, 0.5, 1, 1.5, -1])
    gatherRows({ pool, index, scaling: { shift: Float64Array.of(1, 2), scale: Float64Array.of(10, 100) } }, 0, 1, out)
    expect([...out.subarray(0, 2)]).toEqual([40, 400])
    gatherRows({ pool, index, scaling: { shift: Float64Array.of(0), scale: Float64Array.of(10, 100) } }, 3, 1, out)
    expect([...out.subarray(0, 2)]).toEqual([50, 600])
  })

  it('refuses a window or a buffer that is too large or too small', () => {
    const rows = { pool: { data: new Uint8Array(4), rows: 2, shape: [2] }, index: Int32Array.of(0, 1), scaling: identityScaling }
    expect(() => gatherRows(rows, 1, 2, new Float32Array(4))).toThrow(RangeError)
    expect(() => gatherRows(rows, 0, 2, new Float32Array(3))).toThrow(RangeError)
  })
})

describe('fitScaling', () => {
  const pool: Pool = { data: Float64Array.of(1, 0.1, 3, 0.1, 5, 0.1, 1000, 7), rows: 4, shape: [2] }
  const rows = Int32Array.of(0, 1, 2)
  const scaled = (mode: Parameters<typeof fitScaling>[2], kind: Parameters<typeof fitScaling>[3], range: number | null): number[] => {
    const out = new Float64Array(6)
    gatherRows({ pool, index: rows, scaling: fitScaling(pool, rows, mode, kind, range) }, 0, 3, out)
    return [...out]
  }

  it('standardises vectors by the given rows only, and centres a constant column exactly', () => {
    const root = Math.sqrt(1.5)
    const found = scaled('auto', 'vector', null)
    expect(found.filter((_, i) => i % 2 === 1)).toEqual([0, 0, 0])
    ;[-root, 0, root].forEach((value, i) => expect(found[2 * i]).toBeCloseTo(value, 14))
  })

  it('divides images by their range', () => {
    expect(scaled('auto', 'image', 10)).toEqual([1, 0.1, 3, 0.1, 5, 0.1].map((value) => value * 0.1))
  })

  it('gives images without a range one mean and deviation', () => {
    const found = scaled('auto', 'image', null)
    expect(found.reduce((a, b) => a + b)).toBeCloseTo(0, 12)
    expect(found.reduce((a, b) => a + b * b, 0) / 6).toBeCloseTo(1, 12)
  })

  it('maps columns to [0, 1] or leaves them alone', () => {
    expect(scaled('unit', 'vector', null)).toEqual([0, 0, 0.5, 0, 1, 0])
    expect(scaled('none', 'image', 255)).toEqual([1, 0.1, 3, 0.1, 5, 0.1])
  })
})

describe('missing values and words', () => {
  const gathered = (pool: Pool, fitted: Int32Array, mode: 'auto' | 'none' | 'unit', kind: 'tabular' | 'text'): number[] => {
    const out = new Float64Array(pool.rows * pool.shape[0])
    const index = Int32Array.from({ length: pool.rows }, (_, i) => i)
    gatherRows({ pool, scaling: fitScaling(pool, fitted, mode, kind, null), index }, 0, pool.rows, out)
    return [...out]
  }

  it('puts the mean of the pool where a value is missing, also in rows that were not looked at', () => {
    // column 0: 1, 3 and a gap in the pool, a gap outside; column 1 has values only outside the pool
    const pool: Pool = { data: Float32Array.of(1, NaN, 3, NaN, NaN, NaN, NaN, 5), rows: 4, shape: [2] }
    expect(gathered(pool, Int32Array.of(0, 1, 2), 'auto', 'tabular')).toEqual([-1, 0, 1, 0, 0, 0, 0, 5])
    expect(gathered(pool, Int32Array.of(0, 1, 2), 'none', 'tabular')).toEqual([1, 0, 3, 0, 2, 0, 2, 5])
    expect(gathered(pool, Int32Array.of(0, 1, 2), 'unit', 'tabular')).toEqual([0, 0, 1, 0, 0.5, 0, 0.5, 5])
  })

  it('weights words by how few rows of the pool have them', () => {
    const pool: Pool = { data: Float32Array.of(0.5, 0, -0.5, 0.5, 1, 1), rows: 3, shape: [2] }
    const [common, rare] = [1 + Math.log(3 / 3), 1 + Math.log(3 / 2)]
    expect(gathered(pool, Int32Array.of(0, 1), 'auto', 'text')).toEqual([0.5 * common, 0, -0.5 * common, 0.5 * rare, common, rare])
  })

  it('hashes words and pairs to rows of unit length, in any case and order of punctuation', () => {
    const row = (text: string): Float64Array => {
      const out = new Float64Array(64)
      hashText(text, out)
      return out
    }
    expect(row('Good movie!')).toEqual(row('good — movie'))
    expect(row('good movie')).not.toEqual(row('movie good'))
    expect(row('good movie').reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 14)
    expect(row('!?')).toEqual(new Float64Array(64))
  })
})

describe('files of rows', () => {
  it.each([
    ['row\n4\n2\n', [4, 2]],
    ['order,row,score\n0,4,0.5\n1,2,\n', [4, 2]],
    ['4\n2\n', [4, 2]],
    ['4, 2\n', [4, 2]],
    ['[4, 2]', [4, 2]],
    ['{"rows": [4, 2]}', [4, 2]],
  ])('reads %j', (text, rows) => {
    expect([...readRowsFile(bytes(text), 'rows', 5)]).toEqual(rows)
  })

  it('reads a NumPy array', () => {
    expect([...readRowsFile(writeNpy(Int32Array.of(4, 2), [2]), 'rows.npy', 5)]).toEqual([4, 2])
  })

  it('refuses a mask, which would read as rows 0 and 1', () => {
    const mask = writeNpy(Uint8Array.of(0, 1), [2])
    mask.set(new TextEncoder().encode('|b1'), new TextDecoder('latin1').decode(mask).indexOf('|u1'))
    expect(() => readRowsFile(mask, 'mask.npy', 2)).toThrow('this is a mask')
  })

  it.each([
    ['1\n1\n', 'row 1 occurs twice'],
    ['1\n9\n', 'no row 9'],
    ['[1, -2]', 'no row -2'],
    ['{"row": [1]}', 'not a list of row numbers'],
    ['1\nx\n', '"x" is not a row number'],
    ['[1', 'not valid JSON'],
  ])('refuses %j', (text, reason) => {
    expect(() => readRowsFile(bytes(text), 'rows', 5)).toThrow(reason)
  })
})
