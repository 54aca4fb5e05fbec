import type { SelectionKernels } from '../core/distances'
import type { Matrix } from '../core/matrix'
import { takeRows } from '../core/matrix'
import { randomFrom } from '../core/random'
import { nearestNeighbours, type Neighbours } from './neighbours'
import { placeByNearest } from './placement'
import { principalComponents } from './principalComponents'
import { tsne } from './tsne'
import { umap } from './umap'

export const mapMethods = ['pca', 'tsne', 'umap'] as const
export type MapMethod = (typeof mapMethods)[number]

/** A state of a map while it is made. */
export interface MapFrame {
  /** places of some rows or all, ascending; rows that are not among them have no place yet */
  readonly rows: Int32Array
  /** two coordinates per row of `rows` */
  readonly positions: Float32Array
  /** 0 … 1 */
  readonly progress: number
}

export interface MapOptions {
  readonly method: MapMethod
  readonly seed: number
  readonly kernels: SelectionKernels
}

/** Principal components that t-SNE and UMAP see, as their authors' protocols have it (A§14). */
const mostComponents = 50
/** Beyond this many rows a random part is laid out and the others take the place of their nearest ones: the graph costs n². */
const mostLaidOut = 12_000
const tsneIterations = 500
const framesPerMap = 50

/**
 * One fixed map of rows (n × d): yields frames, the last of which has every row and progress 1. For looking only: no measure is computed
 * on a map (A§14). Between frames it yields null, so that a host can breathe and stop it.
 */
export function* layoutMap(features: Matrix, { method, seed, kernels }: MapOptions): Generator<MapFrame | null, void> {
  const random = randomFrom(seed).fork('map', method)
  const n = features.rows
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const wide = principalComponents(features, method === 'pca' ? 2 : Math.min(mostComponents, features.cols), random.fork('axes'))
  if (method === 'pca' || n < 4) return void (yield { rows: all, positions: firstTwo(wide), progress: 1 })

  const rows = n <= mostLaidOut ? all : random.fork('rows').sample(n, mostLaidOut).sort()
  const laidOut = rows === all ? wide : takeRows(wide, rows)
  const start = firstTwo(laidOut)
  const frame = (positions: ArrayLike<number>, progress: number): MapFrame => ({ rows, positions: Float32Array.from(positions), progress })
  yield frame(start, 0)

  const perplexity = Math.min(30, (laidOut.rows - 1) / 3)
  const graph = yield* silently(nearestNeighbours(laidOut, method === 'tsne' ? Math.ceil(3 * perplexity) : 15, kernels))
  const steps = method === 'tsne' ? tsneIterations : laidOut.rows > 5000 ? 200 : 500
  const every = Math.max(1, Math.floor(steps / framesPerMap))
  const states =
    method === 'tsne'
      ? tsne(graph, { start: scaled(start, 1e-4), perplexity, iterations: steps, every: 1 })
      : umap(graph, { start: scaled(start, 3), epochs: steps, every: 1, random: random.fork('edges') })
  let step = 0
  let positions: ArrayLike<number> = start
  for (const state of states) {
    positions = state
    step++
    yield step % every === 0 && step < steps ? frame(state, step / steps) : null
  }
  if (rows === all) return void (yield frame(positions, 1))
  yield { rows: all, positions: yield* placeByNearest(wide, rows, positions, kernels), progress: 1 }
}

function* silently(search: Generator<number, Neighbours>): Generator<null, Neighbours> {
  for (;;) {
    const next = search.next()
    if (next.done === true) return next.value
    yield null
  }
}

function firstTwo({ data, rows, cols }: Matrix): Float32Array {
  const out = new Float32Array(2 * rows)
  for (let i = 0; i < rows; i++) for (let axis = 0; axis < Math.min(2, cols); axis++) out[2 * i + axis] = data[i * cols + axis]
  return out
}

/** Positions with the given standard deviation on the wider axis. */
function scaled(positions: Float32Array, deviation: number): Float64Array {
  let widest = 0
  for (const axis of [0, 1]) {
    let sum = 0
    let squares = 0
    for (let t = axis; t < positions.length; t += 2) {
      sum += positions[t]
      squares += positions[t] ** 2
    }
    const n = positions.length / 2
    widest = Math.max(widest, Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2)))
  }
  const scale = widest > 0 ? deviation / widest : 0
  return Float64Array.from(positions, (value) => value * scale)
}
