import { badInput } from '@engine/core/errors'
import { imageEnding } from '../importing/images'
import { folderName, readAll } from '../source/inputFile'
import { besidesSamples, classFilesOf, classOf, classTable, depth } from './classFolders'
import type { TreeImporter } from './contract'

const lists = /\.txt$/i
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
      files.every(({ name }) => imageEnding.test(name) || lists.test(name) || besidesSamples.test(name)) &&
      !(images.every(({ name }) => depth(name) < 2) && files.some(({ name }) => tables.test(name))) &&
      // One folder is no two classes: a list beside it holds them.
      !(
        new Set(images.map(({ name }) => folderName(name))).size === 1 &&
        files.some(({ name }) => lists.test(name) && !besidesSamples.test(name))
      )
    )
  },
  open: ({ files }) => {
    const entries = classFilesOf(files.filter(({ name }) => imageEnding.test(name)))
    const stray = entries.find((entry) => entry.label === null)
    if (stray !== undefined)
      throw badInput(`${stray.file.name}: this picture is in no class folder`, {
        file: stray.file.name,
        expected: 'class/picture.png, or train/class/picture.png',
      })
    return Promise.resolve(
      classTable(entries, { name: 'image', kind: 'image' }, (images) =>
        Promise.resolve({ kind: 'image', values: images.map((file) => ({ name: file.name, bytes: () => readAll(file) })) }),
      ),
    )
  },
}
