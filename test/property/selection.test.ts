import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainKernels, selectionSpace } from '@engine/core/distances'
import { kCenterGreedy } from '@engine/core/kCenter'
import { kMeans } from '@engine/core/kMeans'
import { kMeansPlusPlus } from '@engine/core/kMeansPlusPlus'
import { squaredDistance } from '@engine/core/linear'
import type { Matrix } from '@engine/core/matrix'
import { randomFrom } from '@engine/core/random'
import { topK } from '@engine/core/topK'
import { normals, toFloat32 } from '../support/query'

/** Points on a coarse grid, so that duplicates and ties are common, or normal ones. */
const clouds = fc
  .record({
    rows: fc.integer({ min: 1, max: 24 }),
    cols: fc.integer({ min: 1, max: 7 }),
    seed: fc.nat(),
    grid: fc.boolean(),
    narrow: fc.boolean(),
  })
  .map(({ rows, cols, seed, grid, narrow }): Matrix => {
    const m = normals(randomFrom(seed), rows, cols)
    const rounded = grid ? { ...m, data: m.data.map(Math.round) } : m
    return narrow ? toFloat32(rounded) : rounded
  })
const wholeCloud = (m: Matrix): number[][] => Array.from({ length: m.rows }, (_, i) => [...m.data.subarray(i * m.cols, (i + 1) * m.cols)])
const distance = (m: Matrix, i: number, j: number): number => Math.sqrt(squaredDistance(m.data, i * m.cols, m.data, j * m.cols, m.cols))

describe('topK', () => {
  it('is the head of the stable sort', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { maxLength: 60 }),
        fc.nat(70),
        (scores, k) => {
          const sorted = scores.map((_, i) => i).sort((a, b) => (scores[a] === scores[b] ? a - b : scores[a] > scores[b] ? -1 : 1))
          expect([...topK(scores, k)]).toEqual(sorted.slice(0, k))
        },
      ),
    )
  })
})

describe('outer-product space', () => {
  const factors = fc
    .tuple(clouds, fc.integer({ min: 1, max: 5 }), fc.nat())
    .map(([features, classes, seed]) => ({ features, left: normals(randomFrom(seed), features.rows, classes) }))

  it('measures what the outer products measure (A§19.12)', () => {
    fc.assert(
      fc.property(factors, ({ features, left }) => {
        const outer = wholeCloud(features).map((h, i) => wholeCloud(left)[i].flatMap((r) => h.map((x) => r * x)))
        const space = selectionSpace(features, { left })
        const scale = Math.max(...space.squaredNorms)
        outer.forEach((a, j) => {
          expect(space.squaredNorms[j]).toBeCloseTo(
            a.reduce((s, x) => s + x * x, 0),
            8,
          )
          const nearest = new Float64Array(features.rows).fill(Infinity)
          space.relax(j, nearest)
          outer.forEach((b, i) => {
            const explicit = a.reduce((s, x, t) => s + (x - b[t]) ** 2, 0)
            expect(Math.abs(nearest[i] - explicit)).toBeLessThanOrEqual(1e-12 * (scale + 1))
          })
          expect(nearest[j]).toBe(0)
        })
      }),
    )
  })

  it('pruning changes nothing, bit for bit', () => {
    fc.assert(
      fc.property(factors, fc.integer({ min: 1, max: 24 }), fc.nat(), ({ features, left }, k, seed) => {
        const run = (prune: boolean) => {
          const space = selectionSpace(features, { left, prune })
          const nearest = new Float64Array(features.rows).fill(Infinity)
          const picks = kMeansPlusPlus(space, k, 'max-norm', randomFrom(seed))
          for (const pick of picks.subarray(0, 3)) space.relax(pick, nearest)
          return { picks, nearest, farthest: kCenterGreedy(space, [0], k) }
        }
        expect(run(true)).toEqual(run(false))
      }),
    )
  })

  it('pruning changes nothing for a large pool', () => {
    const random = randomFrom('large')
    const features = toFloat32({ ...normals(random, 1500, 40), rows: 1500 })
    const left = normals(random, 1500, 8)
    const picks = [true, false].map((prune) => [
      ...kMeansPlusPlus(selectionSpace(features, { left, prune }), 120, 'max-norm', randomFrom(1)),
    ])
    expect(picks[0]).toEqual(picks[1])
  })

  it('BADGE picks do not depend on the scale of the features (A§19.14)', () => {
    fc.assert(
      fc.property(factors, fc.constantFrom(0.125, 2, 1024), fc.nat(), ({ features, left }, factor, seed) => {
        const scaled = { ...features, data: features.data.map((value) => value * factor) } as Matrix
        const picks = [features, scaled].map((m) => [...kMeansPlusPlus(selectionSpace(m, { left }), 6, 'max-norm', randomFrom(seed))])
        expect(picks[0]).toEqual(picks[1])
      }),
    )
  })
})

describe('k-means++', () => {
  it('picks distinct points, duplicates of picks only when nothing else is left (A§19.13)', () => {
    fc.assert(
      fc.property(clouds, fc.integer({ min: 0, max: 30 }), fc.nat(), (m, k, seed) => {
        const picks = [...kMeansPlusPlus(selectionSpace(m), k, 'max-norm', randomFrom(seed))]
        expect(new Set(picks).size).toBe(Math.min(k, m.rows))
        const seen = new Set<string>()
        const all = new Set(wholeCloud(m).map((row) => JSON.stringify(row.map((x) => x + 0))))
        for (const pick of picks) {
          const key = JSON.stringify(wholeCloud(m)[pick].map((x) => x + 0))
          if (seen.has(key)) expect(seen.size).toBe(all.size)
          seen.add(key)
        }
      }),
    )
  })
})

describe('greedy k-centre', () => {
  it('agrees with the definition', () => {
    fc.assert(
      fc.property(clouds, fc.integer({ min: 1, max: 10 }), (m, k) => {
        const centers = [0]
        const { picks, radii } = kCenterGreedy(selectionSpace(m), centers, k)
        expect(picks).toHaveLength(Math.min(k, m.rows - 1))
        picks.forEach((pick, t) => {
          const reach = (i: number): number => Math.min(...centers.map((c) => distance(m, i, c)))
          const left = Array.from({ length: m.rows }, (_, i) => i).filter((i) => !centers.includes(i))
          expect(radii[t]).toBeCloseTo(reach(pick), 6)
          expect(reach(pick)).toBeGreaterThanOrEqual(Math.max(...left.map(reach)) - 1e-6)
          centers.push(pick)
        })
      }),
    )
  })

  it('covers no worse with more centres, and at most twice the best radius (A§19.11)', () => {
    const small = fc
      .record({ rows: fc.integer({ min: 3, max: 9 }), seed: fc.nat() })
      .map(({ rows, seed }) => normals(randomFrom(seed), rows, 2))
    fc.assert(
      fc.property(small, fc.integer({ min: 1, max: 3 }), (m, k) => {
        const radius = (centers: readonly number[]): number =>
          Math.max(...Array.from({ length: m.rows }, (_, i) => Math.min(...centers.map((c) => distance(m, i, c)))))
        const greedy = (b: number): number => radius([...kCenterGreedy(selectionSpace(m), [], b, 0).picks])
        for (let b = 1; b < k; b++) expect(greedy(b + 1)).toBeLessThanOrEqual(greedy(b))
        const best = Math.min(...subsets(m.rows, k).map(radius))
        expect(greedy(k)).toBeLessThanOrEqual(2 * best + 1e-9)
      }),
    )
  })

  it('a duplicate of a centre waits for every farther point (A§19.11)', () => {
    fc.assert(
      fc.property(clouds, (m) => {
        const doubled: Matrix = { data: Float64Array.from([...m.data.subarray(0, m.cols), ...m.data]), rows: m.rows + 1, cols: m.cols }
        const { picks, radii } = kCenterGreedy(selectionSpace(doubled), [0], m.rows)
        const place = picks.indexOf(1)
        expect(radii[place]).toBe(0)
        expect(radii.subarray(place).every((radius) => radius === 0)).toBe(true)
      }),
    )
  })
})

describe('k-means', () => {
  it('takes the steps of Lloyd without bounds', () => {
    // Continuous points, so that no distance ties; a case in which a cluster runs empty is left out.
    const continuous = fc.record({ rows: fc.integer({ min: 5, max: 60 }), cols: fc.integer({ min: 1, max: 4 }), seed: fc.nat() })
    fc.assert(
      fc.property(continuous, fc.integer({ min: 1, max: 5 }), ({ rows, cols, seed }, k) => {
        const m = normals(randomFrom(seed), rows, cols)
        const { assignment, centroids } = kMeans(m, k, { random: randomFrom(seed) })
        const points = wholeCloud(m)
        let centers = [...kMeansPlusPlus(selectionSpace(m), k, 'uniform', randomFrom(seed))].map((i) => points[i])
        let plain: number[] = []
        for (let step = 0; step < 100; step++) {
          const away = (a: number[], b: number[]): number => a.reduce((sum, x, t) => sum + (x - b[t]) ** 2, 0)
          const next = points.map((point) =>
            centers.reduce((best, center, c) => (away(point, center) < away(point, centers[best]) ? c : best), 0),
          )
          if (next.every((c, i) => c === plain[i])) break
          plain = next
          centers = centers.map((_, c) => {
            const members = points.filter((__, i) => plain[i] === c)
            fc.pre(members.length > 0)
            return members[0].map((__, t) => members.reduce((sum, member) => sum + member[t], 0) / members.length)
          })
        }
        expect([...assignment]).toEqual(plain)
        centers.flat().forEach((value, t) => expect(centroids.data[t]).toBeCloseTo(value, 9))
      }),
    )
  })
})

it('kernels of the space are asked for surviving rows only, into the same buffers', () => {
  const m = normals(randomFrom('buffers'), 50, 8)
  const outs = new Set<Float64Array>()
  const space = selectionSpace(m, {
    kernels: {
      open(matrix) {
        const products = plainKernels.open(matrix)
        return (j, rows, count, out) => {
          expect(count).toBeLessThanOrEqual(50)
          outs.add(out)
          products(j, rows, count, out)
        }
      },
    },
  })
  kMeansPlusPlus(space, 20, 'uniform', randomFrom(0))
  expect(outs.size).toBe(1)
})

function subsets(n: number, k: number, from = 0): number[][] {
  if (k === 0) return [[]]
  return Array.from({ length: Math.max(0, n - from) }, (_, i) => from + i).flatMap((first) =>
    subsets(n, k - 1, first + 1).map((rest) => [first, ...rest]),
  )
}
