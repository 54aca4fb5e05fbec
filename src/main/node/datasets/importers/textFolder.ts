import { badInput } from '@engine/core/errors'
import { baseName, type InputFile } from '../source/inputFile'
import { decodeText } from '../source/text'
import { besidesSamples, classFilesOf, classTable } from './classFolders'
import { splitOfName, type TreeImporter } from './contract'

const mostFileBytes = 16 * 2 ** 20

/** Text files, also such without an ending, in folders named like their class: 20 newsgroups, IMDB, `load_files` of scikit-learn. */
export const textFolder: TreeImporter = {
  id: 'text-folder',
  title: 'Folders of text files, one per class',
  matches: ({ files }) => {
    const texts = files.filter(isText)
    if (texts.length === 0 || !files.every((file) => isText(file) || besidesSamples.test(file.name))) return false
    const labels = classFilesOf(texts).map(({ label }) => label)
    const classes = new Set(labels).size
    // Tables of numbers end in .txt too: those are few, at the top, or called train and test.
    return classes >= 2 && !labels.includes(null) && texts.length >= 2 * classes
  },
  open: async ({ files }, { mapping }) =>
    classTable(classFilesOf(files.filter(isText)), { name: 'text', kind: 'text' }, async (texts) => {
      const values: string[] = []
      for (const file of texts) values.push(await wholeText(file, mapping.encoding))
      return { kind: 'text', values }
    }),
}

const isText = ({ name }: InputFile): boolean =>
  /^([^.]+|.*\.txt)$/i.test(baseName(name)) && !besidesSamples.test(name) && splitOfName(baseName(name)) === null

async function wholeText(file: InputFile, encoding: string | undefined): Promise<string> {
  if (file.size > mostFileBytes)
    throw badInput(`${file.name}: ${file.size} bytes for one text`, { file: file.name, expected: `at most ${mostFileBytes}` })
  let text = ''
  for await (const part of decodeText(file, encoding)) text += part
  return text
}
