import { badInput } from '@engine/core/errors'
import type { Matrix } from '@engine/core/matrix'
import { matrix } from '@engine/core/matrix'
import { requireFinite, shapeText, toIntegers, toMatrix, type NumericArray } from '@engine/data/numericArray'
import { readArray, splitReference } from '@engine/data/readArray'
import { checkRows, readRowsFile } from '@engine/data/rowFiles'
import { readBytes } from '../../node/datasets/files'
import type { CliContext } from '../io'

/** The array a flag names; errors call it by the name the user gave. */
export function openArray(context: CliContext, reference: string): NumericArray {
  const { file } = splitReference(reference)
  return readArray(readBytes(context.resolve(file), file), reference)
}

/** n × d in float64, finite. */
export const openMatrix = (context: CliContext, reference: string): Matrix<Float64Array> =>
  toMatrix(openArray(context, reference), reference)

/** How far from 1 a row of probabilities may sum: half precision rounds to about 1e-3. */
export const probabilityTolerance = 1e-3

/** Refuses negative probabilities and rows that do not sum to 1. */
export function requireProbabilities({ data, rows, cols }: Matrix, name: string): void {
  for (let i = 0; i < rows; i++) {
    let sum = 0
    for (let c = 0; c < cols; c++) {
      const p = data[i * cols + c]
      if (p < 0)
        throw badInput(`${name}: the probability at row ${i}, column ${c} is negative`, {
          file: name,
          path: `row ${i}, column ${c}`,
          found: String(p),
          expected: '0 … 1',
        })
      sum += p
    }
    if (Math.abs(sum - 1) > probabilityTolerance)
      throw badInput(`${name}: row ${i} does not sum to 1; raw network outputs belong to --logits`, {
        file: name,
        path: `row ${i}`,
        found: String(sum),
        expected: `1 ± ${probabilityTolerance}`,
      })
  }
}

/** m matrices n × C of an m × n × C array. */
export function openPasses(context: CliContext, reference: string): Matrix<Float64Array>[] {
  const array = openArray(context, reference)
  const [passes, rows, cols] = array.shape
  if (array.shape.length !== 3)
    throw badInput(`${reference}: probabilities of several passes have three axes`, {
      file: reference,
      found: shapeText(array.shape),
      expected: 'passes × rows × classes',
    })
  requireFinite(array, reference)
  const size = rows * cols
  return Array.from({ length: passes }, (_, m) => {
    const pass = matrix(Float64Array.from(array.data.subarray(m * size, (m + 1) * size)), rows, cols)
    requireProbabilities(pass, `${reference}, pass ${m}`)
    return pass
  })
}

/** n class numbers below `classes`. */
export function openLabels(context: CliContext, reference: string, classes?: number): Int32Array {
  const array = openArray(context, reference)
  if (array.shape.length !== 1 && !(array.shape.length === 2 && array.shape[1] === 1))
    throw badInput(`${reference}: one class number per row is needed`, {
      file: reference,
      found: shapeText(array.shape),
      expected: 'one column',
    })
  const labels = toIntegers(array, reference)
  const bad = labels.findIndex((label) => label < 0 || (classes !== undefined && label >= classes))
  if (bad >= 0)
    throw badInput(`${reference}: the label of row ${bad} is ${labels[bad]}`, {
      file: reference,
      path: `row ${bad}`,
      found: String(labels[bad]),
      expected: classes === undefined ? 'a class number from 0' : `a class number 0 … ${classes - 1}`,
    })
  return labels
}

/** Rows of a flag: numbers like `0,3,7`, or a file of them. */
export function openRows(context: CliContext, value: string, flag: string, limit: number): Int32Array {
  if (value.trim() === '') return new Int32Array(0)
  if (/^\s*[+-]?\d+(\s*,\s*[+-]?\d+)*\s*$/.test(value)) return checkRows(value.split(',').map(Number), flag, limit)
  const { file } = splitReference(value)
  return readRowsFile(readBytes(context.resolve(file), file), value, limit)
}
