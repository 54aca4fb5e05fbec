import { mainToLab, type LabToMain } from '@contract/processes'
import type { JobSpawner } from '../../lab/ports'
import { connectJob, crashed, type JobHandle } from './client'
import type { ParentPort, UtilityPort } from './parentPort'
import { lastLines, type FromJob, type JobExit, type JobProcess } from './protocol'

/**
 * Job processes of the desktop app: main forks them on request and hands over one end of their line, because a utility
 * process cannot fork.
 */
export function utilitySpawner(parent: ParentPort): JobSpawner & { spawn(): Promise<JobHandle> } {
  const tell = (message: LabToMain): void => parent.postMessage(message)
  const starting = new Map<number, { readonly started: (child: JobProcess) => void; readonly died: (exit: JobExit) => void }>()
  const exits = new Map<number, (exit: JobExit) => void>()
  let next = 1
  parent.on('message', ({ data, ports }) => {
    const message = mainToLab.safeParse(data).data
    if (message?.type === 'job') {
      starting.get(message.id)?.started(processOf(ports[0], message.pid, message.id))
      starting.delete(message.id)
    } else if (message?.type === 'job-exit') {
      const exit: JobExit = { code: message.code, signal: null, lastWords: lastLines(message.lastWords) }
      starting.get(message.id)?.died(exit)
      exits.get(message.id)?.(exit)
      starting.delete(message.id)
      exits.delete(message.id)
    }
  })
  return {
    spawn: async () => {
      const id = next++
      const child = await new Promise<JobProcess>((resolve, reject) => {
        starting.set(id, { started: resolve, died: (exit) => reject(crashed(exit, false)) })
        tell({ type: 'spawn-job', id })
      })
      return connectJob(child)
    },
  }

  function processOf(port: UtilityPort, pid: number | undefined, id: number): JobProcess {
    return {
      pid,
      send: (message) => port.postMessage(message),
      onMessage: (listener) => {
        port.on('message', ({ data }) => listener(data as FromJob))
        port.start()
      },
      onExit: (listener) => void exits.set(id, listener),
      disconnect: () => port.close(),
      kill: () => tell({ type: 'kill-job', id }),
    }
  }
}
