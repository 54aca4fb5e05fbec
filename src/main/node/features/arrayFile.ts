import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { badInput } from '@engine/core/errors'
import { chooseKey } from '@engine/data/npz'
import { shapeText } from '@engine/data/numericArray'
import { withFile } from '../errors'
import type { ArraySource, Cells, TableSource } from '../datasets/importers/contract'
import { refuse } from '../datasets/importers/refused'
import { bestImporter } from '../datasets/importing/open'
import { diskFile, type InputFile } from '../datasets/source/inputFile'
import type { Scratch } from '../datasets/source/scratch'

/** Features in a file of somebody else, in chunks of whole rows. */
export interface FeatureArray {
  /** null when only reading tells */
  readonly rows: number | null
  /** row-major values of consecutive rows, and values per row */
  chunks(): AsyncIterable<{ readonly values: Float32Array; readonly width: number }>
  /** SHA-256 of the data set they were made of, where the file says it */
  readonly datasetSha256: string | null
}

/** Opens the array `key` of a `.npy`, `.npz`, `.safetensors` file, or a table with a column of lists or columns of numbers. */
export async function openFeatureArray(path: string, key: string | undefined, scratch: Scratch): Promise<FeatureArray> {
  const name = basename(path)
  const { size } = await withFile(path, () => stat(path))
  const file = diskFile(path, name, size)
  const head = await file.read(0, 4096)
  const importer = bestImporter(head, name)
  if (importer === null) throw refuse(head, name)
  const datasetSha256 = await recordedHash(path, importer.id === 'safetensors' ? file : null)
  const context = { mapping: {}, scratch }
  if (importer.arrays !== undefined) {
    const arrays = await importer.arrays(file, context)
    const keys = arrays.map((array) => array.key)
    const chosen = arrays.length === 1 && key === undefined ? keys[0] : chooseKey(keys, name, key)
    return { datasetSha256, ...ofArray(arrays.find((array) => array.key === chosen) as ArraySource) }
  }
  if (importer.table === undefined) throw refuse(head, name)
  return { datasetSha256, ...ofTable(await importer.table(file, context), key) }
}

const floats = ['float16', 'bfloat16', 'float32', 'float64']

function ofArray(array: ArraySource): Omit<FeatureArray, 'datasetSha256'> {
  const { name, shape, dtype } = array
  if (!floats.includes(dtype))
    throw badInput(`${name}: features are floating-point numbers`, { file: name, found: dtype, expected: floats.join(' · ') })
  if (shape.length !== 2 || shape[1] < 1)
    throw badInput(`${name}: features have two axes, a row for each sample`, {
      file: name,
      found: shapeText(shape),
      expected: 'rows × width',
    })
  return {
    rows: shape[0],
    async *chunks() {
      for await (const chunk of array.chunks()) yield { values: Float32Array.from(chunk), width: shape[1] }
    },
  }
}

/** One column of lists, or all columns of numbers side by side. */
function ofTable(table: TableSource, key: string | undefined): Omit<FeatureArray, 'datasetSha256'> {
  const { name, columns, rows } = table
  const lists = columns.filter(({ kind }) => kind === 'list')
  const numbers = columns.filter(({ kind }) => kind === 'number')
  const all = columns.map((column) => column.name)
  const chosen =
    key !== undefined ? [chooseKey(all, name, key)] : lists.length === 1 ? [lists[0].name] : numbers.map((column) => column.name)
  if (chosen.length === 0 || (key === undefined && lists.length > 1))
    throw badInput(`${name}: say which column holds the features, e.g. ${name}#${lists[0]?.name ?? all[0]}`, {
      file: name,
      found: all.slice(0, 20).join(', '),
      expected: 'a column of lists, or columns of numbers',
    })
  return {
    rows,
    async *chunks() {
      let first = 0
      for await (const { rows: count, cells } of table.batches(chosen)) {
        yield joined(cells, count, first, name)
        first += count
      }
    },
  }
}

function joined(cells: readonly Cells[], rows: number, first: number, name: string): { values: Float32Array; width: number } {
  const [only] = cells
  if (only.kind === 'list') {
    const width = only.values[0]?.length ?? 0
    const values = new Float32Array(rows * width)
    for (let i = 0; i < rows; i++) {
      const list = only.values[i]
      const isFlat = list !== null && list.length === width && width > 0 && typeof list[0] === 'number'
      if (!isFlat)
        throw badInput(`${name}: row ${first + i} is no list of ${width} numbers`, {
          file: name,
          path: `row ${first + i}`,
          found: list === null ? 'nothing' : `${list.length} values`,
        })
      values.set(list as ArrayLike<number>, i * width)
    }
    return { values, width }
  }
  const values = new Float32Array(rows * cells.length)
  cells.forEach((column, j) => {
    if (column.kind !== 'number')
      throw badInput(`${name}: features are numbers`, { file: name, found: column.kind, expected: 'numbers, or lists of them' })
    for (let i = 0; i < rows; i++) values[i * cells.length + j] = column.values[i]
  })
  return { values, width: cells.length }
}

/** The hash in a JSON file beside the features (`x.npy.json`, `x.json`), or in the metadata of a safetensors file. */
async function recordedHash(path: string, safetensors: InputFile | null): Promise<string | null> {
  for (const beside of [`${path}.json`, path.replace(/\.[^./\\]+$/, '.json')]) {
    const text = await readFile(beside, 'utf8').catch(() => null)
    if (text === null) continue
    const found = hashIn(text)
    if (found !== null) return found
  }
  if (safetensors === null) return null
  const [head] = [await safetensors.read(0, 8)]
  const length = Number(new DataView(head.buffer, head.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(await safetensors.read(8, length))) as { readonly __metadata__?: unknown }
  return hashIn(JSON.stringify(header.__metadata__ ?? null))
}

function hashIn(json: string): string | null {
  try {
    const value = JSON.parse(json) as { readonly datasetSha256?: unknown; readonly dataset_sha256?: unknown } | null
    const hash = value?.datasetSha256 ?? value?.dataset_sha256
    return typeof hash === 'string' ? hash : null
  } catch {
    return null
  }
}
