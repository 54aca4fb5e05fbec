import { QuerentError } from '@engine/core/errors'

/** Work of one client that a process of its own does. */
export interface Tasks<P> {
  /** Rejects with `cancelled` as soon as the task is stopped. */
  run<T>(task: string, work: (process: P) => Promise<T>): Promise<T>
  stop(task: string): Promise<void>
  stopAll(): Promise<void>
}

/** Tasks by the names that clients gave them; `open` starts a process, `whenStopped` says what a stop left behind. */
export function createTasks<P extends { dispose(): Promise<void> }>(open: () => Promise<P>, whenStopped: string): Tasks<P> {
  const running = new Map<string, () => Promise<void>>()
  const leave = (opening: Promise<P>): Promise<void> => opening.then((process) => process.dispose()).catch(() => undefined)
  const stop = async (task: string): Promise<void> => running.get(task)?.()
  return {
    run: async (task, work) => {
      if (running.has(task)) throw new QuerentError('locked', `the task ${task} is running already`)
      const opening = open()
      const stopped = new Promise<never>((_, reject) =>
        running.set(task, async () => {
          reject(new QuerentError('cancelled', whenStopped))
          await leave(opening)
        }),
      )
      try {
        return await Promise.race([stopped, opening.then(work)])
      } finally {
        running.delete(task)
        await leave(opening)
      }
    },
    stop,
    stopAll: async () => {
      await Promise.all([...running.keys()].map(stop))
    },
  }
}
