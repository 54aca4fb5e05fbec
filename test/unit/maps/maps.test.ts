import { describe, expect, test } from 'vitest'
import { plainKernels } from '@engine/core/distances'
import { symmetricEigenvectors } from '@engine/core/linear'
import { matrix, type Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { layoutMap, type MapFrame, type MapMethod } from '@engine/maps/layout'
import { nearestAmong, nearestNeighbours } from '@engine/maps/neighbours'
import { placeByNearest } from '@engine/maps/placement'
import { principalComponents } from '@engine/maps/principalComponents'
import { createRepulsion } from '@engine/maps/repulsion'

/** Rows in turn from `groups` normal clouds, whose centres are `apart` deviations from each other on average. */
function clouds(n: number, d: number, groups: number, apart: number): Matrix<Float32Array> {
  const random = randomFrom('clouds')
  const centers = Float64Array.from({ length: groups * d }, () => (apart * random.normal()) / Math.sqrt(2 * d))
  const data = new Float32Array(n * d)
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) data[i * d + j] = centers[(i % groups) * d + j] + random.normal()
  return matrix(data, n, d)
}

function result<T>(work: Generator<unknown, T>): T {
  for (;;) {
    const next = work.next()
    if (next.done === true) return next.value
  }
}

const distance = (m: Matrix, i: number, j: number): number =>
  Math.hypot(...Array.from({ length: m.cols }, (_, t) => m.data[i * m.cols + t] - m.data[j * m.cols + t]))

describe('principal components', () => {
  test('coordinates are uncorrelated, their variances the leading eigenvalues', () => {
    const m = clouds(300, 12, 3, 20)
    const { data } = principalComponents(m, 12, randomFrom(0))
    const covariance = (rows: ArrayLike<number>, d: number): Float64Array => {
      const out = new Float64Array(d * d)
      const mean = Array.from({ length: d }, (_, j) => Array.from({ length: 300 }, (_, i) => rows[i * d + j]).reduce((a, b) => a + b) / 300)
      for (let i = 0; i < 300; i++)
        for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) out[a * d + b] += (rows[i * d + a] - mean[a]) * (rows[i * d + b] - mean[b])
      return out
    }
    const { values } = symmetricEigenvectors(matrix(covariance(m.data, 12), 12, 12))
    const after = covariance(data, 12)
    for (let a = 0; a < 12; a++)
      for (let b = 0; b < 12; b++) expect(Math.abs(after[a * 12 + b] - (a === b ? values[a] : 0))).toBeLessThan(1e-4 * values[0])
  })

  test('the randomised axes of a wide matrix span those of the exact ones', () => {
    const wide = clouds(200, 160, 4, 60)
    const padded = principalComponents(wide, 3, randomFrom('a'))
    const other = principalComponents(wide, 3, randomFrom('another start'))
    for (let t = 0; t < padded.data.length; t++) expect(Math.abs(padded.data[t] - other.data[t])).toBeLessThan(1e-3)
    // Three directions hold what four centres have: distances between clouds survive.
    for (const j of [1, 2, 3]) expect(distance(padded, 0, j) / distance(wide, 0, j)).toBeGreaterThan(0.9)
  })
})

describe('neighbours', () => {
  const m = clouds(60, 5, 4, 6)

  test('are those of a search by differences, nearest first', () => {
    const { k, rows, distances } = result(nearestNeighbours(m, 7, plainKernels))
    expect(k).toBe(7)
    for (let i = 0; i < m.rows; i++) {
      const others = Array.from({ length: m.rows }, (_, j) => j).filter((j) => j !== i)
      const expected = others.sort((a, b) => distance(m, i, a) - distance(m, i, b) || a - b).slice(0, 7)
      expect([...rows.subarray(7 * i, 7 * i + 7)]).toEqual(expected)
      expected.forEach((j, t) => expect(distances[7 * i + t]).toBeCloseTo(distance(m, i, j), 5))
    }
  })

  test('a small set has fewer', () => {
    expect(result(nearestNeighbours(clouds(3, 2, 1, 0), 7, plainKernels)).k).toBe(2)
    expect(nearestAmong(clouds(2, 2, 1, 0), clouds(5, 2, 1, 0), 7, plainKernels).rows.length).toBe(10)
  })
})

describe('repulsion', () => {
  const n = 400
  const random = randomFrom('places')
  const positions = Float64Array.from({ length: 2 * n }, () => 5 * random.normal())
  positions.copyWithin(2, 0, 2) // two equal points
  const exact = new Float64Array(2 * n)
  let sum = 0
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      if (i === j) continue
      const [dx, dy] = [positions[2 * i] - positions[2 * j], positions[2 * i + 1] - positions[2 * j + 1]]
      const q = 1 / (1 + dx * dx + dy * dy)
      sum += q
      exact[2 * i] += q * q * dx
      exact[2 * i + 1] += q * q * dy
    }

  test('is exact when no cell counts as a point', () => {
    const force = new Float64Array(2 * n)
    expect(createRepulsion(n).forces(positions, 0, force) / sum).toBeCloseTo(1, 12)
    force.forEach((value, t) => expect(value).toBeCloseTo(exact[t], 9))
  })

  test('is near at the usual opening, whatever the points did before', () => {
    const tree = createRepulsion(n)
    const force = new Float64Array(2 * n)
    tree.forces(new Float64Array(2 * n), 0.6, force) // all points in one place
    expect(force.every((value) => value === 0)).toBe(true)
    expect(Math.abs(tree.forces(positions, 0.6, force) / sum - 1)).toBeLessThan(0.01)
    const error = Math.hypot(...force.map((value, t) => value - exact[t])) / Math.hypot(...exact)
    expect(error).toBeLessThan(0.05)
  })
})

describe('maps', () => {
  const m = clouds(240, 20, 4, 30)
  const frames = (method: MapMethod, features: Matrix = m, seed = 0): MapFrame[] =>
    [...layoutMap(features, { method, seed, kernels: plainKernels })].filter((frame) => frame !== null)

  test.each(['pca', 'tsne', 'umap'] as const)('%s keeps far groups apart; equal seeds give equal bytes', (method) => {
    const all = frames(method)
    const last = all[all.length - 1]
    expect(last.progress).toBe(1)
    expect(last.rows.length).toBe(m.rows)
    const map = matrix(last.positions, m.rows, 2)
    for (let i = 0; i < m.rows; i++) {
      const nearest = Array.from({ length: m.rows }, (_, j) => j)
        .filter((j) => j !== i)
        .reduce((best, j) => (distance(map, i, j) < distance(map, i, best) ? j : best))
      expect(nearest % 4).toBe(i % 4)
    }
    expect(frames(method).at(-1)).toEqual(last)
  })

  test('the first frame of a slow map comes at once and progress never falls', () => {
    const progress = frames('tsne').map((frame) => frame.progress)
    expect(progress[0]).toBe(0)
    expect(progress.length).toBeGreaterThan(20)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  test.each([1, 2, 3, 5])('%i rows are enough', (n) => {
    for (const method of ['pca', 'tsne', 'umap'] as const)
      expect(
        frames(method, clouds(n, 3, 2, 5))
          .at(-1)
          .positions.every(Number.isFinite),
      ).toBe(true)
  })

  test('equal rows come to finite places', () => {
    const equal = matrix(new Float32Array(40 * 3).fill(2), 40, 3)
    for (const method of ['pca', 'tsne', 'umap'] as const) expect(frames(method, equal).at(-1).positions.every(Number.isFinite)).toBe(true)
  })

  test('rows that were not laid out come to the places of their likes', () => {
    const rows = Int32Array.from({ length: 40 }, (_, i) => i)
    const given = Float64Array.from({ length: 80 }, (_, t) => (t % 2 === 0 ? 10 * ((t / 2) % 4) : 1))
    const places = result(placeByNearest(m, rows, given, plainKernels))
    for (let i = 0; i < m.rows; i++) expect(places[2 * i]).toBeCloseTo(10 * (i % 4), 4)
  })
})
