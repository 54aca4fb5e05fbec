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
  | 'datasets.save'
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

/** The data library: files are looked at, read and written by processes of their own, one for each. */
export function createDatasets({ datasets, viewing }: Pick<LabDependencies, 'datasets' | 'viewing'>, hub: Hub): Datasets {
  const tasks = createTasks(() => datasets.open(), 'the import was stopped; nothing was added')
  const saves = createTasks(() => datasets.open(), 'saving was stopped; there is no file')

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
      'datasets.save': async ({ task, dataset, format }) => {
        const { source } = await viewing.librarySource(dataset)
        const name = `${dataset}.${format}`
        const { saved, path } = await datasets.newFile(name)
        try {
          await saves.run(task, (job) => job.save({ ...source, file: path }, (progress) => hub.emit('datasets.saving', { task, progress })))
        } catch (error) {
          await datasets.drop(saved)
          throw error
        }
        return { saved, name }
      },
      'datasets.stop': async ({ task }) => {
        await Promise.all([tasks.stop(task), saves.stop(task)])
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
    stop: async () => {
      await Promise.all([tasks.stopAll(), saves.stopAll()])
    },
  }
}
