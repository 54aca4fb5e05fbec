import { connectJob, type JobHandle } from './client'
import type { FromJob, JobExit, JobProcess, ToJob } from './protocol'
import { serveJob, type Worker } from './serve'

/** A job without a process: the same protocol over an in-memory line.. */
export const inProcessSpawner = (createWorker: () => Worker): { spawn(): Promise<JobHandle> } => ({
  spawn: () => connectJob(link(createWorker())),
})

function link(worker: Worker): JobProcess {
  const toJob = line<ToJob>()
  const fromJob = line<FromJob>()
  let exit: ((reason: JobExit) => void) | null = null
  serveJob({ send: fromJob.send, onMessage: toJob.listen }, worker)
  return {
    pid: process.pid,
    send: toJob.send,
    onMessage: fromJob.listen,
    onExit: (listener) => (exit = listener),
    disconnect: () => exit?.({ code: 0, signal: null, lastWords: '' }),
    kill: () => exit?.({ code: null, signal: 'SIGKILL', lastWords: '' }),
  }
}

/** Delivers clones in order, never in the sender's own call. */
function line<T>(): { send: (message: T) => void; listen: (listener: (message: T) => void) => void } {
  let receive: ((message: T) => void) | null = null
  return {
    send: (message) => {
      const copy = structuredClone(message)
      setImmediate(() => receive?.(copy))
    },
    listen: (listener) => (receive = listener),
  }
}
