import { badInput } from '../core/errors'
import { dot, meanRow } from '../core/linear'
import type { Matrix } from '../core/matrix'
import { classesOf, logme, requireFiniteRows, type Classes, type LogMe, type LogMeOptions } from './logme'

export interface PedOptions {
  /** Features (M × D) whose mean and standard deviation give the scale of each dimension; default: the features themselves. */
  readonly background?: Matrix
  /** How many radii reach the border of a class; default 0.6. */
  readonly nSigma?: number
  /** Time of one step; default 0.1. */
  readonly dt?: number
  /** Force per overlap; default 1. */
  readonly constant?: number
  /** A step that moves no more than this share of the first one ends the descent; default 0.5. */
  readonly exitRatio?: number
  /** Most steps taken; default 6. */
  readonly steps?: number
}

export interface PedMove {
  /** the features after the accepted steps (N × D) */
  readonly features: Matrix<Float64Array>
  /** accepted steps */
  readonly steps: number
  /** sum of the absolute displacements of every step tried, in standardised units; the last one may not have been accepted */
  readonly displacements: readonly number[]
}

/**
 * Potential energy decline: classes whose balls overlap are pushed apart along the line of their centres, all rows of a class alike
 * (Li et al. 2023; A§12.4). Classes that do not overlap stay, and pairs with one centre are skipped.
 */
export function ped(features: Matrix, labels: ArrayLike<number>, classes: number, options: PedOptions = {}): PedMove {
  const { background = features, steps: most = 6, exitRatio = 0.5 } = options
  const present = classesOf(features, labels, classes)
  const { cols } = features
  if (background.cols !== cols)
    throw badInput(`the background has ${background.cols} features, the features have ${cols}`, {
      found: `${background.cols} columns`,
      expected: `${cols} columns`,
    })
  requireFiniteRows(background, 'background feature')
  const mean = meanRow(background)
  const scale = deviations(background, mean).map((deviation) => Math.max(deviation, 1e-3))
  const balls = ballsOf(features, present, mean, scale)
  const shifts = present.labels.map(() => new Float64Array(cols))
  const displacements: number[] = []
  let steps = 0
  while (steps < most) {
    const pushes = pushesOf(balls, options)
    displacements.push(pushes.reduce((sum, push) => push.reduce((a, b) => a + Math.abs(b), sum), 0))
    if (!(displacements[steps] / displacements[0] > exitRatio)) break
    pushes.forEach((push, c) => {
      for (let j = 0; j < cols; j++) {
        balls[c].center[j] += push[j]
        shifts[c][j] += push[j]
      }
    })
    steps++
  }
  const data = Float64Array.from(features.data)
  for (let i = 0; i < features.rows; i++) {
    const shift = shifts[present.places[i]]
    for (let j = 0; j < cols; j++) data[i * cols + j] += shift[j] * scale[j]
  }
  return { features: { data, rows: features.rows, cols }, steps, displacements }
}

export interface PedLogMe extends LogMe {
  readonly steps: number
  readonly displacements: readonly number[]
}

/** LogME of the features after potential energy decline (A§12.4). */
export function pedLogme(
  features: Matrix,
  labels: ArrayLike<number>,
  classes: number,
  { variant, ...options }: PedOptions & LogMeOptions = {},
): PedLogMe {
  const { features: moved, steps, displacements } = ped(features, labels, classes, options)
  return { ...logme(moved, labels, classes, { variant }), steps, displacements }
}

/** A class in standardised features: all its rows within about `radius` of `center` (D). */
interface Ball {
  readonly center: Float64Array
  readonly radius: number
}

/** Centres, and radii as the root of the summed population variances; a shift of a class changes no radius. */
function ballsOf({ data, cols }: Matrix, { labels, places }: Classes, mean: Float64Array, scale: Float64Array): Ball[] {
  const members = labels.map((): number[] => [])
  places.forEach((place, i) => members[place].push(i))
  return members.map((own) => {
    const center = new Float64Array(cols)
    for (const i of own) for (let j = 0; j < cols; j++) center[j] += (data[i * cols + j] - mean[j]) / scale[j] / own.length
    let variance = 0
    for (const i of own) {
      for (let j = 0; j < cols; j++) variance += ((data[i * cols + j] - mean[j]) / scale[j] - center[j]) ** 2 / own.length
    }
    return { center, radius: Math.sqrt(variance) }
  })
}

/** Displacement of every class (C × D) in one step. */
function pushesOf(balls: readonly Ball[], { nSigma = 0.6, dt = 0.1, constant = 1 }: PedOptions): Float64Array[] {
  return balls.map((own) => {
    const push = new Float64Array(own.center.length)
    for (const other of balls) {
      const apart = own.center.map((value, j) => value - other.center[j])
      const distance = Math.sqrt(dot(apart, 0, apart, 0, apart.length))
      const overlap = nSigma * (own.radius + other.radius) - distance
      if (distance === 0 || overlap <= 0) continue
      const length = Math.min((dt * dt * constant * overlap) / 2, overlap)
      for (let j = 0; j < push.length; j++) push[j] += (apart[j] / distance) * length
    }
    return push
  })
}

/** Population standard deviation of every column (D). */
function deviations({ data, rows, cols }: Matrix, mean: Float64Array): Float64Array {
  const squares = new Float64Array(cols)
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) squares[j] += (data[i * cols + j] - mean[j]) ** 2
  return squares.map((sum) => Math.sqrt(sum / rows))
}
