import { badInput } from '@engine/core/errors'
import { baseName, folderName, readAll, type InputFile } from '../source/inputFile'
import { arrow } from './arrow'
import { splitOfName, type Split, type TableSource, type TreeImporter } from './contract'
import { huggingFaceClasses } from './huggingFaceNames'

/** A folder that `save_to_disk` of Hugging Face's `datasets` made: one of Arrow files, or one such folder per split. */
export const huggingFace: TreeImporter = {
  id: 'hugging-face',
  title: 'Hugging Face data set folder',
  matches: ({ files }) => files.some(({ name }) => baseName(name) === 'state.json') && files.some(({ name }) => name.endsWith('.arrow')),
  open: async ({ files }, context) => {
    const text = async (file: InputFile | undefined): Promise<string | null> =>
      file === undefined ? null : new TextDecoder().decode(await readAll(file))
    const shards = files.filter(({ name }) => name.endsWith('.arrow') && !baseName(name).startsWith('cache-'))
    if (shards.length === 0 || arrow.table === undefined) throw badInput('no Arrow files in the data set folder')
    const parts: { split: Split | null; table: TableSource }[] = []
    for (const shard of shards) {
      const folder = folderName(shard.name)
      const table = await arrow.table(shard, context)
      const info = await text(files.find(({ name }) => folderName(name) === folder && baseName(name) === 'dataset_info.json'))
      const classNames = huggingFaceClasses(info)
      const columns = table.columns.map((column) => ({
        ...column,
        ...(classNames.has(column.name) ? { classNames: classNames.get(column.name) } : {}),
      }))
      parts.push({ split: splitOfName(baseName(folder)), table: { ...table, columns } })
    }
    return { form: 'table', parts }
  },
}
