import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'
import { createTasks } from './tasks'

type DatasetHandlers = Pick<
  Handlers,
  | 'datasets.list'
  | 'datasets.upload'
  | 'datasets.preview'
  | 'datasets.import'
  | 'datasets.stop'
  | 'datasets.remove'
  | 'datasets.restore'
  | 'datasets.bringSplit'
  | 'datasets.saveSplit'
  | 'datasets.removeSplit'
>
type Files = CommandInput<'datasets.preview'>['files']

export interface Datasets {
  readonly handlers: DatasetHandlers
  stop(): Promise<void>
}

/** The data library: files are looked at and read by processes of their own, one per import. */
export function createDatasets({ datasets }: Pick<LabDependencies, 'datasets'>, hub: Hub): Datasets {
  const tasks = createTasks(() => datasets.open(), 'the import was stopped; nothing was added')

  const pathsOf = (files: Files): Promise<readonly string[]> | readonly string[] =>
    'paths' in files ? files.paths : datasets.uploaded(files.upload)

  return {
    handlers: {
      'datasets.list': () => datasets.list(),
      'datasets.upload': async ({ upload, name, offset, bytes }) => ({ received: await datasets.receive(upload, name, offset, bytes) }),
      'datasets.preview': async ({ files, mapping, task }) => {
        const paths = await pathsOf(files)
        return tasks.run(task, (job) => job.preview({ paths, mapping }))
      },
      'datasets.import': async ({ files, mapping, task }) => {
        const paths = await pathsOf(files)
        const result = await tasks.run(task, (job) =>
          job.import({ paths, mapping }, (progress) => hub.emit('datasets.progress', { task, ...progress })),
        )
        if ('upload' in files) await datasets.forget(files.upload)
        return result
      },
      'datasets.stop': async ({ task }) => {
        await tasks.stop(task)
        return null
      },
      'datasets.remove': async ({ dataset }) => {
        await datasets.remove(dataset)
        return null
      },
      'datasets.restore': ({ dataset }) => datasets.restore(dataset),
      'datasets.bringSplit': async ({ dataset, name, file, text }) => {
        await datasets.addSplit(dataset, name, text, file)
        return null
      },
      'datasets.saveSplit': async ({ dataset, name }) => ({
        name: `${dataset}-${name}.json`,
        mime: 'application/json',
        bytes: await datasets.readSplit(dataset, name),
      }),
      'datasets.removeSplit': async ({ dataset, name }) => {
        await datasets.removeSplit(dataset, name)
        return null
      },
    },
    stop: tasks.stopAll,
  }
}
