import { csvParseRows } from 'd3-dsv'
import { parse } from 'yaml'
import { badInput } from '../core/errors'
import { parseRecorded } from '../strategies/recorded'
import { isRecord } from './paths'
import { chooserOf } from './runHash'
import type { RunSpec } from './spec'

export interface SplitRows {
  readonly train: readonly number[]
  readonly validation: readonly number[]
  /** empty: the data set's own test array */
  readonly test: readonly number[]
}

/** What a run reads besides its data set. */
export interface RunFiles {
  readonly split?: SplitRows
  /** rows of the initial set of this repeat, in order */
  readonly initialRows?: readonly number[]
  /** `replay`: rows of each query round of this repeat */
  readonly recorded?: readonly ArrayLike<number>[]
}

/** Parses the files of a run (`filesOf`) from their texts, by path as the study writes them. */
export function parseRunFiles(spec: RunSpec, texts: Readonly<Record<string, string>>): RunFiles {
  const textOf = (path: string): string => {
    if (texts[path] === undefined) throw badInput(`${path} was not read`, { file: path })
    return texts[path]
  }
  const { data, protocol, strategy } = spec
  const { selections, strategy: recorded } = chooserOf(strategy).params
  return {
    ...(data.split === null ? {} : { split: parseSplit(textOf(data.split), data.split) }),
    ...(protocol.dataStart === 'seeded' && protocol.initialSampling === 'file' && protocol.initialRows !== null
      ? { initialRows: parseInitialRows(textOf(protocol.initialRows), protocol.initialRows, spec.repeat) }
      : {}),
    ...(typeof selections === 'string' ? { recorded: recordedRows(textOf(selections), selections, recorded, spec) } : {}),
  }
}

/** A split file: JSON or YAML `{ train: [rows], validation: [rows], test: [rows] }`, or CSV with the columns row and part. */
export function parseSplit(text: string, file: string): SplitRows {
  if (/\.csv$/i.test(file)) return splitOfCsv(text, file)
  const value = parseData(text, file)
  if (!isRecord(value) || value.train === undefined)
    throw badInput(`${file}: expected { train, validation, test } with lists of rows`, { file, path: 'train', expected: 'a list of rows' })
  for (const key of Object.keys(value))
    if (!['train', 'validation', 'test'].includes(key))
      throw badInput(`${file}: unknown part "${key}"`, { file, path: key, found: key, expected: 'train · validation · test' })
  const part = (key: string): readonly number[] => (value[key] === undefined || value[key] === null ? [] : rowList(value[key], file, key))
  return { train: part('train'), validation: part('validation'), test: part('test') }
}

function splitOfCsv(text: string, file: string): SplitRows {
  const [header = [], ...lines] = csvParseRows(text.replace(/^\uFEFF/, ''))
  const [row, part] = ['row', 'part'].map((name) => {
    const index = header.indexOf(name)
    if (index < 0) throw badInput(`${file} has no column ${name}`, { file, expected: name, found: header.join(', ') })
    return index
  })
  const rows: Record<string, number[]> = { train: [], validation: [], test: [] }
  lines.forEach((line, i) => {
    if (!Object.hasOwn(rows, line[part]))
      throw badInput(`${file}, line ${i + 2}: unknown part`, {
        file,
        line: i + 2,
        found: line[part],
        expected: 'train · validation · test',
      })
    rows[line[part]].push(line[row].trim() === '' ? Number.NaN : Number(line[row]))
  })
  return {
    train: rowList(rows.train, file, 'train'),
    validation: rowList(rows.validation, file, 'validation'),
    test: rowList(rows.test, file, 'test'),
  }
}

/**
 * Initial rows: a list for every repeat alike, a list of one list per repeat, or numbers separated by commas, blanks or lines, which
 * may have the heading `row`.
 */
export function parseInitialRows(text: string, file: string, repeat: number): readonly number[] {
  const trimmed = text.replace(/^\uFEFF?\s*row\s*\n/, '').trim()
  if (/^\d[\d\s,;]*$/.test(trimmed)) return rowList(trimmed.split(/[\s,;]+/).map(Number), file, '')
  const value = parseData(text, file)
  if (!Array.isArray(value) || !Array.isArray(value[0])) return rowList(value, file, '')
  if (value[repeat] === undefined) {
    throw badInput(`${file} has initial rows for ${value.length} repeats; repeat ${repeat} is missing`, {
      file,
      found: `${value.length} lists`,
      expected: `at least ${repeat + 1}`,
    })
  }
  return rowList(value[repeat], file, `[${repeat}]`)
}

function recordedRows(text: string, file: string, strategy: unknown, { datasetName, repeat }: RunSpec): readonly ArrayLike<number>[] {
  const recorded = parseRecorded(text, file, {
    dataset: datasetName,
    ...(typeof strategy === 'string' ? { strategy } : {}),
  })
  const rounds = recorded.get(repeat)
  if (rounds === undefined)
    throw badInput(`${file} has no picks of repeat ${repeat}`, {
      file,
      found: `repeats ${[...recorded.keys()].join(', ')}`,
      expected: String(repeat),
    })
  return rounds
}

function parseData(text: string, file: string): unknown {
  try {
    return parse(text) as unknown
  } catch (error) {
    throw badInput(`${file}: ${error instanceof Error ? error.message : String(error)}`, { file })
  }
}

function rowList(value: unknown, file: string, path: string): readonly number[] {
  if (!Array.isArray(value)) throw badInput(`${file}: expected a list of rows`, { file, path, expected: 'a list of rows' })
  return value.map((row: unknown, i) => {
    if (typeof row === 'number' && Number.isInteger(row) && row >= 0) return row
    throw badInput(`${file}: ${String(row)} is not a row`, {
      file,
      path: `${path}[${i}]`,
      found: String(row),
      expected: 'a whole number, at least 0',
    })
  })
}
