import { badInput, nearestName } from '../core/errors'
import { randomFrom } from '../core/random'
import type { GivenLabel } from './readLabels'

/** A row that people are asked to label, with what the model said of it; nulls where there was no trained model or no score. */
export interface AskedSample {
  readonly row: number
  readonly score: number | null
  /** number of the class that the model predicts */
  readonly predicted: number | null
  readonly confidence: number | null
}

/** Accuracy on labelled rows that were not trained on, and where these come from. */
export interface Estimate {
  readonly accuracy: number
  readonly rows: number
  readonly of: 'test array' | 'test rows of the split' | 'validation rows'
}

/** A row with the number of its class. */
export type RowLabel = readonly [row: number, label: number]

/** What happened in a labelling session, as its file keeps it: lines are added and never changed. */
export type HistoryEntry = { readonly at: string } & (
  | {
      readonly type: 'batch'
      readonly method: string
      /** labels the model was trained on */
      readonly trained: number
      /** labels kept back for validation */
      readonly validation: number
      readonly estimate: Estimate | null
      readonly samples: readonly AskedSample[]
    }
  | {
      readonly type: 'import'
      readonly source: string
      /** names of all classes from here on */
      readonly classes: readonly string[]
      /** in an order drawn at random, so that the first of them are no choice of a strategy */
      readonly labels: readonly RowLabel[]
    }
  /** takes back the last batch or import that was not taken back yet */
  | { readonly type: 'undo' }
)

export type BatchEntry = Extract<HistoryEntry, { type: 'batch' }>
export type ImportEntry = Extract<HistoryEntry, { type: 'import' }>

/** What a session's entries add up to. */
export interface LabellingState {
  readonly classes: readonly string[]
  /** class number of each labelled row, in the order in which rows were labelled first */
  readonly labels: ReadonlyMap<number, number>
  /** batches that hold, oldest first */
  readonly batches: readonly BatchEntry[]
  /** rows that were asked for and have no label yet */
  readonly waiting: readonly number[]
  /** the entry that `undo` would take back: never the labels that the data set came with */
  readonly last: BatchEntry | ImportEntry | null
  /** entries that were taken back, by their place in the history */
  readonly undone: ReadonlySet<number>
}

/** The state after a history; its first entry is the import of the data set's own labels. */
export function reduceHistory(history: readonly HistoryEntry[]): LabellingState {
  const holding: number[] = []
  const undone = new Set<number>()
  history.forEach(({ type }, i) => {
    if (type !== 'undo') return void holding.push(i)
    const last = holding.length > 1 ? holding.pop() : undefined
    if (last !== undefined) undone.add(last)
  })
  const labels = new Map<number, number>()
  const batches: BatchEntry[] = []
  let classes: readonly string[] = []
  for (const i of holding) {
    const entry = history[i]
    if (entry.type === 'batch') batches.push(entry)
    if (entry.type !== 'import') continue
    classes = entry.classes
    for (const [row, label] of entry.labels) labels.set(row, label)
  }
  const asked = new Set(batches.flatMap(({ samples }) => samples.map(({ row }) => row)))
  const last = holding.length > 1 ? history[holding[holding.length - 1]] : null
  return {
    classes,
    labels,
    batches,
    waiting: [...asked].filter((row) => !labels.has(row)),
    last: last as LabellingState['last'],
    undone,
  }
}

export interface ImportChoices {
  /** rows of the training array */
  readonly rows: number
  /** whether labels that are there already may change */
  readonly relabel: boolean
  /** whether names that are no class yet become classes, after the others */
  readonly addClasses: boolean
  /** seed of the session, for the order of arrival */
  readonly seed: number
  readonly file: string
}

/** What an import would change. */
export interface PlannedImport {
  readonly classes: readonly string[]
  readonly labels: readonly RowLabel[]
  /** rows whose label was another one before */
  readonly relabelled: readonly number[]
  /** rows of no batch */
  readonly unasked: readonly number[]
  /** rows that had this label already */
  readonly unchanged: number
  /** rows of the file without a label */
  readonly blank: number
}

const unknownWords = new Set(['', '-1', 'nan', 'null', 'none'])

/** Checks the labels of a file against a session, all of them or none: rows that do not exist, unknown classes, contradictions. */
export function planImport(state: LabellingState, given: readonly GivenLabel[], choices: ImportChoices): PlannedImport {
  const { rows, relabel, addClasses, seed, file } = choices
  const names = [...state.classes]
  const fresh = new Map<number, number>()
  const relabelled: number[] = []
  let [blank, unchanged] = [0, 0]
  for (const { row, label, line } of given) {
    const place = { file, ...(line === undefined ? {} : { line }) }
    const where = line === undefined ? `row ${row}` : `line ${line}`
    if (!Number.isInteger(row) || row < 0 || row >= rows)
      throw badInput(`${file}, ${where}: the data set has no row ${row}`, { ...place, found: String(row), expected: `0 to ${rows - 1}` })
    const text = label.trim()
    if (unknownWords.has(text.toLowerCase()) && !names.includes(text)) {
      blank++
      continue
    }
    let number = classOf(text, names)
    if (number === null) {
      if (!addClasses)
        throw badInput(`${file}, ${where}: "${text}" of row ${row} is no class of this session`, {
          ...place,
          found: text,
          expected: `${names.slice(0, 20).join(' · ')}${names.length > 20 ? ' …' : ''}; or let new names become classes`,
          nearest: nearestName(text, names),
        })
      number = names.push(text) - 1
    }
    const twin = fresh.get(row)
    if (twin !== undefined && twin !== number)
      throw badInput(`${file}, ${where}: row ${row} is ${names[twin]} further up and ${names[number]} here`, {
        ...place,
        found: names[number],
        expected: 'one label for a row',
      })
    fresh.set(row, number)
  }
  const asked = new Set(state.batches.flatMap(({ samples }) => samples.map(({ row }) => row)))
  const labels: [number, number][] = []
  for (const [row, label] of fresh) {
    const known = state.labels.get(row)
    if (known === label) unchanged++
    else {
      if (known !== undefined) relabelled.push(row)
      labels.push([row, label])
    }
  }
  if (relabelled.length > 0 && !relabel) {
    const shown = relabelled
      .slice(0, 5)
      .map((row) => `row ${row} is ${names[state.labels.get(row) ?? 0]}, not ${names[fresh.get(row) ?? 0]}`)
    throw badInput(`${file}: another label is there already: ${shown.join('; ')}${relabelled.length > 5 ? '; …' : ''}`, {
      file,
      found: `${relabelled.length} of ${fresh.size} labels are others`,
      expected: 'the labels that are there, or leave to change them; nothing was imported',
    })
  }
  return {
    classes: names,
    labels: shuffled(labels, seed, state.labels.size),
    relabelled,
    unasked: labels.map(([row]) => row).filter((row) => !asked.has(row)),
    unchanged,
    blank,
  }
}

/** Labels in an order drawn at random; `before` is how many there were. */
export function shuffled(labels: readonly RowLabel[], seed: number, before: number): RowLabel[] {
  const order = randomFrom(seed).fork('labelling', 'arrival', before).sample(labels.length, labels.length)
  return Array.from(order, (i) => labels[i])
}

/** A class by its name, or by its number where no name says otherwise. */
function classOf(text: string, names: readonly string[]): number | null {
  const named = names.indexOf(text)
  if (named >= 0) return named
  const number = /^\d+(\.0+)?$/.test(text) ? Number(text) : -1
  if (Number.isInteger(number) && number >= 0) {
    const asName = names.indexOf(String(number))
    if (asName >= 0) return asName
    const hasNumbers = names.some((name) => /^-?\d+$/.test(name))
    if (!hasNumbers && number < names.length) return number
  }
  return null
}
