import { baseName, readAll, type InputFile } from '../source/inputFile'
import type { ArraySource, TreeImporter } from './contract'
import { rowMajorPositions } from './numbers'
import { recordArray } from './records'

const side = 96

/** STL-10 (`train_X.bin`, `train_y.bin`, `test_X.bin`, `test_y.bin`): planes stored column by column, labels from 1. */
export const stl10: TreeImporter = {
  id: 'stl10',
  title: 'STL-10, binary version',
  matches: ({ files }) => ['train_X.bin', 'train_y.bin'].every((name) => find(files, name) !== undefined),
  open: async ({ files }) => {
    // Three planes, each with its rows running fastest.
    const plane = rowMajorPositions([side, side])
    const order = Int32Array.from(
      { length: 3 * side * side },
      (_, i) => Math.floor(i / plane.length) * plane.length + plane[i % plane.length],
    )
    const length = 3 * side * side
    const pictures = (file: InputFile, key: string): ArraySource =>
      recordArray(file.name, key, [3, side, side], { files: [file], recordBytes: length, at: 0, length, order })
    const arrays: ArraySource[] = []
    for (const split of ['train', 'test']) {
      const [images, labels] = [find(files, `${split}_X.bin`), find(files, `${split}_y.bin`)]
      if (images === undefined || labels === undefined) continue
      arrays.push(pictures(images, `${split}_images`))
      arrays.push(recordArray(labels.name, `${split}_labels`, [], { files: [labels], recordBytes: 1, at: 0, length: 1, lowest: 1 }))
    }
    // Not used unless the mapping names it as the inputs of a pool.
    const unlabelled = find(files, 'unlabeled_X.bin')
    if (unlabelled !== undefined) arrays.push(pictures(unlabelled, 'unlabeled_images'))
    const names = find(files, 'class_names.txt')
    const listed =
      names === undefined
        ? []
        : new TextDecoder()
            .decode(await readAll(names))
            .split(/\r?\n/)
            .filter((name) => name.trim() !== '')
    return { form: 'arrays', kind: 'image', arrays, ...(listed.length > 0 ? { classNames: listed } : {}) }
  },
}

const find = (files: readonly InputFile[], name: string): InputFile | undefined => files.find((file) => baseName(file.name) === name)
