import { badInput, nearestName } from '../core/errors'
import type { Dataset, LabeledPool } from './dataset'
import { hashDataset, pureHasher, type Hasher } from './hash'

/**
 * The rows of some classes of a data set, named by position or name, in their order; the classes become 0, 1, …. Rows without a label
 * are left out. The result has a hash of its own. Refuses classes that are unknown, named twice, or without a training row.
 */
export function datasetPart(whole: Dataset, wanted: readonly (number | string)[], id: string, hasher: Hasher = pureHasher()): Dataset {
  const classes = wanted.map((name) => classOf(whole, name))
  const twice = classes.find((label, i) => classes.indexOf(label) !== i)
  if (twice !== undefined) throw badInput(`class ${whole.classNames[twice]} of ${whole.id} is named twice`, { path: 'dataset.classes' })
  const train = rowsOf(whole.train, classes)
  const empty = classes.findIndex((_, label) => !train.labels.includes(label))
  if (empty >= 0)
    throw badInput(`class ${whole.classNames[classes[empty]]} of ${whole.id} has no training row`, { path: 'dataset.classes' })
  const test = whole.test && rowsOf(whole.test, classes)
  const kept = test !== null && test.rows > 0 ? test : null
  return {
    ...whole,
    id,
    classNames: classes.map((label) => whole.classNames[label]),
    train,
    test: kept,
    sha256: hashDataset(train, kept, hasher),
  }
}

function classOf({ id, classNames }: Dataset, wanted: number | string): number {
  const found = typeof wanted === 'number' ? wanted : classNames.indexOf(wanted)
  if (found in classNames) return found
  throw badInput(`${id} has no class ${typeof wanted === 'number' ? wanted : `"${wanted}"`}`, {
    path: 'dataset.classes',
    found: String(wanted),
    expected: `0 … ${classNames.length - 1}, or one of ${classNames.slice(0, 20).join(' · ')}${classNames.length > 20 ? ' · …' : ''}`,
    nearest: typeof wanted === 'string' ? nearestName(wanted, classNames) : undefined,
  })
}

function rowsOf({ data, labels, shape }: LabeledPool, classes: readonly number[]): LabeledPool {
  const size = shape.reduce((a, b) => a * b, 1)
  const rows: number[] = []
  labels.forEach((label, row) => {
    if (classes.includes(label)) rows.push(row)
  })
  const values = new (data.constructor as new (length: number) => typeof data)(rows.length * size)
  rows.forEach((row, i) => values.set(data.subarray(row * size, (row + 1) * size), i * size))
  return { data: values, rows: rows.length, shape, labels: Int32Array.from(rows, (row) => classes.indexOf(labels[row])) }
}
