import { badInput } from '../core/errors'
import { columnOf, isNumeric, readTable, tableNumbers, type Table } from './csv'
import { isIdx, readIdx } from './idx'
import { isNpy, isNpyText, readNpy, readNpyText } from './npy'
import { chooseKey, isZip, npzKeys, readNpzEntry } from './npz'
import type { NumericArray } from './numericArray'
import { isSafetensors, openSafetensors } from './safetensors'

/** `file.npz#key` in its parts. */
export function splitReference(reference: string): { readonly file: string; readonly key: string | undefined } {
  const at = reference.lastIndexOf('#')
  return at < 0 ? { file: reference, key: undefined } : { file: reference.slice(0, at), key: reference.slice(at + 1) }
}

/**
 * Reads an array of numbers from the bytes of a `.npy`, `.npz#key`, `.safetensors#key`, `.csv` (`#column`) or IDX file; the
 * content decides, not the ending. Nothing in a file is ever executed or unpickled. NaN passes: callers refuse it where it matters.
 */
export function readArray(bytes: Uint8Array, reference: string): NumericArray {
  const { file, key } = splitReference(reference)
  if (isNpy(bytes)) return readNpy(bytes, file)
  if (isZip(bytes)) return readNpy(npzEntry(bytes, file, key), reference)
  if (isSafetensors(bytes)) {
    const tensors = openSafetensors(bytes, file)
    return tensors.read(chooseKey(tensors.keys, file, key))
  }
  if (isIdx(bytes)) return readIdx(bytes, file)
  refuseUnreadable(bytes, file)
  const table = readTable(bytes, file)
  return tableNumbers(table, key === undefined ? Array.from({ length: table.columns }, (_, j) => j) : [columnOf(table, key)])
}

/** One label per row: numbers, or names of classes. */
export type LabelValues =
  { readonly kind: 'numbers'; readonly array: NumericArray } | { readonly kind: 'names'; readonly names: readonly string[] }

/** Reads labels like `readArray`, and also arrays and columns of strings. */
export function readLabels(bytes: Uint8Array, reference: string): LabelValues {
  const { file, key } = splitReference(reference)
  const npy = isZip(bytes) ? npzEntry(bytes, file, key) : bytes
  if (isNpyText(npy, reference)) return { kind: 'names', names: readNpyText(npy, reference) }
  if (isNpy(npy) || isSafetensors(bytes) || isIdx(bytes)) return { kind: 'numbers', array: readArray(bytes, reference) }
  refuseUnreadable(bytes, file)
  const table = readTable(bytes, file)
  if (key === undefined && table.columns > 1)
    throw badInput(
      `${file}: ${table.columns} columns; say which one holds the labels, e.g. ${file}#${table.header?.at(-1) ?? table.columns - 1}`,
      {
        file,
        found: table.header?.join(', ') ?? `${table.columns} columns without names`,
        expected: 'one column',
      },
    )
  return labelsOfColumn(table, key === undefined ? 0 : columnOf(table, key))
}

/** The labels in one column of a table. */
export function labelsOfColumn(table: Table, column: number): LabelValues {
  const cells = table.rows.map((row) => row[column].trim())
  const missing = cells.indexOf('')
  if (missing >= 0) throw badInput(`${table.name}: row ${missing} has no label`, { file: table.name, path: `row ${missing}` })
  return cells.every(isNumeric) ? { kind: 'numbers', array: tableNumbers(table, [column]) } : { kind: 'names', names: cells }
}

function npzEntry(bytes: Uint8Array, file: string, key: string | undefined): Uint8Array {
  const keys = npzKeys(bytes, file)
  if (keys.some((entry) => entry.endsWith('data.pkl'))) throw pickled(file, 'a PyTorch checkpoint')
  return readNpzEntry(bytes, file, chooseKey(keys, file, key))
}

/** Formats that are known, but not read. */
export function refuseUnreadable(bytes: Uint8Array, file: string): void {
  if (bytes.length === 0) throw badInput(`${file}: the file is empty`, { file })
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) throw pickled(file, 'a Python pickle')
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw badInput(`${file}: compressed with gzip inside an array reference; unpack it first`, { file })
  if (bytes[0] === 0x89 && bytes[1] === 0x48) throw badInput(`${file}: HDF5 is not read. Save it as .npy or .safetensors`, { file })
}

const pickled = (file: string, what: string): Error =>
  badInput(
    `${file}: this is ${what}; reading it could run code. ` +
      `Save plain arrays instead: numpy.save('x.npy', x) or safetensors.torch.save_file(model.state_dict(), 'model.safetensors')`,
    { file, found: what, expected: '.npy, .npz, .safetensors, .csv or IDX' },
  )

/** What inputs without labels need before a study can name them. */
export const labelsWanted = (inputs: string, file = inputs): string =>
  `{ inputs: ${inputs}, labels: y.npy }; for rows that nobody has labelled, querent datasets import ${file} --unlabelled --classes a,b and then querent label`
