import { describe, expect, it } from 'vitest'
import type { KeptRound } from '@contract/types'
import type { RoundRecord, RunState, SelectedSample } from '@engine/study/events'
import { initialRunState } from '@engine/study/reduceRun'
import { classColor, newColor, poolColor, roundColor, type Rgb } from '@figures/mapColors'
import { picksAt } from '@figures/picks'
import { fitPlaces } from '@figures/places'
import { paint, type Painting } from '@/features/explore/painting'
import { nearestPlace, rowsInside } from '@/features/explore/places'
import { histogram, pickOf, ranksOf } from '@/features/explore/whySelected'

const sample = (row: number): SelectedSample => ({ row, label: row % 2, score: null, predicted: null, confidence: null })
const record = (round: number, rows: readonly number[]): RoundRecord => ({ round, selection: rows.map(sample) }) as unknown as RoundRecord
/** Starts with rows 0 and 1; queries 4, then 2 and 3. */
const state: RunState = {
  ...initialRunState,
  rounds: 2,
  initial: [0, 1].map(sample),
  records: [record(0, [4]), record(1, [2, 3]), record(2, [])],
}

describe('places', () => {
  const positions = Float32Array.of(0, 0, 10, 0, 0, 2, 10, 2)
  const rows = Int32Array.of(3, 5, 7, 9)

  it('fill the square on both axes, or on the wider one where the aspect counts', () => {
    const stretched = fitPlaces(rows, positions, 12, false)
    expect([...stretched.positions]).toEqual([-0.95, -0.95, 0.95, -0.95, -0.95, 0.95, 0.95, 0.95].map(Math.fround))
    expect(fitPlaces(rows, positions, 12, true).positions[5]).toBeCloseTo(0.95 / 5)
    expect([stretched.placeOf[7], stretched.placeOf[4]]).toEqual([2, -1])
    expect([...fitPlaces(Int32Array.of(1), Float32Array.of(4, 4), 2, false).positions]).toEqual([0, 0])
  })

  it('are found by pixels and by outline', () => {
    const places = fitPlaces(rows, positions, 12, false)
    expect(nearestPlace(places, [0.9, 0.9], [100, 100], 12)).toBe(9)
    expect(nearestPlace(places, [0.9, 0.9], [1000, 100], 12)).toBeNull()
    expect(
      rowsInside(places, [
        [-2, -2],
        [0, -2],
        [0, 2],
        [-2, 2],
      ]),
    ).toEqual([3, 7])
  })
})

describe('time travel', () => {
  it('knows what was labelled when, and which rows are new', () => {
    expect([...picksAt(state, 0).rounds]).toEqual([
      [0, 0],
      [1, 0],
    ])
    expect(picksAt(state, 0).fresh.size).toBe(0)
    expect([...picksAt(state, 1).rounds.keys()]).toEqual([0, 1, 4])
    expect([...picksAt(state, 2).fresh]).toEqual([2, 3])
    expect(picksAt(state, 2).rounds.get(4)).toBe(1)
  })

  it('tells when a run labelled a row', () => {
    expect(pickOf(state, 1)).toEqual({ round: 0, order: 1, size: 2 })
    expect(pickOf(state, 3)).toEqual({ round: 2, order: 1, size: 2 })
    expect(pickOf(state, 5)).toBeNull()
  })
})

describe('painting', () => {
  const places = fitPlaces(
    Int32Array.of(0, 1, 2, 3, 4, 5),
    Float32Array.from({ length: 12 }, (_, t) => t),
    6,
    false,
  )
  const kept: KeptRound = {
    outlook: Float32Array.of(2, 1, 0.6, 0.2, 0.7, 5, 0, 0.9, 0.8, 0.3),
    scores: [{ name: 'own', values: Float64Array.of(2, 4, 3, 1, 5, 2) }],
  }
  const painting = (changes: Partial<Painting>): Painting => ({
    places,
    picks: picksAt(state, 2),
    round: 2,
    lastRound: 2,
    coloring: 'round',
    theme: 'light',
    labels: Int32Array.of(0, 1, 2, 0, 1, 2),
    kept,
    claims: [],
    ...changes,
  })
  const colorAt = (colors: Uint8Array, i: number): Rgb => [colors[4 * i], colors[4 * i + 1], colors[4 * i + 2]]

  it('draws the newest picks last, largest and in their own colour', () => {
    const [base, marks] = paint(painting({}))
    expect(base.diameters.length).toBe(6)
    expect(colorAt(base.colors, 5)).toEqual(poolColor('light'))
    expect(marks.diameters.length).toBe(5)
    expect([...marks.positions.subarray(8, 10)]).toEqual([...places.positions.subarray(6, 8)])
    expect(colorAt(marks.colors, 4)).toEqual(newColor)
    expect(colorAt(marks.colors, 2)).toEqual(roundColor(0.5, 'light'))
    expect(marks.diameters[4]).toBeGreaterThan(marks.diameters[0])
  })

  it('colours by class, prediction, score and strategy; what is not known stays grey', () => {
    const base = (changes: Partial<Painting>): Uint8Array => paint(painting(changes))[0].colors
    expect(colorAt(base({ coloring: 'class' }), 2)).toEqual(classColor(2, 'light'))
    expect(colorAt(base({ coloring: 'class', labels: null }), 2)).toEqual(poolColor('light'))
    expect(colorAt(base({ coloring: 'prediction' }), 5)).toEqual(classColor(0, 'light'))
    expect(colorAt(base({ coloring: 'class', theme: 'dark' }), 0)).toEqual(classColor(0, 'dark'))
    expect(colorAt(base({ coloring: 'prediction' }), 4)).toEqual(poolColor('light'))
    expect(colorAt(base({ coloring: 'score' }), 2)).toEqual(roundColor(1, 'light'))
    expect(colorAt(base({ coloring: 'score', kept: { ...kept, scores: [] } }), 5)).toEqual(roundColor(0, 'light'))
    // labelled rows are no candidates, whatever their scores
    const [, marks] = paint(painting({ coloring: 'score' }))
    for (let i = 0; i < marks.diameters.length; i++) expect(colorAt(marks.colors, i)).toEqual(newColor)
    const claims = [
      { rows: new Set([0, 2]), color: [1, 2, 3] as const },
      { rows: new Set([0]), color: [4, 5, 6] as const },
    ]
    expect(colorAt(base({ coloring: 'strategy', claims }), 2)).toEqual([1, 2, 3])
    expect(colorAt(base({ coloring: 'strategy', claims }), 0)).toEqual(newColor)
  })
})

describe('why selected', () => {
  it('ranks a row among the candidates under every kept score', () => {
    const kept: KeptRound = {
      outlook: Float32Array.of(1, 0, 0.5, 0.1, 0.7, 2, 0, 0.9, 0.8, 0.3, 3, 1, 0.6, 0.3, 0.6, 9, 1, 0.99, 0.98, 0.1),
      scores: [{ name: 'badge', values: Float64Array.of(1, 5, 2, 7, 3, 1) }],
    }
    const ranks = ranksOf(kept, 1, new Set([9]))
    expect(ranks.map(({ name, rank, of }) => [name, rank, of])).toEqual([
      ['badge', 2, 3],
      ['entropy (nat)', 1, 3],
      ['margin', 1, 3],
      ['confidence', 1, 3],
    ])
    expect(ranks[0].percentile).toBeCloseTo(66.7, 1)
    expect(ranksOf(kept, 7, new Set())).toEqual([])
    expect(ranksOf(null, 1, new Set())).toEqual([])
  })

  it('bins values over their range', () => {
    expect(histogram([0, 1, 2, 3], 2)).toEqual({ counts: [2, 2], low: 0, high: 3 })
    expect(histogram([5, 5], 3).counts).toEqual([2, 0, 0])
    expect(histogram([], 3).counts).toEqual([0, 0, 0])
  })
})
