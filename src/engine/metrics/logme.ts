import { eigenCoordinates } from '../core/eigenvalues'
import { badInput } from '../core/errors'
import { columnGram, rowGram } from '../core/gram'
import type { Matrix } from '../core/matrix'

/** `public` adds (D − k)/2 · ln α for features of rank k below their width D, as the authors' code does; it is no evidence then (A§0.3). */
export const logMeVariants = ['exact', 'public'] as const
export type LogMeVariant = (typeof logMeVariants)[number]

export interface LogMeClass {
  readonly label: number
  readonly rows: number
  /** log evidence per row */
  readonly value: number
  /** precision of the weights */
  readonly alpha: number
  /** precision of the noise */
  readonly beta: number
}

export interface LogMe {
  /** mean over the classes that occur; higher = the features fit the labels better */
  readonly value: number
  readonly perClass: readonly LogMeClass[]
}

export interface LogMeOptions {
  /** default `exact` */
  readonly variant?: LogMeVariant
}

/**
 * Log evidence of a Bayesian linear model of each class's indicator on the features (N × D), in nats per row (You, Liu, Wang & Long 2021;
 * A§12.3). Classes without a row are left out; refuses features that are not finite and classes with one row.
 */
export function logme(features: Matrix, labels: ArrayLike<number>, classes: number, { variant = 'exact' }: LogMeOptions = {}): LogMe {
  const present = classesOf(features, labels, classes)
  const spectrum = spectrumOf(features, present)
  if (variant === 'public' && spectrum.rank === 0)
    throw badInput('the features are all zero: the public variant is not defined', { found: 'features of rank 0', expected: 'rank ≥ 1' })
  const perClass = present.labels.map((label, c) => evidenceOf(spectrum, label, present.counts[c], spectrum.fits[c], variant))
  return { value: perClass.reduce((sum, { value }) => sum + value, 0) / perClass.length, perClass }
}

/** The classes that occur, ascending, and where each row belongs. */
export interface Classes {
  readonly labels: readonly number[]
  /** rows of each */
  readonly counts: readonly number[]
  /** N: place of the row's class in `labels` */
  readonly places: Int32Array
}

/** Refuses what neither LogME nor PED can measure, naming the row or class. */
export function classesOf(features: Matrix, labels: ArrayLike<number>, classes: number): Classes {
  const { rows } = features
  if (labels.length !== rows)
    throw badInput(`there are ${labels.length} labels for ${rows} rows of features`, {
      found: `${labels.length} labels`,
      expected: `${rows}`,
    })
  requireFiniteRows(features, 'feature')
  const all = new Map<number, number>()
  for (let i = 0; i < rows; i++) {
    if (!(labels[i] >= 0 && labels[i] < classes))
      throw badInput(`the label of row ${i} is ${labels[i]}`, { path: `row ${i}`, found: `${labels[i]}`, expected: `0 … ${classes - 1}` })
    all.set(labels[i], (all.get(labels[i]) ?? 0) + 1)
  }
  const present = [...all.keys()].sort((a, b) => a - b)
  if (present.length === 0) throw badInput('LogME needs labelled rows', { found: 'no row', expected: 'at least 2 rows of each class' })
  const alone = present.find((label) => all.get(label) === 1)
  if (alone !== undefined)
    throw badInput(`class ${alone} has one row: LogME needs at least 2 rows of each class that occurs`, {
      path: `row ${Array.from(labels).indexOf(alone)}`,
      found: `1 row of class ${alone}`,
      expected: 'at least 2',
    })
  const placeOf = new Map(present.map((label, place) => [label, place]))
  const places = Int32Array.from({ length: rows }, (_, i) => placeOf.get(labels[i]) ?? 0)
  return { labels: present, counts: present.map((label) => all.get(label) ?? 0), places }
}

/** Refuses the first value that is not finite, by its row and column. */
export function requireFiniteRows({ data, rows, cols }: Matrix, what: string): void {
  for (let t = 0; t < rows * cols; t++) {
    if (Number.isFinite(data[t])) continue
    const path = `row ${Math.floor(t / cols)}, column ${t % cols}`
    throw badInput(`the ${what} at ${path} is ${data[t]}`, { path, found: String(data[t]), expected: 'a finite number' })
  }
}

/** Features in the coordinates of their singular vectors: all that the evidence of any class depends on. */
interface Spectrum {
  readonly rows: number
  readonly cols: number
  /** squared singular values σ² above rounding, k of them */
  readonly squares: Float64Array
  readonly rank: number
  /** (Uᵀ t)² of every class's indicator t, one array of k per class */
  readonly fits: readonly Float64Array[]
}

/** From the smaller Gram matrix, so N < D costs as little as N > D. */
function spectrumOf(features: Matrix, classes: Classes): Spectrum {
  const { rows, cols } = features
  const tall = rows > cols
  const { values, coordinates } = eigenCoordinates(
    tall ? columnGram(features) : rowGram(features),
    tall ? classSums(features, classes) : indicators(classes),
  )
  const largest = values.reduce((a, b) => Math.max(a, b), 0)
  const kept = Array.from(values.keys()).filter((i) => values[i] > largest * Math.max(rows, cols) * 2 ** -52)
  const squares = Float64Array.from(kept, (i) => values[i])
  const fits = classes.labels.map((_, c) =>
    // Fᵀ t has the coordinates σ Uᵀ t.
    Float64Array.from(kept, (i, k) => coordinates.data[i * coordinates.cols + c] ** 2 / (tall ? squares[k] : 1)),
  )
  return { rows, cols, squares, rank: kept.length, fits }
}

/** Which rows belong to each class (N × C). */
function indicators({ labels, places }: Classes): Matrix<Float64Array> {
  const data = new Float64Array(places.length * labels.length)
  for (let i = 0; i < places.length; i++) data[i * labels.length + places[i]] = 1
  return { data, rows: places.length, cols: labels.length }
}

/** Sum of the features of each class (D × C). */
function classSums({ data, rows, cols }: Matrix, { labels, places }: Classes): Matrix<Float64Array> {
  const sums = new Float64Array(cols * labels.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) sums[j * labels.length + places[i]] += data[i * cols + j]
  return { data: sums, rows: cols, cols: labels.length }
}

/** The fixed-point iteration of α and β, from 1, as in the authors' code: at most 11 times, to a relative change of α/β of 1e-3. */
function evidenceOf(
  { rows, cols, squares, rank }: Spectrum,
  label: number,
  count: number,
  fit: Float64Array,
  variant: LogMeVariant,
): LogMeClass {
  const outside = Math.max(0, count - fit.reduce((a, b) => a + b, 0))
  let [alpha, beta, weights, residual] = [1, 1, 0, 0]
  for (let pass = 0; pass < 11; pass++) {
    const ratio = alpha / beta
    let free = rows - rank
    let used = 0
    weights = 0
    residual = outside
    for (let i = 0; i < rank; i++) {
      const total = squares[i] + ratio
      used += squares[i] / total
      free += ratio / total
      weights += (squares[i] * fit[i]) / total ** 2
      residual += fit[i] * (ratio / total) ** 2
    }
    alpha = used / (weights + 1e-5)
    beta = free / (residual + 1e-5)
    if (Math.abs(alpha / beta - ratio) <= 1e-3 * ratio) break
  }
  let evidence = (rows / 2) * Math.log(beta / (2 * Math.PI)) - (beta * residual + alpha * weights) / 2
  for (let i = 0; i < rank; i++) evidence -= Math.log1p((squares[i] * beta) / alpha) / 2
  if (variant === 'public') evidence += ((cols - rank) / 2) * Math.log(alpha)
  return { label, rows: count, value: evidence / rows, alpha, beta }
}
