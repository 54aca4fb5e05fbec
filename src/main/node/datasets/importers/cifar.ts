import { badInput } from '@engine/core/errors'
import { baseName, readAll, type InputFile } from '../source/inputFile'
import type { FileTree } from '../source/tree'
import type { TreeImporter } from './contract'
import { recordArray } from './records'

const pixels = 3 * 32 * 32

/** CIFAR-10 (`data_batch_1.bin` …, `test_batch.bin`) and CIFAR-100 (`train.bin`, `test.bin`; fine labels) in the binary version. */
export const cifar: TreeImporter = {
  id: 'cifar',
  title: 'CIFAR-10 or CIFAR-100, binary version',
  matches: ({ files }) => partsOf(files) !== null,
  open: async ({ files }: FileTree) => {
    const parts = partsOf(files)
    if (parts === null) throw badInput('no CIFAR files')
    const { train, test, labelBytes, names } = parts
    const recordBytes = labelBytes + pixels
    const arrays = [
      { split: 'train', group: train },
      { split: 'test', group: test },
    ].flatMap(({ split, group }) =>
      group.length === 0
        ? []
        : [
            recordArray(`${split}_images`, `${split}_images`, [3, 32, 32], { files: group, recordBytes, at: labelBytes, length: pixels }),
            recordArray(`${split}_labels`, `${split}_labels`, [], { files: group, recordBytes, at: labelBytes - 1, length: 1 }),
          ],
    )
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

function partsOf(
  files: readonly InputFile[],
): { train: InputFile[]; test: InputFile[]; labelBytes: 1 | 2; names: InputFile | undefined } | null {
  const named = (pattern: RegExp): InputFile[] => files.filter(({ name }) => pattern.test(baseName(name)))
  const batches = named(/^data_batch_\d+\.bin$/)
  if (batches.length > 0)
    return { train: batches, test: named(/^test_batch\.bin$/), labelBytes: 1, names: named(/^batches\.meta\.txt$/)[0] }
  const train = named(/^train\.bin$/)
  const names = named(/^fine_label_names\.txt$/)[0]
  const isHundred = train.length === 1 && (names !== undefined || train[0].size % (2 + pixels) === 0)
  return isHundred ? { train, test: named(/^test\.bin$/), labelBytes: 2, names } : null
}
