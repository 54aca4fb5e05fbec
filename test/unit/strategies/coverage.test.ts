import { describe, expect, it } from 'vitest'
import { randomFrom } from '@engine/core/random'
import { createSelectionKernels } from '@backends/kernels/selection'
import { openGraph } from '@engine/strategies/deltaGraph'
import { coverGreedily, probcover, pureRadius } from '@engine/strategies/probcover'
import { typicalities, typiclust } from '@engine/strategies/typiclust'
import { matrixOf, normals, range, sampleQuery, randomSamples, toFloat32, arrayQuery, arrayView } from '../../support/query'
import { refusal } from '../../support/errors'

const lowest = (): number => 0

describe('TypiClust', () => {
  // E11
  const points = matrixOf([
    [0, 0],
    [0.1, 0],
    [0, 0.1],
    [1, 1],
    [1.1, 1],
    [3, 3],
  ])

  it('finds the row with the nearest neighbours', () => {
    const one = new Int32Array(6)
    const distances = typicalities(points, one, { neighbours: 2, squared: false })
    const squares = typicalities(points, one, { neighbours: 2, squared: true })
    expect(distances[0]).toBeCloseTo(9.999, 3)
    expect(squares[0]).toBeCloseTo(99.9, 3)
    for (const scores of [distances, squares]) expect(Math.max(...scores)).toBe(scores[0])
  })

  it('is 0 for a row that is alone in its cluster, and large but finite for equal rows', () => {
    const scores = typicalities(matrixOf([[1], [2], [2], [2]]), [0, 1, 1, 1], { neighbours: 20, squared: false })
    expect([...scores].map(Math.round)).toEqual([0, 1e5, 1e5, 1e5])
  })

  /** `size` points around each of the centres (0, 0), (100, 0), (200, 0) …, blob after blob. */
  const blobs = (count: number, size: number) => {
    const m = normals(randomFrom('blobs'), count * size, 2)
    for (let i = 0; i < m.rows; i++) m.data[2 * i] += 100 * Math.floor(i / size)
    return m
  }
  const select = (inputs: ReturnType<typeof blobs>, k: number, labeled: number[], given: object = {}) =>
    typiclust.select(
      arrayQuery({
        pool: range(0, inputs.rows).filter((row) => !labeled.includes(row)),
        labeled: Int32Array.from(labeled),
        k,
        model: arrayView({}),
        inputs,
        random: randomFrom('typiclust'),
        ...('clusters' in given ? { clusters: given.clusters as Int32Array } : {}),
      }),
      typiclust.params.parse({ normalize: 'none' }),
    )

  it('picks one row of each well separated blob (A§19.25)', async () => {
    const { rows } = await select(blobs(7, 12), 7, [])
    expect([...rows].map((row) => Math.floor(row / 12)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('asks clusters without labels first, then large ones, and small ones only when nothing else is left', async () => {
    const clusters = Int32Array.from([...Array<number>(8).fill(4), ...Array<number>(10).fill(9), ...Array<number>(6).fill(2), 7, 7, 7])
    const inputs = normals(randomFrom('given'), clusters.length, 3)
    const { rows } = await select(inputs, 26, [9], { clusters })
    const order = [...rows].map((row) => clusters[row])
    expect(order.slice(0, 6)).toEqual([4, 2, 9, 4, 2, 9])
    expect(order.slice(0, 23)).not.toContain(7)
    expect(order.slice(23)).toEqual([7, 7, 7])
  })

  it('takes many equal rows of one cluster in order', async () => {
    const inputs = matrixOf(Array.from({ length: 300 }, () => [1, 2]))
    const { rows } = await select(inputs, 250, [], { clusters: new Int32Array(300) })
    expect([...rows]).toEqual([...range(0, 250)])
  })

  it('cuts a large pool into many clusters by mini-batches', async () => {
    const { rows, diagnostics } = await select(blobs(80, 10), 80, [])
    expect(diagnostics).toEqual({ clusters: 80 })
    expect(new Set([...rows].map((row) => Math.floor(row / 10))).size).toBeGreaterThan(60)
  })
})

describe('ProbCover', () => {
  // E12
  const line = matrixOf([[0], [0.4], [0.8], [1], [2], [2.3]])

  it('covers a line from its densest point', () => {
    const graph = openGraph(line, 0.5)
    expect([...graph.degrees]).toEqual([2, 3, 3, 2, 2, 2])
    const { picks, gains, covered } = coverGreedily(graph, 6, 2, lowest)
    expect([...picks]).toEqual([1, 4])
    expect([...gains]).toEqual([3, 2])
    expect(covered).toBeCloseTo(5 / 6)
  })

  it.each([0, 40, 1e9])('joins the same neighbours when %i edges are kept, in both number types', (keep) => {
    const points = normals(randomFrom('graph'), 120, 3)
    const graph = openGraph(points, 1, { keep })
    const fast = openGraph(toFloat32(points), 1, { keep, kernels: createSelectionKernels() })
    for (let i = 0; i < points.rows; i++) {
      const near = [...range(0, 120)].filter(
        (j) => Math.hypot(...[0, 1, 2].map((c) => points.data[3 * i + c] - points.data[3 * j + c])) < 1,
      )
      expect([...graph.neighbours(i)]).toEqual(near)
      expect([...fast.neighbours(i)]).toEqual(near)
      expect(graph.degrees[i]).toBe(near.length)
    }
  })

  it('gains do not grow, the first pick has the highest degree, labelled points are never returned (A§19.26)', () => {
    const graph = openGraph(normals(randomFrom('cover'), 200, 2), 0.6)
    const { picks, gains } = coverGreedily(graph, 180, 40, lowest)
    expect(new Set(picks).size).toBe(40)
    expect(picks.every((i) => i < 180)).toBe(true)
    gains.forEach((gain, t) => t > 0 && expect(gain).toBeLessThanOrEqual(gains[t - 1]))
    const fresh = coverGreedily(graph, 200, 1, lowest)
    expect(graph.degrees[fresh.picks[0]]).toBe(Math.max(...graph.degrees))
    let before = 0
    for (const k of [1, 5, 20, 60]) {
      const { covered } = coverGreedily(graph, 200, k, lowest)
      expect(covered).toBeGreaterThanOrEqual(before)
      before = covered
    }
  })

  it('picks the last rows of the pool when they cover most', () => {
    const points = matrixOf([...Array.from({ length: 700 }, (_, i) => [10 * i]), ...Array.from({ length: 30 }, (_, i) => [-1 - i / 100])])
    expect(coverGreedily(openGraph(points, 0.5), 730, 1, lowest).picks[0]).toBeGreaterThanOrEqual(700)
  })

  it('goes by degree when nothing is left to cover, and draws among equals', () => {
    // 6 is labelled and covers 0 … 5, of which 2 has the most neighbours
    const points = matrixOf([[0], [0.1], [0.5], [0.9], [1], [1.05], [0.5]])
    const { picks, gains } = coverGreedily(openGraph(points, 0.6), 6, 3, (n) => n - 1)
    expect([...gains]).toEqual([0, 0, 0])
    expect(picks[0]).toBe(2)
    expect(new Set(picks).size).toBe(3)
  })

  it('chooses the largest radius whose balls are pure', () => {
    // The nearest strangers of 0, 1 | 3, 10 are 3, 2 | 2, 9 away.
    const points = matrixOf([[0], [1], [3], [10]])
    const groups = [0, 0, 1, 1]
    expect(pureRadius(points, groups, 1)).toBe(2)
    expect(pureRadius(points, groups, 0.5)).toBe(3)
    expect(pureRadius(points, groups, 0.75)).toBe(2)
    expect(pureRadius(points, [0, 0, 0, 0], 0.95)).toBeGreaterThan(10)
  })

  it('names the radius and the coverage; refuses to choose one for an unknown number of classes', async () => {
    const samples = randomSamples('radius', 80)
    const { diagnostics } = await probcover.select(sampleQuery(samples, { k: 4, labeled: 3 }), probcover.params.parse({}))
    expect(diagnostics?.delta).toBeGreaterThan(0)
    expect(diagnostics?.coverage).toBeGreaterThan(0)
    const query = sampleQuery(samples, { k: 4, classes: 0 })
    expect(await refusal(() => probcover.select(query, probcover.params.parse({})))).toMatchObject({ code: 'unsupported' })
    expect((await probcover.select(query, probcover.params.parse({ delta: 1 }))).rows).toHaveLength(4)
  })
})
