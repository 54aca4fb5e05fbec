import { fork } from 'node:child_process'
import process from 'node:process'
import type { JobSpawner } from '../../lab/ports'
import { connectJob, type JobHandle } from './client'
import { lastLines, type FromJob, type JobProcess } from './protocol'

const keptStderr = 4_000

/** Starts the built job entry as a child of this process; studies of its runs may name the imported data sets of `workspace`. */
export const forkSpawner = (entry: string, workspace?: string): JobSpawner & { spawn(): Promise<JobHandle> } => ({
  spawn: () => connectJob(forkJob(entry, workspace)),
})

export function forkJob(entry: string, workspace?: string): JobProcess {
  // One core per job is the plan: collector threads of one job would take time from the next (two jobs: 1.4× with them, 2× without).
  // Its stdout would mix with ours; its stderr is kept for the message when it dies.
  const child = fork(entry, workspace === undefined ? [] : [workspace], {
    serialization: 'advanced',
    // A small nursery and one heap for all threads: a job on 60,000 images takes 80 MB less.
    execArgv: ['--single-threaded-gc', '--max-semi-space-size=2'],
    env: { MALLOC_ARENA_MAX: '1', ...process.env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let lastWords = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-keptStderr)
  })
  return {
    pid: child.pid,
    // A job that just died shows in `onExit`; the failed send says nothing more.
    send: (message) => void child.send(message, () => undefined),
    onMessage: (listener) => void child.on('message', (message) => listener(message as FromJob)),
    onExit: (listener) => {
      child.once('error', (error) => {
        if (child.pid === undefined) listener({ code: null, signal: null, lastWords: error.message })
      })
      child.once('exit', (code, signal) => {
        const tell = (): void => listener({ code, signal, lastWords: lastLines(lastWords) })
        // `close` of the child is not emitted after a disconnect from this side; its stderr's is.
        if (child.stderr === null || child.stderr.closed) tell()
        else child.stderr.once('close', tell)
      })
    },
    disconnect: () => {
      if (child.connected) child.disconnect()
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
