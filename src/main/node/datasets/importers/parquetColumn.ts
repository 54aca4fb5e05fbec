import type { Compressors, DecodedArray, FileMetaData, RowGroup, SchemaTree } from 'hyparquet'
import { badInput } from '@engine/core/errors'
import type { InputFile } from '../source/inputFile'
import { columnCells, type RawColumn } from './columnValues'
import { leafOf, pagesOf, type Leaf, type PageValues } from './parquetPages'

interface Asked {
  /** rows from the group's first on */
  readonly wanted: number
  /** row of the file that the group begins with */
  readonly first: number
  /** what errors call the column */
  readonly label: string
  readonly compressors: Compressors
}

/** Values of a column in a row group: numbers as a typed array with NaN for gaps, others as a list with null for gaps. */
export async function readColumn(
  file: InputFile,
  metadata: FileMetaData,
  group: RowGroup,
  tree: SchemaTree,
  raw: RawColumn,
  asked: Asked,
): Promise<ArrayLike<unknown>> {
  const rows = Number(group.num_rows)
  const damaged = (found: string): Error => badInput(`${asked.label}: damaged Parquet file: ${found}`, { file: file.name, found })
  const chunks = group.columns.flatMap(({ meta_data: chunk }) => (chunk?.path_in_schema[0] === tree.element.name ? [chunk] : []))
  if (chunks.length === 0) throw damaged('no values of this column in a row group')
  const parts = new Map<string, DecodedArray>()
  for (const chunk of chunks) {
    const leaf = await leafOf(metadata, chunk, asked.compressors)
    const held = Number(chunk.num_values)
    if (leaf.repeated === 0 ? held !== rows : held < rows) throw damaged(`${held} values for ${rows} rows`)
    const pages = pagesOf(file, chunk, leaf)
    if (leaf.path.length === 2 && leaf.repeated === 0)
      return raw.kind === 'number' ? numbers(pages, leaf, raw, asked) : others(pages, leaf, asked)
    const values = await nested(pages, leaf)
    if (values.length !== rows) throw damaged(`${values.length} lists for ${rows} rows`)
    parts.set(chunk.path_in_schema.join('.'), values)
  }
  if (tree.children.length > 0) {
    const [{ assembleNested }, { DEFAULT_PARSERS }] = await Promise.all([
      import('hyparquet/src/assemble.js'),
      import('hyparquet/src/convert.js'),
    ])
    assembleNested(parts, tree, DEFAULT_PARSERS)
  }
  const assembled = parts.get(tree.path.join('.'))
  if (assembled?.length !== rows) throw damaged(`${assembled?.length ?? 0} values for ${rows} rows`)
  return assembled
}

/** A page at a time into one array: lists of a million boxed numbers per column would keep the collector busy. */
async function numbers(pages: AsyncIterable<PageValues>, leaf: Leaf, raw: RawColumn, { wanted, first, label }: Asked) {
  const isSingle = leaf.decoder.type === 'FLOAT'
  const out = isSingle ? new Float32Array(wanted) : new Float64Array(wanted)
  let at = 0
  for await (const { count, definitions, values } of pages) {
    const used = Math.min(count, wanted - at)
    if (definitions === null || values instanceof Float64Array || values instanceof Float32Array || values instanceof Int32Array) {
      const { values: plain } = columnCells(raw, values, 0, definitions === null ? used : values.length, label, first + at)
      if (definitions === null) out.set(plain as Float64Array, at)
      else for (let i = 0, k = 0; i < used; i++) out[at + i] = definitions[i] === leaf.defined ? (plain[k++] as number) : NaN
    } else out.set(columnCells(raw, withGaps(values, definitions, leaf.defined), 0, used, label, first + at).values as Float64Array, at)
    at += used
    if (at === wanted) break
  }
  return out
}

async function others(pages: AsyncIterable<PageValues>, { defined }: Leaf, { wanted }: Asked): Promise<unknown[]> {
  const out: unknown[] = []
  for await (const { definitions, values } of pages) {
    for (const value of definitions === null ? values : withGaps(values, definitions, defined)) out.push(value)
    if (out.length >= wanted) break
  }
  return out
}

/** Values at their rows, null at the gaps. */
function withGaps(values: DecodedArray, definitions: ArrayLike<number>, defined: number): unknown[] {
  let next = 0
  return Array.from(definitions, (level): unknown => (level === defined ? values[next++] : null))
}

/** Lists of one leaf, as deep as the schema says. */
async function nested(pages: AsyncIterable<PageValues>, leaf: Leaf): Promise<unknown[]> {
  const { assembleLists } = await import('hyparquet/src/assemble.js')
  const out: unknown[] = []
  for await (const { definitions, repetitions, values } of pages) {
    const levels = definitions === null ? undefined : Array.from(definitions)
    const made = assembleLists(out, levels, repetitions === null ? [] : Array.from(repetitions), values, leaf.path)
    if (made !== out) for (const value of made) out.push(value) // neither lists nor gaps: the values themselves
  }
  return out
}
