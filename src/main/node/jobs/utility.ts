import { mainToLab, type LabToMain } from '@contract/processes'
import type { JobSpawner } from '../../lab/ports'
import { connectJob, type JobHandle } from './client'
import type { ParentPort, UtilityPort } from './parentPort'
import type { FromJob, JobExit, JobProcess } from './protocol'

/**
 * Job processes of the desktop app: main forks them on request and hands over one end of their line, because a utility
 * process cannot fork.
 */
export function utilitySpawner(parent: ParentPort): JobSpawner & { spawn(): Promise<JobHandle> } {
  const tell = (message: LabToMain): void => parent.postMessage(message)
  const awaited = new Map<number, (port: UtilityPort, pid: number | undefined) => void>()
  const exits = new Map<number, (exit: JobExit) => void>()
  let next = 1
  parent.on('message', ({ data, ports }) => {
    const parsed = mainToLab.safeParse(data)
    if (!parsed.success) return
    const message = parsed.data
    if (message.type === 'job') {
      awaited.get(message.id)?.(ports[0], message.pid)
      awaited.delete(message.id)
    } else if (message.type === 'job-exit') {
      exits.get(message.id)?.({ code: message.code, signal: null, lastWords: '' })
      exits.delete(message.id)
    }
  })
  return {
    spawn: async () => {
      const id = next++
      const child = await new Promise<JobProcess>((resolve) => {
        awaited.set(id, (port, pid) => resolve(processOf(port, pid, id)))
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
