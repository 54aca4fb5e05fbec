import { badInput } from '../core/errors'
import { randomFrom } from '../core/random'
import { initialRows, without } from './partition'

/** Rows of each part, ascending. */
export interface DrawnSplit {
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly test: Int32Array
}

/**
 * Deals out the rows of a training array with labels (n): test and validation rows are drawn by the seed, counts or fractions below
 * 1, at random or with every class in its share; the rest trains. Rows without a label only train.
 */
export function drawSplit(
  labels: Int32Array,
  classes: number,
  { validation, test, seed, stratified }: { validation: number; test: number; seed: number; stratified: boolean },
): DrawnSplit {
  const all = Int32Array.from(labels.keys())
  const labelled = all.filter((row) => labels[row] >= 0)
  const countOf = (asked: number): number => (asked < 1 ? Math.round(asked * labelled.length) : asked)
  const [forTest, forValidation] = [countOf(test), countOf(validation)]
  for (const [path, asked] of Object.entries({ test: forTest, validation: forValidation }))
    if (!Number.isInteger(asked))
      throw badInput(`${asked} is no number of rows`, { path, found: String(asked), expected: 'a whole number, or a fraction below 1' })
  if (forTest + forValidation >= labels.length || forTest + forValidation > labelled.length)
    throw badInput(
      `test and validation take ${forTest + forValidation} of ${labelled.length} rows with a label; none is left to train on`,
      {
        path: 'test',
        found: String(forTest + forValidation),
        expected: `at most ${Math.min(labelled.length, labels.length - 1)} in all`,
      },
    )
  const random = randomFrom(seed)
  const sampling = stratified ? 'stratified' : 'random'
  const draw = (from: Int32Array, count: number, name: string): Int32Array =>
    count === 0 ? new Int32Array(0) : initialRows(from, labels, classes, count, sampling, random.fork('split', name)).sort()
  const testRows = draw(labelled, forTest, 'test')
  const validationRows = draw(without(labelled, testRows), forValidation, 'validation')
  return { train: without(without(all, testRows), validationRows), validation: validationRows, test: testRows }
}
