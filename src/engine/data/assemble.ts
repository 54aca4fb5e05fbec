import { badInput } from '../core/errors'
import type { Dataset, DatasetKind, LabeledPool, Pool } from './dataset'
import { hashDataset, type Hasher } from './hash'
import { nonFiniteInput, requireFinite, shapeText, type NumericArray } from './numericArray'
import type { LabelValues } from './readArray'

/** Arrays with the names that errors call them by. */
export interface Part {
  readonly inputs: NumericArray
  readonly inputsName: string
  readonly labels: LabelValues
  readonly labelsName: string
}

export interface AssembleOptions {
  readonly id: string
  readonly train: Part
  readonly test: Part | null
  /** what the values are; by default images for three or four axes, else vectors */
  readonly kind?: DatasetKind
  /** shape of one sample; by default from the inputs' axes */
  readonly shape?: readonly number[]
  readonly valueRange?: number
  readonly hasher: () => Hasher
}

/**
 * A data set from arrays: n × d vectors, or images n × h × w, n × c × h × w or n × h × w × c (1, 3 or 4 channels last, moved to the
 * front). Values are stored in the smallest of uint8, float32 and float64 that holds all of them exactly. Integer labels 0 … C − 1
 * stay; other integers and names are numbered in ascending order.
 */
export function assembleDataset({ id, train, test, kind, shape, valueRange, hasher }: AssembleOptions): Dataset {
  const parts = test === null ? [train] : [train, test]
  parts.forEach(requireMatchingRows)
  if (test !== null && String(test.inputs.shape.slice(1)) !== String(train.inputs.shape.slice(1)))
    throw badInput(
      `${test.inputsName} (${shapeText(test.inputs.shape)}) and ${train.inputsName} (${shapeText(train.inputs.shape)}) hold samples of different shape`,
      { file: test.inputsName, found: shapeText(test.inputs.shape.slice(1)), expected: shapeText(train.inputs.shape.slice(1)) },
    )
  const { classNames, labels } = encodeLabels(parts)
  const pools = parts.map((part) => toPool(part.inputs, part.inputsName, shape))
  const storage = widestStorage(pools)
  const [trainPool, testPool] = pools.map((pool, i): LabeledPool => ({ ...pool, data: store(pool.data, storage), labels: labels[i] }))
  const guessed: DatasetKind = train.inputs.shape.length > 2 ? 'image' : 'vector'
  return {
    id,
    kind: kind ?? guessed,
    classNames,
    train: trainPool,
    test: testPool ?? null,
    valueRange: valueRange ?? rangeOf(pools),
    sha256: hashDataset(trainPool, testPool ?? null, hasher()),
  }
}

function requireMatchingRows({ inputs, inputsName, labels, labelsName }: Part): void {
  if (inputs.shape.length === 0 || inputs.shape[0] === 0) throw badInput(`${inputsName}: no rows`, { file: inputsName })
  if (inputs.shape.includes(0))
    throw badInput(`${inputsName}: no input values, only rows`, {
      file: inputsName,
      found: shapeText(inputs.shape),
      expected: 'at least one value per row beside the label',
    })
  const shape = labels.kind === 'names' ? [labels.names.length] : labels.array.shape
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1)
  if (!isColumn)
    throw badInput(`${labelsName}: one class per row is needed; for one-hot rows save numpy.argmax(y, axis=1)`, {
      file: labelsName,
      found: shapeText(shape),
      expected: shapeText([inputs.shape[0]]),
    })
  if (shape[0] !== inputs.shape[0])
    throw badInput(`${inputsName} (${shapeText(inputs.shape)}) and ${labelsName} (${shapeText(shape)}) have different numbers of rows`, {
      file: labelsName,
      found: `${shape[0]} labels`,
      expected: `${inputs.shape[0]} labels, one per row of ${inputsName}`,
    })
}

function toPool(inputs: NumericArray, name: string, shape?: readonly number[]): Pool {
  requireFinite(inputs, name, nonFiniteInput)
  const [rows, ...axes] = inputs.shape
  const { shape: found, isChannelsLast } = sampleShape(inputs.shape, name)
  const sample = shape ?? found
  const data = isChannelsLast ? channelsFirst(inputs.data, rows, axes) : inputs.data
  return { data: data instanceof Uint8Array || data instanceof Float32Array ? data : Float64Array.from(data), rows, shape: sample }
}

/** Shape of one sample of an array: [d], or [c, h, w] when the rows have two or three axes; channels may come last. */
export function sampleShape(
  shape: readonly number[],
  name: string,
): { readonly shape: readonly number[]; readonly isChannelsLast: boolean } {
  const axes = shape.slice(1)
  const isChannelsLast = axes.length === 3 && [1, 3, 4].includes(axes[2]) && ![1, 3, 4].includes(axes[0])
  if (axes.length > 3)
    throw badInput(`${name}: samples of ${axes.length} axes are not supported`, {
      file: name,
      found: shapeText(shape),
      expected: 'n×d vectors or n×h×w, n×c×h×w, n×h×w×c images',
    })
  if (isChannelsLast) return { shape: [axes[2], axes[0], axes[1]], isChannelsLast }
  return { shape: axes.length === 2 ? [1, ...axes] : axes.length === 0 ? [1] : axes, isChannelsLast }
}

/** Rows of h × w × c values as c × h × w. */
export function channelsFirst(
  data: NumericArray['data'],
  rows: number,
  [height, width, channels]: readonly number[],
): NumericArray['data'] {
  const out = data.slice()
  const pixels = height * width
  for (let i = 0, o = 0; i < rows; i++)
    for (let c = 0; c < channels; c++) for (let p = 0; p < pixels; p++) out[o++] = data[(i * pixels + p) * channels + c]
  return out
}

const storages = [Uint8Array, Float32Array, Float64Array] as const

/** Index in `storages` of the smallest type that holds every value exactly. */
function widestStorage(pools: readonly Pool[]): number {
  let storage = 0
  for (const { data } of pools) {
    if (data instanceof Uint8Array) continue
    for (let i = 0; i < data.length && storage < 2; i++) {
      const value = data[i]
      if (storage === 0 && (value !== (value & 255) || Object.is(value, -0))) storage = 1
      if (storage === 1 && value !== Math.fround(value)) storage = 2
    }
  }
  return storage
}

function store(data: Pool['data'], storage: number): Pool['data'] {
  const type = storages[storage]
  return data instanceof type ? data : type.from(data)
}

/** Largest possible value of samples that look bounded: fractions in [0, 1] or bytes in [0, 255]. */
function rangeOf(pools: readonly Pool[]): number | null {
  let largest = 0
  for (const { data } of pools)
    for (let i = 0; i < data.length; i++) {
      if (data[i] < 0) return null
      if (data[i] > largest) largest = data[i]
    }
  return largest <= 1 ? 1 : largest <= 255 ? 255 : null
}

export const mostClasses = 10_000

/** Labels in the order in which classes are numbered: ascending. Refuses fewer than `least` and more than `mostClasses`. */
export function orderClasses<T extends string | number>(distinct: ReadonlySet<T>, name: string, least = 2): T[] {
  if (distinct.size < least) throw badInput(`${name}: all rows have the same label`, { file: name, expected: 'at least two classes' })
  if (distinct.size > mostClasses)
    throw badInput(`${name}: ${distinct.size} different labels; these look like measurements, not classes`, {
      file: name,
      expected: `at most ${mostClasses} classes`,
    })
  return [...distinct].sort((a, b) => (a < b ? -1 : 1))
}

function encodeLabels(parts: readonly Part[]): { readonly classNames: readonly string[]; readonly labels: readonly Int32Array[] } {
  const values = parts.map(({ labels, labelsName }) => (labels.kind === 'names' ? labels.names : wholeNumbers(labels.array, labelsName)))
  const kinds = new Set(parts.map(({ labels }) => labels.kind))
  if (kinds.size > 1)
    throw badInput(`${parts[0].labelsName} and ${parts[1].labelsName}: one holds numbers, the other names of classes`, {
      file: parts[1].labelsName,
    })
  const distinct = new Set<string | number>()
  for (const part of values) for (let i = 0; i < part.length; i++) distinct.add(part[i])
  const ordered = orderClasses(distinct, parts[0].labelsName)
  const number = new Map(ordered.map((value, i) => [value, i]))
  return {
    classNames: ordered.map(String),
    labels: values.map((part) => Int32Array.from({ length: part.length }, (_, i) => number.get(part[i]) ?? 0)),
  }
}

function wholeNumbers({ data }: NumericArray, name: string): ArrayLike<number> {
  const bad = data.findIndex((value: number) => !Number.isSafeInteger(value))
  if (bad >= 0)
    throw badInput(`${name}: the label of row ${bad} is ${data[bad]}`, {
      file: name,
      path: `row ${bad}`,
      found: String(data[bad]),
      expected: 'an integer or the name of a class',
    })
  return data
}
