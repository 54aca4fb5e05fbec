import type { BatchFormat, ImportedLabels, LabellingProgress, LabellingSession } from '@contract/labelling'
import type { Handlers } from '@contract/rpc'
import { badInput, QuerentError } from '@engine/core/errors'
import type { LabDependencies } from './dependencies'
import type { Hub } from './hub'

/** The labelling sessions of a workspace; a session belongs to one caller at a time, others are refused with `locked`. */
export interface LabellingSessions {
  list(): Promise<LabellingSession[]>
  start(request: {
    readonly id: string
    readonly dataset: string
    readonly studyText: string
    readonly strategy?: string
    readonly classes: readonly string[]
  }): Promise<LabellingSession>
  get(id: string): Promise<LabellingSession>
  /** Rejects with `cancelled` once `signal` is aborted, with nothing asked. */
  next(
    id: string,
    options: { readonly k?: number; readonly signal: AbortSignal; readonly onProgress: (progress: LabellingProgress) => void },
  ): Promise<LabellingSession>
  importLabels(
    id: string,
    file: string,
    options: { readonly relabel: boolean; readonly addClasses: boolean },
  ): Promise<{ readonly session: LabellingSession; readonly imported: ImportedLabels }>
  undo(id: string): Promise<LabellingSession>
  /** A batch, or all labels. */
  file(id: string, what: number | 'labels', format: BatchFormat): Promise<{ readonly name: string; readonly bytes: Uint8Array }>
  remove(id: string): Promise<void>
  restore(id: string): Promise<LabellingSession>
}

type LabellingHandlers = Pick<Handlers, Extract<keyof Handlers, `labelling.${string}`>>

const mimes: Readonly<Record<BatchFormat, string>> = { csv: 'text/csv', json: 'application/json', npy: 'application/octet-stream' }

/** Choosing what people label next: rows go out as files, labels come back as files. */
export function createLabellingHandlers(
  deps: Pick<LabDependencies, 'labelling' | 'newId'> & {
    readonly datasets: Pick<LabDependencies['datasets'], 'uploaded' | 'forget'>
    /** Throws for a study that starts a program nobody allowed. */
    requireAllowed(studyText: string): void
  },
  hub: Pick<Hub, 'emit'>,
): { readonly handlers: LabellingHandlers; stop(): void } {
  const { labelling, datasets } = deps
  const running = new Map<string, AbortController>()
  /** Tells every window how a session is now; one that is gone tells its caller so. */
  const tell = async (session: string): Promise<void> => {
    const now = await labelling.get(session).catch(() => null)
    if (now !== null) hub.emit('labelling.changed', now)
  }
  const told = (session: LabellingSession): LabellingSession => {
    hub.emit('labelling.changed', session)
    return session
  }
  return {
    stop: () => running.forEach((task) => task.abort()),
    handlers: {
      'labelling.list': async ({ dataset }) => {
        const all = await labelling.list()
        return dataset === undefined ? all : all.filter((session) => session.dataset === dataset)
      },
      'labelling.start': async ({ dataset, yaml, strategy, classes }) => {
        deps.requireAllowed(yaml)
        return told(await labelling.start({ id: deps.newId(), dataset, studyText: yaml, strategy, classes }))
      },
      'labelling.get': ({ session }) => labelling.get(session),
      'labelling.next': async ({ session, k, task }) => {
        if (running.has(task)) throw new QuerentError('locked', `the task ${task} is running already`)
        const stop = new AbortController()
        running.set(task, stop)
        try {
          return await labelling.next(session, {
            k,
            signal: stop.signal,
            onProgress: (progress) => hub.emit('labelling.progress', { session, task, ...progress }),
          })
        } finally {
          running.delete(task)
          await tell(session)
        }
      },
      'labelling.stop': ({ task }) => {
        running.get(task)?.abort()
        return null
      },
      'labelling.import': async ({ session, files, ...options }) => {
        const paths = 'paths' in files ? files.paths : await datasets.uploaded(files.upload)
        try {
          const [path] = paths
          if (paths.length !== 1) throw badInput('one file of labels at a time', { found: `${paths.length} files`, expected: '1' })
          return await labelling.importLabels(session, path, options)
        } finally {
          await tell(session)
          if ('upload' in files) await datasets.forget(files.upload)
        }
      },
      'labelling.undo': async ({ session }) => told(await labelling.undo(session)),
      'labelling.file': async ({ session, what, format }) => ({ ...(await labelling.file(session, what, format)), mime: mimes[format] }),
      'labelling.remove': async ({ session }) => {
        await labelling.remove(session)
        hub.emit('labelling.removed', { session })
        return null
      },
      'labelling.restore': async ({ session }) => told(await labelling.restore(session)),
    },
  }
}
