import type { BackendReport } from '@contract/types'
import { autoOrder } from '@backends/registry'
import { QuerentError } from '@engine/core/errors'
import { backendIds, type BackendId } from '@engine/nn/executor'
import type { BackendResolver, ResolvedBackend } from '../lab/ports'
import type { JobHandle } from './jobs/client'

export interface Backends extends BackendResolver {
  /** Tries a backend in a process of its own: a native library that crashes takes only that process with it. */
  probe(id: BackendId): Promise<BackendReport>
  report(): Promise<BackendReport[]>
}

/** Backends of this machine; each is probed once per process, when it is first asked for. */
export function createBackends(spawner: { spawn(): Promise<JobHandle> }): Backends {
  const probed = new Map<BackendId, Promise<BackendReport>>()
  const probe = (id: BackendId): Promise<BackendReport> => {
    const known = probed.get(id) ?? probeInChild(id, spawner)
    probed.set(id, known)
    return known
  }
  return {
    probe,
    report: () => Promise.all(backendIds.map(probe)),
    resolve: async (wanted) => {
      if (wanted !== 'auto') return resolved(await probe(wanted))
      const reports: BackendReport[] = []
      for (const id of autoOrder) {
        const report = await probe(id)
        if (report.usable) return resolved(report)
        reports.push(report)
      }
      throw new QuerentError(
        'backend-unavailable',
        `no backend works here: ${reports.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`,
        {
          path: 'run.backend',
        },
      )
    },
  }
}

async function probeInChild(id: BackendId, spawner: { spawn(): Promise<JobHandle> }): Promise<BackendReport> {
  try {
    const job = await spawner.spawn()
    try {
      return await job.probe(id)
    } finally {
      await job.dispose()
    }
  } catch (error) {
    const { message, details } = error as QuerentError
    return { id, usable: false, reason: [message, details?.found].filter(Boolean).join(': '), device: '', threads: 0 }
  }
}

function resolved({ id, usable, reason, device, threads }: BackendReport): ResolvedBackend {
  if (usable) return { id, device, threads, precision: id === 'reference' ? 'float64' : 'float32' }
  throw new QuerentError('backend-unavailable', `backend ${id} cannot be used here: ${reason}`, { path: 'run.backend', found: id })
}
