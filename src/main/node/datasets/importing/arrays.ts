import { arrayRoles, type ArrayRole, type ImportMapping } from '@contract/importing'
import { badInput, nearestName } from '@engine/core/errors'
import { channelsFirst, sampleShape } from '@engine/data/assemble'
import type { DatasetKind } from '@engine/data/dataset'
import { shapeText } from '@engine/data/numericArray'
import { splitOfName, type ArraySource, type Opened, type Split } from '../importers/contract'
import type { EncodedRows, Plan } from './plan'

type OpenedArrays = Extract<Opened, { form: 'arrays' }>

const labelWords = /^(y|labels?|targets?|class|classes|cls|totlabels?|fine_?labels?|gt|gnd|lbl)$/
const inputWords = /^(x|inputs?|features?|feats?|fea|totfeas|data|images?|img|imgs|embeddings?|samples?|values)$/
const splitWords = /(^|[^a-z])(train|training|test|testing|val|valid|validation|dev|t10k|tr|te)(?=[^a-z]|$)/g

/** Which array is what, by the mapping or by name and shape; some may be missing. */
export function guessRoles(arrays: readonly ArraySource[], mapping: ImportMapping): Map<ArrayRole, ArraySource> {
  const roles = new Map<ArrayRole, ArraySource>()
  const given = arrayRoles.filter((role) => mapping[role] !== undefined)
  if (given.length > 0) {
    for (const role of given) roles.set(role, named(arrays, mapping[role] ?? ''))
    return roles
  }
  const prefix: Record<Split, string> = { train: '', test: 'test', validation: 'validation' }
  for (const split of ['train', 'test', 'validation'] as const) {
    const group = arrays.filter((array) => (splitOfName(array.key) ?? splitOfName(array.name) ?? 'train') === split && !isClassNames(array))
    if (group.length === 0) continue
    const bare = (array: ArraySource): string =>
      array.key
        .toLowerCase()
        .replace(splitWords, '')
        .replace(/[^a-z]+/g, '') || array.key.toLowerCase()
    const labels =
      group.find((array) => labelWords.test(bare(array))) ??
      group.find(({ shape, dtype }) => group.length === 2 && (dtype === 'text' || shape.length === 1))
    const rest = group.filter((array) => array !== labels)
    const inputs = rest.find((array) => inputWords.test(bare(array))) ?? (rest.length === 1 ? rest[0] : undefined)
    const role = (which: 'Inputs' | 'Labels'): ArrayRole =>
      (prefix[split] === '' ? which.toLowerCase() : prefix[split] + which) as ArrayRole
    if (inputs !== undefined) roles.set(role('Inputs'), inputs)
    if (labels !== undefined) roles.set(role('Labels'), labels)
  }
  return roles
}

export const isClassNames = ({ key, dtype, shape }: ArraySource): boolean =>
  dtype === 'text' && shape.length === 1 && /^(class_?names|label_?names|classes)$/i.test(key)

function named(arrays: readonly ArraySource[], name: string): ArraySource {
  const names = arrays.map((array) => array.name)
  const array = arrays.find((candidate) => candidate.name === name || candidate.key === name)
  if (array === undefined)
    throw badInput(`no array "${name}"`, { found: name, expected: names.slice(0, 20).join(' · '), nearest: nearestName(name, names) })
  return array
}

function requirePairs(
  roles: Map<ArrayRole, ArraySource>,
  arrays: readonly ArraySource[],
  { unlabelled, perClass }: ImportMapping,
): Map<ArrayRole, ArraySource> {
  const listed = arrays
    .map(({ name, shape }) => `${name} (${shapeText(shape)})`)
    .slice(0, 20)
    .join(', ')
  for (const [inputs, labels] of [
    ['inputs', 'labels'],
    ['testInputs', 'testLabels'],
    ['validationInputs', 'validationLabels'],
  ] as const) {
    if (inputs !== 'inputs' && !roles.has(inputs) && !roles.has(labels)) continue
    const isWhole = roles.has(labels) || (inputs === 'inputs' && (unlabelled === true || perClass !== undefined))
    const missing = roles.has(inputs) ? (isWhole ? null : labels) : inputs
    if (missing !== null)
      throw badInput(`no array was found for the ${missing}`, {
        path: missing,
        found: listed || 'no array',
        expected: `arrays named like X and y, x_train and y_train, train_images and train_labels; or to be told which array holds the ${missing}${missing === 'labels' ? ', or that nobody has labelled the rows' : ''}`,
      })
  }
  return roles
}

/** The plan of an import of arrays. */
export async function planArrays(opened: OpenedArrays, mapping: ImportMapping): Promise<Plan> {
  const roles = requirePairs(guessRoles(opened.arrays, mapping), opened.arrays, mapping)
  const inputs = asPictures(roles.get('inputs') as ArraySource, mapping)
  const kind: DatasetKind = mapping.kind ?? opened.kind ?? (inputs.shape.length > 2 ? 'image' : 'vector')
  const names = opened.arrays.find(isClassNames)
  const shape = shapeOf(inputs, kind)
  const parts = (['train', 'validation', 'test'] as const).flatMap((split) => {
    const prefix = split === 'train' ? '' : split
    const part = [`${prefix}Inputs`, `${prefix}Labels`].map((role) => roles.get((prefix === '' ? role.toLowerCase() : role) as ArrayRole))
    const [own, labels] = part
    if (own === undefined) return []
    const inputs = asPictures(own, mapping)
    return [{ split, inputs, labels: labels ?? (mapping.perClass === undefined ? null : inOrder(inputs, mapping.perClass)) }]
  })
  for (const part of parts) requireFit(part.inputs, part.labels, inputs)
  const unused = opened.arrays.filter((array) => ![...roles.values()].includes(array) && array !== names)
  return {
    kind,
    shape,
    encoding: null,
    classNames: mapping.classes ?? (names === undefined ? opened.classNames : await names.texts()),
    allowMissing: kind === 'tabular',
    labelsName: (roles.get('labels') ?? inputs).name,
    total: parts.reduce((sum, part) => sum + part.inputs.shape[0], 0),
    arrays: opened.arrays,
    roles,
    columns: [],
    valueNames: [],
    notes: unused.length === 0 ? [] : [`not used: ${unused.map(({ name }) => name).join(', ')}`],
    rows: (most) => rowsOf(parts, kind, most),
  }
}

/** Flat rows as pictures of the mapping's size: one channel after the other, each row by row. */
function asPictures(array: ArraySource, { kind = 'image', width, height, channels = 1 }: ImportMapping): ArraySource {
  const { name, shape } = array
  if (kind !== 'image' || width === undefined || height === undefined || shape.length !== 2) return array
  if (shape[1] !== channels * height * width)
    throw badInput(`${name}: ${shape[1]} values in a row are no picture of ${width} × ${height} pixels and ${channels} channels`, {
      file: name,
      found: shapeText(shape),
      expected: `${channels * height * width} values in a row`,
    })
  return { ...array, shape: channels === 1 ? [shape[0], height, width] : [shape[0], channels, height, width] }
}

/** Labels 0, 0 …, 1, 1 … of rows that follow one another class by class, `perClass` of each. */
function inOrder({ name, shape: [rows] }: ArraySource, perClass: number): ArraySource {
  if (rows % perClass !== 0)
    throw badInput(`${name}: ${rows} rows are not ${perClass} of each class`, {
      file: name,
      found: `${rows} rows`,
      expected: `a multiple of ${perClass}`,
    })
  const key = 'order of the rows'
  return {
    name: `${name}, ${key}`,
    key,
    shape: [rows],
    dtype: 'int32',
    chunks: async function* () {
      yield await Promise.resolve(Int32Array.from({ length: rows }, (_, row) => Math.floor(row / perClass)))
    },
    texts: () => Promise.reject(badInput(`${name}: numbers, not text`, { file: name })),
  }
}

/** Shape of one sample; series have channels and steps, everything else is as in `sampleShape`. */
function shapeOf({ shape, name }: ArraySource, kind: DatasetKind): readonly number[] {
  if (kind !== 'series') return sampleShape(shape, name).shape
  if (shape.length < 2 || shape.length > 3)
    throw badInput(`${name}: a series needs n×steps or n×channels×steps`, { file: name, found: shapeText(shape) })
  return shape.length === 2 ? [1, shape[1]] : shape.slice(1)
}

function requireFit(inputs: ArraySource, labels: ArraySource | null, first: ArraySource): void {
  const [rows] = inputs.shape
  if (inputs.dtype === 'text') throw badInput(`${inputs.name}: text, not numbers`, { file: inputs.name, expected: 'an array of numbers' })
  if (inputs.shape.length === 0 || rows === 0)
    throw badInput(`${inputs.name}: no rows`, { file: inputs.name, found: shapeText(inputs.shape) })
  if (inputs.shape.includes(0))
    throw badInput(`${inputs.name}: no input values, only rows`, { file: inputs.name, found: shapeText(inputs.shape) })
  if (String(inputs.shape.slice(1)) !== String(first.shape.slice(1)))
    throw badInput(
      `${inputs.name} (${shapeText(inputs.shape)}) and ${first.name} (${shapeText(first.shape)}) hold samples of different shape`,
      {
        file: inputs.name,
        found: shapeText(inputs.shape.slice(1)),
        expected: shapeText(first.shape.slice(1)),
      },
    )
  if (labels === null) return
  const isColumn = labels.shape.length === 1 || (labels.shape.length === 2 && labels.shape[1] === 1)
  if (!isColumn)
    throw badInput(`${labels.name}: one class per row is needed; for one-hot rows save numpy.argmax(y, axis=1)`, {
      file: labels.name,
      found: shapeText(labels.shape),
      expected: shapeText([rows]),
    })
  if (labels.shape[0] !== rows)
    throw badInput(
      `${inputs.name} (${shapeText(inputs.shape)}) and ${labels.name} (${shapeText(labels.shape)}) have different numbers of rows`,
      {
        file: labels.name,
        found: `${labels.shape[0]} labels`,
        expected: `${rows} labels, one per row of ${inputs.name}`,
      },
    )
}

async function* rowsOf(
  parts: readonly { readonly split: Split; readonly inputs: ArraySource; readonly labels: ArraySource | null }[],
  kind: DatasetKind,
  most: number,
): AsyncGenerator<EncodedRows> {
  for (const { split, inputs, labels } of parts) {
    const values = labels === null ? Array<null>(inputs.shape[0]).fill(null) : await labelValues(labels)
    const size = inputs.shape.slice(1).reduce((a, b) => a * b, 1)
    const isChannelsLast = kind !== 'series' && sampleShape(inputs.shape, inputs.name).isChannelsLast
    let first = 0
    for await (const chunk of inputs.chunks()) {
      const rows = Math.min(chunk.length / size, most - first)
      if (rows <= 0) break
      const data = chunk.subarray(0, rows * size)
      const from = first
      yield {
        split,
        rows,
        data: isChannelsLast ? channelsFirst(data, rows, inputs.shape.slice(1)) : data,
        labels: values.slice(from, from + rows),
        texts: null,
        place: (row) => `row ${from + row}`,
      }
      first += rows
    }
  }
}

async function labelValues(
  labels: ArraySource,
): Promise<ArrayLike<number | string> & { slice(from: number, to: number): ArrayLike<number | string> }> {
  if (labels.dtype === 'text') return [...(await labels.texts())]
  const out = new Float64Array(labels.shape[0])
  let at = 0
  for await (const chunk of labels.chunks()) {
    out.set(chunk, at)
    at += chunk.length
  }
  return out
}
