import type { InputFile } from '../source/inputFile'
import { splitOfName, type Batch, type Cells, type Column, type Opened, type Split } from './contract'

const batchRows = 256

/** Files that come with samples in folders and are none. */
export const besidesSamples =
  /(^|\/)(readme|licen[cs]e|notice|citation|copying|attribution|sha256sums|md5sums)[^/]*$|\.(md|json|xml|ya?ml|html?|csv|tsv|db|pdf|m|py|bib)$/i

export interface ClassFile {
  readonly file: InputFile
  readonly split: Split | null
  /** the folder that names the class; null at the top and right below a split */
  readonly label: string | null
}

/** What the folders of files say: `class/file`, or `train/class/file`, below any folders that all of them share. */
export function classFilesOf(files: readonly InputFile[]): ClassFile[] {
  const root = commonRoot(files.map(({ name }) => name))
  return files.map((file) => ({ file, ...placeOf(file.name.slice(root.length)) }))
}

/** A table of `sample` and `class` for each split, a row a file. */
export function classTable(entries: readonly ClassFile[], sample: Column, cells: (files: readonly InputFile[]) => Promise<Cells>): Opened {
  async function* batches(items: readonly ClassFile[], columns: readonly string[]): AsyncGenerator<Batch> {
    for (let from = 0; from < items.length; from += batchRows) {
      const part = items.slice(from, from + batchRows)
      const classes: Cells = { kind: 'text', values: part.map(({ label }) => label) }
      const found: Cells[] = []
      for (const name of columns) found.push(name === 'class' ? classes : await cells(part.map(({ file }) => file)))
      yield { rows: part.length, cells: found }
    }
  }
  const splits = new Set(entries.map(({ split }) => split))
  return {
    form: 'table',
    parts: (splits.size > 1 ? (['train', 'validation', 'test'] as const) : [null])
      .map((split) => ({ split, items: split === null ? entries : entries.filter((entry) => (entry.split ?? 'train') === split) }))
      .filter(({ items }) => items.length > 0)
      .map(({ split, items }) => ({
        split,
        table: {
          name: split ?? 'files',
          columns: [sample, { name: 'class', kind: 'text' }],
          rows: items.length,
          batches: (columns) => batches(items, columns),
        },
      })),
  }
}

export const depth = (name: string): number => name.split('/').length - 1

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

export const classOf = (name: string): string | null => placeOf(name).label

/** A folder that is called like a split, not one that merely mentions it (`test tube`). */
const exactSplit = (folder: string): Split | null => (/^[a-z]+$/i.test(folder) ? splitOfName(folder) : null)
