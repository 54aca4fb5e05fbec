import type { ColumnRole, ImportMapping } from '@contract/importing'
import { badInput, nearestName } from '@engine/core/errors'
import { labelColumnNames } from '@engine/data/csv'
import type { DatasetKind } from '@engine/data/dataset'
import type { NumericData } from '@engine/data/numericArray'
import {
  cellText,
  splitOfName,
  type Batch,
  type Cells,
  type Column,
  type ImageCell,
  type NestedNumbers,
  type OpenedTable,
  type Split,
  type TableSource,
} from '../importers/contract'
import { byOwnName, type FileTree } from '../source/tree'
import { readAll, type InputFile } from '../source/inputFile'
import { encodeBatch, flatten, valueNames, type Encoding, type Feature } from './encode'
import { imageEnding, sizeOfImages } from './images'
import type { EncodedRows, Plan } from './plan'
import { guessRole, mostDistinct, stepsOf, survey, type ColumnSurvey } from './survey'

type Part = OpenedTable['parts'][number]

const mostWidth = 100_000
const usualFeatures = 1024
const imagesLookedAt = 32

/** The plan of an import of tables: roles of the columns, vocabulary of categories, size of samples. */
export async function planTables(opened: OpenedTable, mapping: ImportMapping, tree: FileTree, quick: boolean): Promise<Plan> {
  // Training rows first: they decide what columns are, and a preview shows them.
  const parts = [...opened.parts].sort((a, b) => Number(a.split === 'test') - Number(b.split === 'test'))
  const columns = commonColumns(parts)
  const label = labelColumn(columns, mapping)
  const others = columns.filter(({ name }) => name !== label?.name)
  requireKnown(columns, mapping)
  const { surveys, split } = await survey(parts, others, mapping, quick)
  const roles = new Map<string, { role: ColumnRole; note: string }>()
  for (const seen of surveys) {
    if (seen.name === split) continue
    const given = mapping.columns?.[seen.name]
    roles.set(seen.name, given === undefined ? guessRole(seen) : { role: given, note: '' })
  }
  const kind = mapping.kind ?? kindOf(roles, surveys)
  const notes = keepOneKind(kind, roles)
  const features = surveys.flatMap((seen): Feature[] => featureOf(seen, roles.get(seen.name)?.role ?? 'skip'))
  if (features.length === 0)
    throw badInput(`${parts[0].table.name}: no column is left for the inputs`, {
      file: parts[0].table.name,
      found: columns
        .map(({ name }) => name)
        .slice(0, 20)
        .join(', '),
      expected: 'at least one column beside the label; name the label column if the wrong one was taken',
    })
  const pictures = byOwnName(tree.files.filter(({ name }) => imageEnding.test(name)))
  const source: Source = { parts, label, split, features, tree, pictures }
  const encoding: Encoding = { kind, features, shape: await shapeOf(kind, source, surveys, mapping) }
  return {
    kind,
    shape: encoding.shape,
    encoding,
    classNames: mapping.classes ?? label?.classNames,
    allowMissing: kind === 'tabular',
    labelsName: label === null ? parts[0].table.name : `${parts[0].table.name}, column ${label.name}`,
    total: parts.every(({ table }) => table.rows !== null) ? parts.reduce((sum, { table }) => sum + (table.rows ?? 0), 0) : null,
    arrays: [],
    roles: new Map(),
    columns: columns.map(({ name, kind: cells }) => ({
      name,
      kind: cells,
      role: name === label?.name ? 'label' : name === split ? 'split' : (roles.get(name)?.role ?? 'skip'),
      note: roles.get(name)?.note ?? '',
    })),
    valueNames: valueNames(encoding),
    notes,
    rows: (most) => rowsOf(source, encoding, most),
  }
}

interface Source {
  readonly parts: readonly Part[]
  readonly label: Column | null
  readonly split: string | null
  readonly features: readonly Feature[]
  readonly tree: FileTree
  /** pictures by their name alone */
  readonly pictures: (name: string) => InputFile | null
}

/** The columns of the first part; refuses parts that lack one. */
function commonColumns(parts: readonly Part[]): readonly Column[] {
  const [{ table: first }, ...rest] = parts
  for (const { table } of rest) {
    const names = new Set(table.columns.map(({ name }) => name))
    const missing = first.columns.find(({ name }) => !names.has(name))
    if (missing !== undefined)
      throw badInput(`${table.name}: no column "${missing.name}", which ${first.name} has`, {
        file: table.name,
        found: [...names].slice(0, 20).join(', '),
        expected: 'files with the same columns; import others one by one',
      })
  }
  return first.columns
}

function requireKnown(columns: readonly Column[], mapping: ImportMapping): void {
  const names = columns.map(({ name }) => name)
  for (const name of [...Object.keys(mapping.columns ?? {}), ...(mapping.split ? [mapping.split] : [])])
    if (!names.includes(name)) throw unknownColumn(name, names)
}

const unknownColumn = (name: string, names: readonly string[]): Error =>
  badInput(`no column "${name}"`, { found: name, expected: names.slice(0, 30).join(' · '), nearest: nearestName(name, names) })

/** The mapping's column, one with class names, one with a usual name, or the last; null where rows may lack labels and none is like that. */
function labelColumn(columns: readonly Column[], { label, unlabelled = false }: ImportMapping): Column | null {
  if (label === null && unlabelled) return null
  if (label !== undefined && label !== null) {
    const found = columns.find(({ name }) => name === label)
    if (found === undefined)
      throw unknownColumn(
        label,
        columns.map(({ name }) => name),
      )
    return found
  }
  const isUsual = ({ name }: Column): boolean => labelColumnNames.includes(name.toLowerCase())
  const simple = columns.filter(({ kind }) => kind === 'number' || kind === 'text')
  const found = columns.find(({ classNames }) => classNames !== undefined) ?? simple.find(isUsual) ?? (unlabelled ? null : simple.at(-1))
  if (found === undefined)
    throw badInput('no column can hold the labels', { found: columns.map(({ name, kind }) => `${name} (${kind})`).join(', ') })
  return found
}

function kindOf(roles: ReadonlyMap<string, { role: ColumnRole }>, surveys: readonly ColumnSurvey[]): DatasetKind {
  const present = new Set([...roles.values()].map(({ role }) => role))
  if (present.has('image')) return 'image'
  if (present.has('list')) return surveys.some(({ kind, uneven }) => kind === 'list' && uneven) ? 'series' : 'vector'
  return present.has('text') ? 'text' : 'tabular'
}

const rolesOfKind: Readonly<Record<DatasetKind, readonly ColumnRole[]>> = {
  image: ['image'],
  text: ['text'],
  series: ['list', 'number'],
  vector: ['list', 'number'],
  tabular: ['number', 'category'],
}

/** Leaves only the columns that make samples of this kind; says which others there were. */
function keepOneKind(kind: DatasetKind, roles: Map<string, { role: ColumnRole; note: string }>): string[] {
  const present = new Set([...roles.values()].map(({ role }) => role))
  const allowed = rolesOfKind[kind].filter(
    (role) => kind === 'tabular' || (role === 'number') === !present.has('list') || rolesOfKind[kind].length === 1,
  )
  const left: string[] = []
  let images = 0
  for (const [name, entry] of roles) {
    if (entry.role === 'skip') continue
    const isSecondImage = kind === 'image' && entry.role === 'image' && ++images > 1
    if (allowed.includes(entry.role) && !isSecondImage) continue
    left.push(`${name} (${entry.role})`)
    roles.set(name, { role: 'skip', note: `not a part of ${kind} data` })
  }
  return left.length === 0 ? [] : [`left out: ${left.join(', ')}`]
}

function featureOf({ name, distinct }: ColumnSurvey, role: ColumnRole): Feature[] {
  if (role === 'skip') return []
  if (role !== 'category') return [{ role, name }]
  if (distinct.size >= mostDistinct)
    throw badInput(`column "${name}" has more than ${mostDistinct - 1} different values`, {
      path: name,
      expected: 'fewer, or leave the column out',
    })
  const values = [...distinct].sort((a, b) => (a < b ? -1 : 1))
  return [{ role, name, values }]
}

async function shapeOf(
  kind: DatasetKind,
  source: Source,
  surveys: readonly ColumnSurvey[],
  mapping: ImportMapping,
): Promise<readonly number[]> {
  const { features, parts } = source
  const name = parts[0].table.name
  if (kind === 'text') return [mapping.features ?? usualFeatures]
  if (kind === 'image') {
    const cells = (await firstCells(source, 0, imagesLookedAt)) as ImageCell[]
    const { width, height, channels } = await sizeOfImages(cells, mapping)
    return [channels, height, width]
  }
  if (features[0].role === 'list') {
    const [first] = (await Promise.all(features.map(async (_, j) => (await firstCells(source, j, 1))[0]))) as NestedNumbers[]
    if (kind === 'vector') return [flatten(first).length || 1]
    const inner = first.length > 0 && typeof first[0] !== 'number' ? first.length : 1
    const longest = Math.max(...features.map((feature) => surveys.find((seen) => seen.name === feature.name)?.longest ?? 0), stepsOf(first))
    return [inner * features.length, mapping.length ?? Math.max(1, longest)]
  }
  const width = features.reduce((sum, feature) => sum + (feature.role === 'category' ? feature.values.length : 1), 0)
  if (width > mostWidth)
    throw badInput(`${name}: ${width} values in each row after encoding`, {
      file: name,
      expected: `at most ${mostWidth}; leave columns with many values out`,
    })
  return kind === 'series' ? [1, width] : [width]
}

/** The first values of a feature; refuses when there are no rows. */
async function firstCells(source: Source, feature: number, count: number): Promise<unknown[]> {
  const { features, parts } = source
  for (const { table } of parts)
    for await (const batch of table.batches([features[feature].name], count)) {
      const column = withImages(batch.cells, [features[feature]], table, source)[0]
      const found: unknown[] = []
      for (let i = 0; i < batch.rows && found.length < count; i++) if (column.values[i] !== null) found.push(column.values[i])
      if (found.length > 0) return found
    }
  throw badInput(`${parts[0].table.name}: no rows`, { file: parts[0].table.name, expected: `values in column "${features[feature].name}"` })
}

/** Paths in image columns become the files they mention; so do names, where one picture is called so. */
function withImages(
  cells: readonly Cells[],
  features: readonly Feature[],
  table: TableSource,
  { tree, pictures }: Pick<Source, 'tree' | 'pictures'>,
): readonly Cells[] {
  return cells.map((column, j): Cells => {
    if (features[j].role !== 'image' || column.kind !== 'text') return column
    const by = tree.files.find(({ name }) => name === table.name) ?? tree.files[0]
    const toCell = (path: string | null): ImageCell | null =>
      path === null || path.trim() === ''
        ? null
        : {
            name: path,
            bytes: async () => {
              const file = (await tree.mentioned(path.trim(), by)) ?? pictures(path.trim())
              if (file === null)
                throw badInput(`${table.name} mentions ${path}, which is not there`, {
                  file: table.name,
                  found: path,
                  expected: 'a path inside the folder of the table, or a name that one picture has; import the folder that holds both',
                })
              return readAll(file)
            },
          }
    return { kind: 'image', values: Array.from(column.values, toCell) }
  })
}

async function* rowsOf(source: Source, encoding: Encoding, most: number): AsyncGenerator<EncodedRows> {
  const { parts, label, split, features } = source
  const asked = [...(label === null ? [] : [label.name]), ...(split === null ? [] : [split]), ...features.map(({ name }) => name)]
  for (const { table, split: ofFile } of parts) {
    let first = 0
    for await (const whole of table.batches(asked, most)) {
      const batch = head(whole, most - first)
      const from = first
      const place = (row: number): string => (batch.lines === undefined ? `row ${from + row}` : `line ${batch.lines[row]}`)
      const featureCells = withImages(batch.cells.slice(asked.length - features.length), features, table, source)
      const { data, texts } = await encodeBatch(encoding, featureCells, batch.rows, (row) => `${table.name}, ${place(row)}`)
      const labels = label === null ? Array<null>(batch.rows).fill(null) : (batch.cells[0].values as ArrayLike<number | string | null>)
      if (split === null) yield { split: ofFile ?? 'train', rows: batch.rows, data, labels, texts, place }
      else yield* bySplit(batch, batch.cells[label === null ? 0 : 1], { data, labels, texts, place }, table.name)
      first += batch.rows
      if (first >= most) break
    }
  }
}

/** Test rows apart from the others, each in the order of the file. */
function* bySplit(
  batch: Batch,
  column: Cells,
  { data, labels, texts, place }: Pick<EncodedRows, 'data' | 'labels' | 'texts' | 'place'>,
  name: string,
): Generator<EncodedRows> {
  const splits = Array.from({ length: batch.rows }, (_, i): Split => {
    const value = cellText(column.values[i])
    const split = splitOfName(value)
    if (split !== null) return split
    throw badInput(`${name}: "${value}" at ${place(i)} is no split`, { file: name, path: place(i), expected: 'train, test or validation' })
  })
  const size = data.length / batch.rows
  for (const split of ['train', 'test'] as const) {
    const rows = splits.flatMap((own, i) => ((own === 'test') === (split === 'test') ? [i] : []))
    if (rows.length === 0) continue
    const part = new (data.constructor as new (length: number) => NumericData)(rows.length * size)
    rows.forEach((row, i) => part.set(data.subarray(row * size, (row + 1) * size), i * size))
    yield {
      split,
      splits: rows.map((row) => splits[row]),
      rows: rows.length,
      data: part,
      labels: rows.map((row) => labels[row]),
      texts: texts === null ? null : rows.map((row) => texts[row]),
      place: (row) => place(rows[row]),
    }
  }
}

function head(batch: Batch, rows: number): Batch {
  if (batch.rows <= rows) return batch
  return { ...batch, rows }
}
