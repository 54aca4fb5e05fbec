import { badInput, type QuerentError } from '../core/errors'
import { matrix, type Matrix } from '../core/matrix'

export type NumericData = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array

/** Number types of array files. 16-bit floats are widened to float32 and 64-bit integers to float64 when they are read. */
export type DType =
  'bool' | 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'float16' | 'bfloat16' | 'float32' | 'float64'

/** A dense row-major array as it came from a file; `dtype` is the file's number type. */
export interface NumericArray {
  readonly data: NumericData
  readonly shape: readonly number[]
  readonly dtype: DType
}

export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? 'a single number' : shape.join('×'))

/** Index of every axis of the flat position, as `row 3, column 1` counted from 0. */
export function placeOf(position: number, shape: readonly number[]): string {
  const names =
    shape.length === 1 ? ['row'] : shape.length === 2 ? ['row', 'column'] : ['row', ...shape.slice(1).map((_, i) => `axis ${i + 1}`)]
  const parts: string[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    parts.unshift(`${names[axis]} ${position % shape[axis]}`)
    position = Math.floor(position / shape[axis])
  }
  return parts.join(', ')
}

/** Refuses NaN and infinities, naming the first by row and column (from 0). */
export function requireFinite(array: NumericArray, name: string, refusal = nonFinite): void {
  const { data, shape } = array
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) throw refusal(data[i], placeOf(i, shape), name)
}

export const nonFinite = (value: number, place: string, name: string, expected = 'a finite number'): QuerentError =>
  badInput(`${name}: the value at ${place} is ${value}`, { file: name, path: place, found: String(value), expected })

/** What inputs of a data set are told: only tables have a place for missing values. */
export const nonFiniteInput = (value: number, place: string, name: string): QuerentError =>
  nonFinite(
    value,
    place,
    name,
    Number.isNaN(value)
      ? 'a finite number; where NaN stands for a missing value, import the data as tabular (querent datasets import … --kind tabular)'
      : undefined,
  )

/** n × d float64 copy of an array of rank 2 (or 1, as a column); refuses other ranks and non-finite values. */
export function toMatrix(array: NumericArray, name: string): Matrix<Float64Array> {
  const { shape } = array
  if (shape.length !== 2 && shape.length !== 1)
    throw badInput(`${name}: a table of rows and columns is needed`, { file: name, found: shapeText(shape), expected: 'two axes' })
  requireFinite(array, name)
  return matrix(Float64Array.from(array.data), shape[0], shape[1] ?? 1)
}

/** The values as integers; refuses anything else, naming the first offending place. */
export function toIntegers(array: NumericArray, name: string): Int32Array {
  const { data, shape } = array
  const out = new Int32Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const value = data[i]
    if (value !== (value | 0))
      throw badInput(`${name}: the value at ${placeOf(i, shape)} is ${value}`, {
        file: name,
        path: placeOf(i, shape),
        found: String(value),
        expected: 'an integer',
      })
    out[i] = value
  }
  return out
}
