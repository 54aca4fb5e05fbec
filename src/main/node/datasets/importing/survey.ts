import { isNumeric, textColumnNames } from '@engine/data/csv'
import type { ColumnRole, ImportMapping } from '@contract/importing'
import { cellText, splitOfName, type Batch, type Column, type OpenedTable } from '../importers/contract'
import { imageEnding } from './images'

/** Cells that stand for nothing, as pandas, R and Weka write them. */
const missingWords = new Set(['', 'na', 'n/a', 'nan', 'null', 'none', '?'])
export const isMissing = (cell: string | null): boolean => cell === null || missingWords.has(cell.trim().toLowerCase())

/** What was seen of a column. */
export interface ColumnSurvey {
  readonly name: string
  readonly kind: Column['kind']
  rows: number
  missing: number
  /** every value that is not missing reads as a number */
  numeric: boolean
  /** different values of a text column outside test rows, up to `mostDistinct`: tables are encoded by these alone */
  readonly distinct: Set<string>
  /** the same of the test rows */
  readonly testDistinct: Set<string>
  characters: number
  /** the values are consecutive whole numbers from `first` on */
  consecutive: boolean
  first: number
  /** longest list, and the shape of the first */
  longest: number
  /** lists of different length, or lists of lists */
  uneven: boolean
}

export const mostDistinct = 10_001

const emptySurvey = ({ name, kind }: Column): ColumnSurvey => ({
  name,
  kind,
  rows: 0,
  missing: 0,
  numeric: kind === 'number',
  distinct: new Set(),
  testDistinct: new Set(),
  characters: 0,
  consecutive: true,
  first: 0,
  longest: 0,
  uneven: false,
})

const surveyRows = 20_000
const splitNames = /^(split|set|subset|partition|fold|usage)$/i

/**
 * Looks at the columns; at all rows where texts decide what a column is, else at the first. `split` is the column that says what is
 * training and what is test, null when there is none.
 */
export async function survey(
  parts: OpenedTable['parts'],
  columns: readonly Column[],
  mapping: ImportMapping,
  quick: boolean,
): Promise<{ readonly surveys: readonly ColumnSurvey[]; readonly split: string | null }> {
  const surveys = columns.map(emptySurvey)
  const needsAll = columns.some(({ kind }) => kind === 'text' || kind === 'list')
  const most = quick || !needsAll ? surveyRows : Infinity
  // Which column it is shows only in the end; until then the first by its name is taken for it.
  const isWanted = ({ name }: Column): boolean => (mapping.split === undefined ? splitNames.test(name) : name === mapping.split)
  const candidate = parts.some(({ split }) => split === 'test') ? -1 : columns.findIndex(isWanted)
  for (const { table, split } of columns.length === 0 ? [] : parts) {
    let rows = 0
    for await (const batch of table.batches(
      columns.map(({ name }) => name),
      most,
    )) {
      const splits = candidate < 0 ? [] : batch.cells[candidate].values
      surveyBatch(surveys, batch, (row) => split === 'test' || splitOfName(cellText(splits[row])) === 'test')
      rows += batch.rows
      if (rows >= most) break
    }
  }
  const split = splitColumn(surveys, mapping)
  if (candidate >= 0 && columns[candidate].name !== split)
    for (const { distinct, testDistinct } of surveys) for (const value of testDistinct) distinct.add(value)
  return { surveys, split }
}

function splitColumn(surveys: readonly ColumnSurvey[], mapping: ImportMapping): string | null {
  if (mapping.split !== undefined) return mapping.split
  const found = surveys.find((seen) => {
    const values = [...valuesOf(seen)]
    return splitNames.test(seen.name) && values.length > 0 && values.every((value) => splitOfName(value) !== null)
  })
  return found?.name ?? null
}

/** Different values of all rows. */
const valuesOf = ({ distinct, testDistinct }: ColumnSurvey): ReadonlySet<string> =>
  testDistinct.size === 0 ? distinct : new Set([...distinct, ...testDistinct])

/** Adds a batch's cells (in the order of `surveys`) to what was seen; `isTest` says which of its rows are test rows. */
function surveyBatch(surveys: readonly ColumnSurvey[], { rows, cells }: Batch, isTest: (row: number) => boolean): void {
  surveys.forEach((survey, j) => {
    const column = cells[j]
    if (survey.rows === 0 && column.kind === 'text') survey.numeric = true
    for (let i = 0; i < rows; i++) {
      const value = column.values[i]
      if (column.kind === 'text') seeText(survey, value as string | null, survey.rows + i, isTest(i))
      else if (column.kind === 'number') seeNumber(survey, value as number, survey.rows + i)
      else if (value === null) survey.missing++
      else if (column.kind === 'list') seeList(survey, value as ArrayLike<unknown>)
    }
    survey.rows += rows
  })
}

function seeList(survey: ColumnSurvey, list: ArrayLike<unknown>): void {
  const steps = stepsOf(list)
  if ((survey.longest > 0 && steps !== survey.longest) || (list.length > 0 && typeof list[0] !== 'number')) survey.uneven = true
  survey.longest = Math.max(survey.longest, steps)
}

/** Steps of a list: of its longest channel when it is a list of lists. */
export function stepsOf(list: ArrayLike<unknown>): number {
  if (list.length === 0 || typeof list[0] === 'number') return list.length
  return Math.max(...Array.from(list, (channel) => (channel as ArrayLike<unknown> | null)?.length ?? 0))
}

function seeNumber(survey: ColumnSurvey, value: number, row: number): void {
  if (Number.isNaN(value)) survey.missing++
  if (row === 0) survey.first = value
  if (value !== survey.first + row) survey.consecutive = false
}

function seeText(survey: ColumnSurvey, value: string | null, row: number, isTest: boolean): void {
  if (value === null || isMissing(value)) {
    survey.missing++
    survey.consecutive = false
    return
  }
  survey.characters += value.length
  if (survey.numeric && !isNumeric(value)) survey.numeric = false
  if (survey.numeric) seeNumber(survey, Number(value), row)
  else survey.consecutive = false
  const values = isTest ? survey.testDistinct : survey.distinct
  if (values.size < mostDistinct) values.add(value.trim())
}

const indexNames = /^(|column 0|unnamed: ?\d+|index|idx|id|row|rowid|row_id|__index_level_0__)$/i

/** What a column is taken for, and why, when nobody says. */
export function guessRole(survey: ColumnSurvey): { readonly role: ColumnRole; readonly note: string } {
  const { name, kind, rows, missing } = survey
  const distinct = valuesOf(survey)
  if (kind === 'image' || kind === 'list') return { role: kind, note: '' }
  if (missing === rows) return { role: 'skip', note: 'no values' }
  const present = rows - missing
  const note = missing > 0 ? `${missing} missing` : ''
  if (survey.numeric) {
    if (survey.consecutive && rows > 2 && indexNames.test(name)) return { role: 'skip', note: 'row numbers' }
    return { role: 'number', note }
  }
  const mean = survey.characters / present
  if ([...distinct].slice(0, 100).every((value) => imageEnding.test(value))) return { role: 'image', note: 'paths of images' }
  if (textColumnNames.includes(name.toLowerCase()) || (mean > 25 && distinct.size > Math.min(present, mostDistinct) / 2))
    return { role: 'text', note: '' }
  if (distinct.size > Math.max(50, Math.min(1000, present / 4)))
    return { role: 'skip', note: `${distinct.size < mostDistinct ? distinct.size : 'too many'} different values, like names or ids` }
  return { role: 'category', note: `${survey.distinct.size} values${note === '' ? '' : `, ${note}`}` }
}
