import { badInput } from '@engine/core/errors'
import {
  cellText,
  splitOfName,
  type ArraySource,
  type FileImporter,
  type ImportContext,
  type Opened,
  type TableSource,
} from '../importers/contract'
import { isPickle, refuse } from '../importers/refused'
import { fileImporters, treeImporters } from '../importers/registry'
import { baseName, type InputFile } from '../source/inputFile'
import type { FileTree } from '../source/tree'
import { imageEnding } from './images'

/** A source that was recognised. */
export interface OpenedSource {
  readonly importer: string
  readonly title: string
  readonly opened: Opened
}

const headBytes = 4096
/** Files that come with data and hold none. */
const besides =
  /(^|\/)(readme|licen[cs]e|notice|citation|copying|attribution|changelog|sha256sums|md5sums)[^/]*$|\.(md|html?|pdf|bib|py|ipynb|m|sh|log)$/i

/** Finds out what the files are, by content before name, and opens them. */
export async function openSource(tree: FileTree, context: ImportContext): Promise<OpenedSource> {
  for (const importer of treeImporters)
    if (importer.matches(tree)) return { ...importer, importer: importer.id, opened: await importer.open(tree, context) }
  const files = tree.files.filter(({ name }) => !besides.test(name))
  const sniffed: { file: InputFile; importer: FileImporter }[] = []
  for (const file of files) {
    if (imageEnding.test(file.name)) continue // mentioned by a table
    const head = await file.read(0, headBytes)
    const importer = isPickle(head, file.name) ? null : bestImporter(head, file.name)
    if (importer === null) throw refuse(head, file.name)
    sniffed.push({ file, importer })
  }
  if (sniffed.length === 0)
    throw files.length === 0
      ? badInput(`${tree.files[0].name}: a file that comes with data and holds none`, {
          found: `${tree.files.length} such ${tree.files.length === 1 ? 'file' : 'files'}`,
          expected: '.npy, .npz, .safetensors, tables or images',
        })
      : badInput(`${files[0].name}: pictures without labels`, {
          found: `${files.length} ${files.length === 1 ? 'picture' : 'pictures'}`,
          expected: 'class folders (class/picture.png), or a table with the columns path and label beside the pictures',
        })
  const [{ importer }] = sniffed
  const described = { importer: importer.id, title: importer.title }
  const isArrays = sniffed.some(({ importer: each }) => each.arrays !== undefined)
  return { ...described, opened: isArrays ? await openArrays(sniffed, context) : await openTables(sniffed, context) }
}

export function bestImporter(head: Uint8Array, name: string): FileImporter | null {
  let best: FileImporter | null = null
  let confidence = 0
  for (const importer of fileImporters) {
    const sure = importer.sniff(head, name)
    if (sure > confidence) [best, confidence] = [importer, sure]
  }
  return best
}

type Sniffed = readonly { readonly file: InputFile; readonly importer: FileImporter }[]

async function openArrays(sniffed: Sniffed, context: ImportContext): Promise<Opened> {
  const arrays: ArraySource[] = []
  for (const { file, importer } of sniffed) {
    if (importer.arrays !== undefined) arrays.push(...(await importer.arrays(file, context)))
    else if (importer.table !== undefined) arrays.push(await columnAsArray(await importer.table(file, context)))
  }
  return { form: 'arrays', arrays }
}

/** Labels beside arrays may come as a table of one column. */
async function columnAsArray(table: TableSource): Promise<ArraySource> {
  if (table.columns.length !== 1)
    throw badInput(`${table.name}: a table of ${table.columns.length} columns beside arrays`, {
      file: table.name,
      expected: 'one column of labels, or tables only',
    })
  const texts: string[] = []
  for await (const { cells, rows } of table.batches([table.columns[0].name]))
    for (let i = 0; i < rows; i++) texts.push(cellText(cells[0].values[i]))
  return {
    name: table.name,
    key: baseName(table.name).replace(/\.[^.]*$/, ''),
    shape: [texts.length],
    dtype: 'text',
    chunks: () => {
      throw badInput(`${table.name}: a column of a table cannot be the inputs of arrays`, { file: table.name })
    },
    texts: () => Promise.resolve(texts),
  }
}

async function openTables(sniffed: Sniffed, context: ImportContext): Promise<Opened> {
  const kinds = new Set(sniffed.map(({ importer }) => importer.id))
  if (kinds.size > 1)
    throw badInput(`files of different formats: ${[...kinds].join(', ')}`, {
      found: sniffed
        .map(({ file }) => file.name)
        .slice(0, 10)
        .join(', '),
      expected: 'one format at a time',
    })
  const parts = []
  for (const { file, importer } of sniffed) {
    if (importer.table === undefined) continue
    parts.push({ split: sniffed.length > 1 ? splitOfName(file.name) : null, table: await importer.table(file, context) })
  }
  return { form: 'table', parts }
}
