import type { CommandInput } from '@contract/commands'
import type { Handlers } from '@contract/rpc'
import { QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'
import type { ImportingJob } from './ports'

type DatasetHandlers = Pick<
  Handlers,
  'datasets.list' | 'datasets.upload' | 'datasets.preview' | 'datasets.import' | 'datasets.stop' | 'datasets.remove' | 'datasets.restore'
>
type Files = CommandInput<'datasets.preview'>['files']

export interface Datasets {
  readonly handlers: DatasetHandlers
  stop(): Promise<void>
}

/** The data library: files are looked at and read by processes of their own, one per import. */
export function createDatasets({ datasets }: Pick<LabDependencies, 'datasets'>, hub: Hub): Datasets {
  const running = new Map<string, { job: ImportingJob | null; stopped: boolean }>()

  const pathsOf = (files: Files): Promise<readonly string[]> | readonly string[] =>
    'paths' in files ? files.paths : datasets.uploaded(files.upload)

  async function work<T>(task: string, ask: (job: ImportingJob) => Promise<T>): Promise<T> {
    if (running.has(task)) throw new QuerentError('locked', `the task ${task} is running already`)
    const entry: { job: ImportingJob | null; stopped: boolean } = { job: null, stopped: false }
    running.set(task, entry)
    try {
      entry.job = await datasets.open()
      if (entry.stopped) throw cancelled()
      return await ask(entry.job)
    } catch (error) {
      throw entry.stopped ? cancelled() : error
    } finally {
      running.delete(task)
      await entry.job?.dispose()
    }
  }
  async function stopTask(task: string): Promise<void> {
    const entry = running.get(task)
    if (entry === undefined) return
    entry.stopped = true
    await entry.job?.dispose()
  }

  return {
    handlers: {
      'datasets.list': () => datasets.list(),
      'datasets.upload': async ({ upload, name, offset, bytes }) => ({ received: await datasets.receive(upload, name, offset, bytes) }),
      'datasets.preview': async ({ files, mapping, task }) => {
        const paths = await pathsOf(files)
        return work(task, (job) => job.preview({ paths, mapping }))
      },
      'datasets.import': async ({ files, mapping, task }) => {
        const paths = await pathsOf(files)
        const result = await work(task, (job) =>
          job.import({ paths, mapping }, (progress) => hub.emit('datasets.progress', { task, ...progress })),
        )
        if ('upload' in files) await datasets.forget(files.upload)
        return result
      },
      'datasets.stop': async ({ task }) => {
        await stopTask(task)
        return null
      },
      'datasets.remove': async ({ dataset }) => {
        await datasets.remove(dataset)
        return null
      },
      'datasets.restore': ({ dataset }) => datasets.restore(dataset),
    },
    stop: async () => {
      await Promise.all([...running.keys()].map(stopTask))
    },
  }
}

const cancelled = (): QuerentError => new QuerentError('cancelled', 'the import was stopped; nothing was added')
