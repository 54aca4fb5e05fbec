import { badInput, nearestName } from '../../core/errors'
import { metricIds } from '../../study/fields'

/** A table of text cells with the name that errors and remarks call it by. */
export interface TextTable {
  readonly name: string
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** line of the file that each row begins on */
  readonly lines: readonly number[]
}

/** Refuses a table with a row of more or fewer cells than its header. */
export function requireEvenRows({ name, header, rows, lines }: TextTable): void {
  const ragged = rows.findIndex((row) => row.length !== header.length)
  if (ragged < 0) return
  throw badInput(`${name}, line ${lines[ragged]}: ${rows[ragged].length} cells, but the header has ${header.length}`, {
    file: name,
    line: lines[ragged],
    found: `${rows[ragged].length} cells`,
    expected: `${header.length} cells`,
  })
}

/** Columns of rounds.csv that are read, with the names other programs give them; letters and digits only, in lower case. */
const columns = {
  study: ['experiment'],
  dataset: ['data', 'task', 'datasetname'],
  run: ['runid'],
  strategy: ['method', 'alg', 'algorithm', 'querystrategy', 'acquisition', 'alstrategy', 'sampler'],
  seed: ['rep', 'repeat', 'repetition', 'replicate', 'trial', 'randomseed'],
  round: ['cycle', 'iteration', 'loop'],
  labeled: [
    ...['labelled', 'labels', 'samples', 'budget', 'nsamples', 'nlabeled', 'nlabelled', 'numlabeled', 'numlabelled', 'numlabels'],
    ...['nlabels', 'labeledsize', 'trainsize', 'ntrain'],
  ],
  accuracy: ['acc', 'testaccuracy', 'testacc'],
  nll: ['logloss', 'testloss', 'crossentropy'],
  macro_f1: ['f1', 'f1macro', 'testf1'],
  ece: [],
  brier: ['brierscore'],
  train_loss: [],
  train_accuracy: ['trainacc'],
  steps: [],
  diversity: [],
  diversity_cumulative: [],
  class_entropy: [],
  mode: [],
  train_ms: [],
  forward_ms: [],
  score_ms: [],
  choose_ms: [],
  update_ms: [],
  eval_ms: [],
} as const satisfies Record<string, readonly string[]>

export type TidyColumn = keyof typeof columns
const columnNames = Object.keys(columns) as TidyColumn[]

/** What a comparison is repeated over in other people's tables: factors when more than one value is there. */
const factorNames = ['model', 'arch', 'architecture', 'network', 'learner', 'nquery', 'querysize', 'batchsize', 'trainaug', 'augmentation']

const factorPrefix = 'factor:'

/** Name in rounds.csv (or `factor:<path>`) to the name in the table. */
export type ColumnMap = Readonly<Record<string, string>>

export interface PlacedColumns {
  /** index of each column there is */
  readonly places: ReadonlyMap<TidyColumn, number>
  /** index by factor path */
  readonly factors: ReadonlyMap<string, number>
  /** indices that nothing was made of */
  readonly unused: readonly number[]
  readonly notes: readonly string[]
}

/** Finds the columns of rounds.csv in a table: by the map, by name, by the names others use; says what it guessed and refuses what it lacks. */
export function placeColumns(table: TextTable, map: ColumnMap): PlacedColumns {
  const { name, header } = table
  const places = new Map<TidyColumn, number>()
  const factors = new Map<string, number>()
  const guessed: string[] = []
  checkHeader(table)
  for (const [ours, theirs] of Object.entries(map)) {
    const index = indexOf(table, theirs)
    if (ours.startsWith(factorPrefix) && ours.length > factorPrefix.length) factors.set(ours.slice(factorPrefix.length), index)
    else if (isColumn(ours)) places.set(ours, index)
    else
      throw badInput(`--map ${ours}=${theirs}: there is no column ${ours} in rounds.csv`, {
        path: '--map',
        found: ours,
        expected: [...columnNames, 'factor:NAME'].join(' · '),
        nearest: nearestName(ours, columnNames),
      })
  }
  const taken = (): Set<number> => new Set([...places.values(), ...factors.values()])
  header.forEach((title, index) => {
    if (taken().has(index)) return
    if (isColumn(title) && !places.has(title)) places.set(title, index)
    else if (title.startsWith(factorPrefix)) factors.set(title.slice(factorPrefix.length), index)
  })
  for (const column of columnNames) {
    if (places.has(column)) continue
    const wanted: readonly string[] = [column.replace(/_/g, ''), ...columns[column]]
    const used = taken()
    const index = header.findIndex((title, i) => !used.has(i) && wanted.includes(plain(title)))
    if (index < 0) continue
    places.set(column, index)
    guessed.push(`${column} = ${header[index]}`)
  }
  header.forEach((title, index) => {
    if (taken().has(index) || !factorNames.includes(plain(title)) || valuesOf(table, index).size < 2) return
    factors.set(title, index)
    guessed.push(`factor ${title}`)
  })
  const study = places.get('study')
  if (study !== undefined && valuesOf(table, study).size > 1) {
    factors.set('study', study)
    guessed.push('factor study')
  }
  const lacking = (['strategy', 'seed', 'labeled'] as const).find((column) => !places.has(column))
  if (lacking !== undefined) throw missing(table, lacking, [lacking, ...columns[lacking]])
  if (!metricIds.some((metric) => places.has(metric))) throw missing(table, 'accuracy', metricIds)
  const unused = header.flatMap((_, index) => (taken().has(index) ? [] : [index]))
  const left = unused.map((index) => header[index] + (valuesOf(table, index).size < 2 ? ' (the same in every row)' : ''))
  return {
    places,
    factors,
    unused,
    notes: [
      ...(guessed.length > 0 ? [`${name}: columns taken by their names: ${guessed.join(', ')}; --map OURS=THEIRS says otherwise`] : []),
      ...(left.length > 0 ? [`${name}: columns not used: ${left.join(', ')}`] : []),
    ],
  }
}

/** Column of rounds.csv that others call so; null for none. */
export function columnOf(title: string): TidyColumn | null {
  const wanted = plain(title)
  return columnNames.find((column) => column === title || [column.replace(/_/g, ''), ...columns[column]].includes(wanted)) ?? null
}

const isColumn = (text: string): text is TidyColumn => Object.hasOwn(columns, text)
const plain = (title: string): string => title.toLowerCase().replace(/[^a-z0-9]/g, '')
const valuesOf = ({ rows }: TextTable, index: number): Set<string> => new Set(rows.map((row) => row[index]))

function checkHeader(table: TextTable): void {
  const { name, header, rows } = table
  const twice = header.find((title, i) => header.indexOf(title) !== i)
  if (twice !== undefined) throw badInput(`${name}: two columns are called "${twice}"`, { file: name, line: 1, found: twice })
  if (rows.length === 0) throw badInput(`${name} has no rows`, { file: name, expected: 'a header and one row per evaluation' })
  requireEvenRows(table)
}

function indexOf({ name, header }: TextTable, title: string): number {
  const index = header.indexOf(title)
  if (index >= 0) return index
  throw badInput(`${name} has no column "${title}"`, {
    file: name,
    path: '--map',
    found: title,
    expected: header.join(' · '),
    nearest: nearestName(title, header),
  })
}

function missing({ name, header }: TextTable, column: TidyColumn, names: readonly string[]) {
  const nearest = names.map((wanted) => nearestName(wanted, header)).find((found) => found !== undefined)
  return badInput(`${name} has no column for ${column}: give --map ${column}=${nearest ?? 'COLUMN'}`, {
    file: name,
    line: 1,
    found: header.join(' · '),
    expected: column,
    nearest,
  })
}
