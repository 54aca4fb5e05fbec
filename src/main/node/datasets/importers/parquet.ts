import type { AsyncBuffer, FileMetaData, SchemaTree } from 'hyparquet'
import { badInput, QuerentError, unsupported } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import { uniqueNames } from './csv'
import { columnCells, type RawColumn } from './columnValues'
import { readColumn } from './parquetColumn'
import type { Batch, Column, FileImporter, TableSource } from './contract'
import { huggingFaceClasses } from './huggingFaceNames'

const batchRows = 1 << 12

export const parquet: FileImporter = {
  id: 'parquet',
  title: 'Parquet',
  sniff: (head) => (new TextDecoder('latin1').decode(head.subarray(0, 4)) === 'PAR1' ? 1 : 0),
  table: openParquet,
}

async function openParquet(file: InputFile): Promise<TableSource> {
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet')
  const buffer = asBuffer(file)
  const metadata = await guarded(file.name, () => parquetMetadataAsync(buffer))
  const rows = Number(metadata.num_rows)
  const children = await guarded(file.name, async () => parquetSchema(metadata).children)
  if (!Number.isSafeInteger(rows) || rows < 0) throw badInput(`${file.name}: damaged Parquet file: ${rows} rows`, { file: file.name })
  requireRowGroups(metadata, file)
  const names = uniqueNames(children.map(({ element }) => element.name))
  const classNames = huggingFaceClasses(metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value)
  const columns = children.map((tree, j): Column & { readonly raw: RawColumn; readonly tree: SchemaTree } => {
    const raw = rawColumn(tree)
    return { name: names[j], kind: raw.kind, raw, tree, ...(classNames.has(names[j]) ? { classNames: classNames.get(names[j]) } : {}) }
  })
  return {
    name: file.name,
    columns: columns.map(({ name, kind, classNames: known }) => ({ name, kind, ...(known === undefined ? {} : { classNames: known }) })),
    rows,
    batches: (asked, most = Infinity) =>
      batches(
        most,
        file,
        metadata,
        asked.map((name) => columns[names.indexOf(name)]),
      ),
  }
}

const asBuffer = (file: InputFile): AsyncBuffer => ({
  byteLength: file.size,
  slice: async (start, end = file.size) => {
    if (!(start >= 0 && end >= start && end <= file.size))
      throw badInput(`${file.name}: damaged Parquet file: it points to bytes ${start} to ${end} of ${file.size}`, { file: file.name })
    const bytes = await file.read(start, end - start)
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  },
})

/** Refuses files whose parts claim to be larger than a packed file can be, or do not add up. */
function requireRowGroups(metadata: FileMetaData, file: InputFile): void {
  const rows = metadata.row_groups.map((group) => Number(group.num_rows))
  const sum = rows.reduce((a, b) => a + b, 0)
  if (rows.some((count) => !(count >= 0)) || sum !== Number(metadata.num_rows))
    throw badInput(`${file.name}: damaged Parquet file: ${metadata.num_rows} rows, but ${sum} in its groups`, { file: file.name })
  for (const group of metadata.row_groups)
    for (const { meta_data: chunk } of group.columns) {
      const packed = Number(chunk?.total_compressed_size ?? 0)
      const plain = Number(chunk?.total_uncompressed_size ?? 0)
      if (packed < 0 || packed > file.size || plain < 0 || plain > Math.max(2 ** 28, packed * 4096))
        throw badInput(`${file.name}: damaged Parquet file: a column of ${packed} bytes claims ${plain} unpacked`, { file: file.name })
    }
}

function rawColumn({ element, children }: SchemaTree): RawColumn {
  const { type, converted_type: converted, logical_type: logical, repetition_type: repetition } = element
  if (repetition === 'REPEATED' || converted === 'LIST' || logical?.type === 'LIST') return { kind: 'list' }
  if (children.length > 0) return children.some(({ element: inner }) => inner.name === 'bytes') ? { kind: 'image' } : { kind: 'text' }
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') {
    if (converted === 'DECIMAL' || logical?.type === 'DECIMAL' || logical?.type === 'FLOAT16') return { kind: 'number' }
    const isText =
      converted === 'UTF8' || converted === 'ENUM' || converted === 'JSON' || logical?.type === 'STRING' || logical?.type === 'ENUM'
    return { kind: isText ? 'text' : 'image' }
  }
  return { kind: 'number' }
}

async function* batches(
  most: number,
  file: InputFile,
  metadata: FileMetaData,
  columns: readonly (Column & { readonly raw: RawColumn; readonly tree: SchemaTree })[],
): AsyncGenerator<Batch> {
  const { compressors } = await import('hyparquet-compressors')
  let first = 0
  // A row group at a time: its columns have to be in memory together.
  for (const group of metadata.row_groups) {
    if (first >= most) return
    const rows = Number(group.num_rows)
    const wanted = Math.min(rows, most - first)
    const values: ArrayLike<unknown>[] = []
    for (const { raw, tree, name } of columns) {
      const label = `${file.name}, column ${name}`
      values.push(await guarded(file.name, () => readColumn(file, metadata, group, tree, raw, { wanted, first, label, compressors })))
    }
    for (let from = 0; from < wanted; from += batchRows) {
      const to = Math.min(wanted, from + batchRows)
      yield {
        rows: to - from,
        cells: values.map((data, j) => columnCells(columns[j].raw, data, from, to, `${file.name}, column ${columns[j].name}`, first)),
      }
    }
    first += rows
  }
}

/** Whatever a damaged file makes the library throw becomes an error about the file. */
async function guarded<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof QuerentError) throw error
    const message = error instanceof Error ? error.message : String(error)
    if (/unsupported|not supported|encrypt/i.test(message)) throw unsupported(`${name}: ${message}`, { file: name })
    throw badInput(`${name}: damaged Parquet file: ${message}`, { file: name, found: message })
  }
}
