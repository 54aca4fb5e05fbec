import { throwIfCancelled, unsupported } from '../core/errors'
import type { SelectionKernels } from '../core/distances'
import { kMeans } from '../core/kMeans'
import { requireFinite, squaredNorms, unitRows } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { z } from '../core/zod'
import type { Query, Strategy } from './contract'
import { openGraph, openSquaredDistances, type Graph } from './deltaGraph'
import { batchSize, noRows, poolRows, withLabeled } from './query'
import { lengthParam } from './typiclust'

const params = z.strictObject({
  delta: z.number().min(1e-9).max(1e9).optional().meta({
    title: 'Radius δ',
    description: 'A sample covers what is nearer than this; left out: the largest radius whose balls are pure (`purity`).',
  }),
  purity: z.number().min(0.5).max(1).default(0.95).meta({
    title: 'Purity',
    description: 'Share of balls that must lie within one k-means cluster when the radius is chosen; as many clusters as classes.',
  }),
  normalize: lengthParam,
})

/** Balls that are looked at to choose the radius. */
const mostBalls = 1000

/**
 * The largest radius at which a share `purity` of the balls around `centers` holds no point of another group (A§10.2): the quantile
 * of the distances to the nearest stranger. With a single group every ball is pure, and the radius covers everything.
 */
export function pureRadius(
  points: Matrix,
  groups: ArrayLike<number>,
  purity: number,
  { centers, kernels }: { readonly centers?: Int32Array; readonly kernels?: SelectionKernels } = {},
): number {
  const n = points.rows
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const distances = openSquaredDistances(points, kernels)
  const out = new Float64Array(n)
  let widest = 0
  const strangers = Float64Array.from(centers ?? all, (center) => {
    distances(center, all, n, out)
    let nearest = Infinity
    for (let j = 0; j < n; j++) {
      if (groups[j] !== groups[center]) nearest = Math.min(nearest, out[j])
      widest = Math.max(widest, out[j])
    }
    return Math.sqrt(nearest)
  }).sort()
  const radius = strangers[Math.min(strangers.length - 1, Math.floor((1 - purity) * strangers.length + 1e-9))]
  return radius < Infinity ? radius : 2 * Math.sqrt(widest) + 1
}

/** The radius chosen from the pool: balls against k-means pseudo-labels, as many as there are classes. */
function chosenRadius({ classes, random, kernels, signal }: Query, points: Matrix, purity: number, rows: Int32Array): number {
  if (classes < 1)
    throw unsupported('probcover chooses its radius from as many clusters as there are classes: the number of classes is not known', {
      path: 'delta',
      expected: '--delta',
    })
  const { assignment } = kMeans(points, classes, { random, kernels, signal, rows })
  const centers = points.rows > mostBalls ? random.sample(points.rows, mostBalls).sort() : undefined
  return pureRadius(points, assignment, purity, { centers, kernels })
}

/** What greedy coverage gives: picks in order, the points that each newly covers, the gain of every vertex before the first pick. */
export interface Coverage {
  readonly picks: Int32Array
  readonly gains: Int32Array
  readonly first: Int32Array
  /** share of the points that are covered at the end */
  readonly covered: number
}

/**
 * Greedy maximum coverage (A§10.2) among the first `candidates` points; the others are labelled and cover from the start. Where
 * nothing is left to cover, the highest degree counts, and `draw` among equals.
 */
export function coverGreedily(
  graph: Graph,
  candidates: number,
  k: number,
  draw: (n: number) => number,
  check: () => void = () => undefined,
): Coverage {
  const n = graph.size
  const gain = graph.degrees.slice()
  const isCovered = new Uint8Array(n)
  const isPicked = new Uint8Array(n)
  let covered = 0
  const cover = (vertex: number): void => {
    for (const point of graph.neighbours(vertex)) {
      if (isCovered[point] === 1) continue
      isCovered[point] = 1
      covered++
      for (const other of graph.neighbours(point)) gain[other]--
    }
  }
  for (let vertex = candidates; vertex < n; vertex++) {
    check()
    if (graph.degrees[vertex] > 0) cover(vertex)
  }
  const first = gain.slice(0, candidates)
  const best = (values: Int32Array): number => {
    let found = -1
    for (let i = 0; i < candidates; i++) if (isPicked[i] === 0 && (found < 0 || values[i] > values[found])) found = i
    return found
  }
  const picks = new Int32Array(Math.min(k, candidates))
  const gains = new Int32Array(picks.length)
  for (let t = 0; t < picks.length; t++) {
    check()
    let pick = best(gain)
    if (gain[pick] === 0) {
      const degree = graph.degrees[best(graph.degrees)]
      const equals = Array.from({ length: candidates }, (_, i) => i).filter((i) => isPicked[i] === 0 && graph.degrees[i] === degree)
      pick = equals[draw(equals.length)]
    }
    picks[t] = pick
    gains[t] = gain[pick]
    isPicked[pick] = 1
    if (gain[pick] > 0) cover(pick)
  }
  return { picks, gains, first, covered: n === 0 ? 0 : covered / n }
}

/** Samples whose neighbourhoods cover most of what no labelled sample covers (A§10.2). Scores: points covered before the batch. */
export const probcover: Strategy<z.infer<typeof params>> = {
  id: 'probcover',
  title: 'ProbCover',
  summary: 'Labels the samples whose neighbourhoods cover most of the pool: made for the first few labels; needs no model.',
  sources: [
    {
      authors: 'Yehuda, Dekel, Hacohen, Weinshall',
      title: 'Active learning through a covering lens',
      venue: 'NeurIPS',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.11320',
    },
  ],
  params,
  needs: () => [],
  effective: ({ delta, purity, normalize }) => ({ normalize, ...(delta === undefined ? { purity } : { delta }) }),
  modelFree: true,
  async select(query, { delta, purity, normalize }) {
    throwIfCancelled(query.signal)
    const { pool, kernels, random, signal } = query
    if (pool.length === 0) return noRows
    const rows = withLabeled(query)
    const given = query.features(rows)
    requireFinite(squaredNorms(given), 'the squared norm of the features', rows)
    return query.time('choose', () => {
      const points = normalize === 'unit' ? unitRows(given) : given
      const radius = delta ?? chosenRadius(query, points, purity, rows)
      const graph = openGraph(points, radius, { kernels, signal })
      const { picks, first, covered } = coverGreedily(
        graph,
        pool.length,
        batchSize(query),
        (n) => random.int(n),
        () => throwIfCancelled(signal),
      )
      return { rows: poolRows(query, picks), scores: Float64Array.from(first), diagnostics: { delta: radius, coverage: covered } }
    })
  },
}
