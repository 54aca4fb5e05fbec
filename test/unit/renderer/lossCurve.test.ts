import { describe, expect, it } from 'vitest'
import { lossTable, storedLosses } from '@/charts/lossCurve'

describe('loss of a fit', () => {
  it('stands at the epochs that it was kept for', () => {
    expect(storedLosses([3, 2, 1], 3)).toEqual([
      [1, 3],
      [2, 2],
      [3, 1],
    ])
    // As a record keeps a curve of 334 epochs: at even distances, the last one among them.
    const kept = Array.from({ length: 100 }, (_, i) => 1 + Math.round((i * 333) / 99))
    expect(storedLosses(kept, 334).map(([epoch]) => epoch)).toEqual(kept)
    expect(storedLosses([2, null, 1], 3)).toEqual([
      [1, 2],
      [3, 1],
    ])
    expect(storedLosses([0.5], 1)).toEqual([[1, 0.5]])
    expect(storedLosses([], 0)).toEqual([])
  })

  it('is a table of those epochs', () => {
    expect(lossTable(storedLosses([2, 1], 500)).rows).toEqual([
      [1, 2],
      [500, 1],
    ])
  })
})
