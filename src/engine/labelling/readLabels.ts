import { strFromU8 } from 'fflate'
import { badInput } from '../core/errors'
import { z } from '../core/zod'
import { columnOf, readTable } from '../data/csv'
import { isNpy, readNpy } from '../data/npy'
import { shapeText } from '../data/numericArray'

/** A row with the label that somebody gave it, as it is written; empty for none. */
export interface GivenLabel {
  readonly row: number
  readonly label: string
  readonly line?: number
}

const labelCell = z.union([z.string(), z.number(), z.null()]).optional()
const labelList = z.array(z.looseObject({ row: z.number(), label: labelCell }))
const labelDocument = z.union([
  labelList,
  z.looseObject({ samples: labelList }),
  z.record(z.string().regex(/^\d+$/, 'rows as keys'), labelCell),
])

/**
 * Labels by row, as they come back: a CSV with the columns `row` and `label` (others are ignored), JSON (a list of `{ row, label }`, a
 * batch file with its labels filled in, or `{ "12": "cat" }`), or a `.npy` of n × 2 whole numbers (row, class).
 */
export function readLabelFile(bytes: Uint8Array, name: string): GivenLabel[] {
  if (bytes.length === 0) throw badInput(`${name}: the file is empty`, { file: name })
  if (isNpy(bytes)) return labelsOfArray(bytes, name)
  if (/^\s*[[{]/.test(strFromU8(bytes.subarray(0, 64), true))) return labelsOfJson(bytes, name)
  const table = readTable(bytes, name)
  if (table.header === null)
    throw badInput(`${name}: the first line does not name the columns`, { file: name, line: 1, expected: 'row,label' })
  const [row, label] = [columnOf(table, 'row'), columnOf(table, 'label')]
  return table.rows.map((cells, i) => ({ row: rowOf(cells[row], name, i + 2), label: cells[label], line: i + 2 }))
}

function rowOf(cell: string, file: string, line: number): number {
  if (/^\s*\d+(\.0+)?\s*$/.test(cell)) return Number(cell)
  throw badInput(`${file}, line ${line}: "${cell}" is no row`, { file, line, found: cell, expected: 'a whole number, at least 0' })
}

function labelsOfArray(bytes: Uint8Array, name: string): GivenLabel[] {
  const { data, shape } = readNpy(bytes, name)
  if (shape.length !== 2 || shape[1] !== 2)
    throw badInput(`${name}: rows and their classes are needed`, {
      file: name,
      found: shapeText(shape),
      expected: 'n×2: row, class number',
    })
  return Array.from({ length: shape[0] }, (_, i) => ({ row: data[2 * i], label: String(data[2 * i + 1]) }))
}

function labelsOfJson(bytes: Uint8Array, name: string): GivenLabel[] {
  let value: unknown
  try {
    value = JSON.parse(strFromU8(bytes))
  } catch (error) {
    throw badInput(`${name}: not valid JSON`, { file: name, found: error instanceof Error ? error.message : '' })
  }
  const parsed = labelDocument.safeParse(value)
  if (!parsed.success)
    throw badInput(`${name}: no labels by row`, {
      file: name,
      expected: '[{ "row": 12, "label": "cat" }], a batch file with its labels filled in, or { "12": "cat" }',
    })
  const list = Array.isArray(parsed.data)
    ? parsed.data
    : 'samples' in parsed.data && Array.isArray(parsed.data.samples)
      ? parsed.data.samples
      : Object.entries(parsed.data as Readonly<Record<string, z.infer<typeof labelCell>>>).map(([row, label]) => ({
          row: Number(row),
          label,
        }))
  return list.map(({ row, label }) => ({ row, label: label === null || label === undefined ? '' : String(label) }))
}
