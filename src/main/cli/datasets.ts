import type { Command } from 'commander'
import { datasetInfo, listDatasets } from '../node/datasets'
import { textTable, type CliContext } from './io'

export function register(program: Command, context: CliContext): void {
  const datasets = program.command('datasets').description('the data sets that studies can name')

  datasets
    .command('list')
    .description('every data set of the library')
    .action(
      context.action(() => {
        const list = listDatasets()
        const text = textTable(
          ['id', 'kind', 'rows', 'test', 'classes', 'bytes', 'licence', ''],
          list.map(({ id, kind, rows, testRows, classes, bytes, licence, available }) => [
            id,
            kind,
            rows,
            testRows,
            classes,
            bytes,
            licence,
            available ? '' : 'not on this machine',
          ]),
        )
        return { json: { datasets: list }, text }
      }),
    )

  datasets
    .command('info')
    .description('one data set: a library id, or a file')
    .argument('<id>')
    .action(
      context.action(async (id: string) => {
        const info = await datasetInfo(id, context.cwd)
        const text = textTable(
          ['field', 'value'],
          Object.entries({ ...info, shape: info.shape.join('×') }).map(([field, value]) => [field, String(value)]),
        )
        return { json: info, text }
      }),
    )
}
