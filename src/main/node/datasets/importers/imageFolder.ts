import { badInput } from '@engine/core/errors'
import { imageEnding } from '../importing/images'
import { readAll, type InputFile } from '../source/inputFile'
import type { FileTree } from '../source/tree'
import { splitOfName, type Batch, type Split, type TreeImporter } from './contract'

const batchRows = 256
/** Files that come with pictures and hold no data. */
const besides =
  /(^|\/)(readme|licen[cs]e|notice|citation|copying|attribution|sha256sums|md5sums)[^/]*$|\.(md|txt|json|xml|ya?ml|html?|csv|tsv|db|pdf|m|py|bib)$/i
const tables = /\.(csv|tsv|jsonl|ndjson|parquet)$/i

/** Folders named like their class, below `train`, `test` and `validation` or not; one level deep or more. */
export const imageFolder: TreeImporter = {
  id: 'image-folder',
  title: 'Folders of pictures, one per class',
  matches: ({ files }) => {
    const images = files.filter(({ name }) => imageEnding.test(name))
    // A table beside flat pictures holds the labels itself.
    const areInFolders = images.some(({ name }) => classOf(name) !== null)
    return (
      images.length > 0 &&
      areInFolders &&
      files.every(({ name }) => imageEnding.test(name) || besides.test(name)) &&
      !(images.every(({ name }) => depth(name) < 2) && files.some(({ name }) => tables.test(name)))
    )
  },
  open: async ({ files }: FileTree) => {
    const images = files.filter(({ name }) => imageEnding.test(name))
    const root = commonRoot(images.map(({ name }) => name))
    const entries = images.map((file) => ({ file, ...placeOf(file.name.slice(root.length)) }))
    const stray = entries.find((entry) => entry.label === null)
    if (stray !== undefined)
      throw badInput(`${stray.file.name}: this picture is in no class folder`, {
        file: stray.file.name,
        expected: 'class/picture.png, or train/class/picture.png',
      })
    const splits = new Set(entries.map(({ split }) => split))
    return {
      form: 'table',
      parts: (splits.size > 1 ? (['train', 'validation', 'test'] as const) : [null])
        .map((split) => ({ split, items: split === null ? entries : entries.filter((entry) => (entry.split ?? 'train') === split) }))
        .filter(({ items }) => items.length > 0)
        .map(({ split, items }) => ({
          split,
          table: {
            name: split ?? 'pictures',
            columns: [
              { name: 'image', kind: 'image' },
              { name: 'class', kind: 'text' },
            ],
            rows: items.length,
            batches: (columns) => batches(items, columns),
          },
        })),
    }
  },
}

interface Item {
  readonly file: InputFile
  readonly label: string | null
}

async function* batches(items: readonly Item[], columns: readonly string[]): AsyncGenerator<Batch> {
  for (let from = 0; from < items.length; from += batchRows) {
    const part = items.slice(from, from + batchRows)
    yield {
      rows: part.length,
      cells: columns.map((name) =>
        name === 'class'
          ? { kind: 'text', values: part.map(({ label }) => label) }
          : { kind: 'image', values: part.map(({ file }) => ({ name: file.name, bytes: () => readAll(file) })) },
      ),
    }
  }
}

const depth = (name: string): number => name.split('/').length - 1

/** A folder that all files share and that is neither a split nor the only class. */
function commonRoot(names: readonly string[]): string {
  let root = ''
  for (;;) {
    const next = names[0].slice(root.length).split('/')[0] + '/'
    const isShared = names.every((name) => name.startsWith(root + next)) && depth(names[0].slice(root.length)) >= 2
    if (!isShared || splitOfName(next) !== null) return root
    root += next
  }
}

function placeOf(name: string): { split: Split | null; label: string | null } {
  const folders = name.split('/').slice(0, -1)
  const split = folders.length > 1 ? exactSplit(folders[0]) : null
  const own = split === null ? folders : folders.slice(1)
  // `class/images/0.png` is a habit of TinyImageNet.
  return { split, label: own.find((folder) => !/^(images?|imgs?|data)$/i.test(folder)) ?? null }
}

const classOf = (name: string): string | null => placeOf(name).label

/** A folder that is called like a split, not one that merely mentions it (`test tube`). */
const exactSplit = (folder: string): Split | null => (/^[a-z]+$/i.test(folder) ? splitOfName(folder) : null)
