import type { BackendReport } from '@contract/types'
import { encodeError } from '@contract/errorCodec'
import type { BackendId } from '@engine/nn/executor'
import type { RunEvent } from '@engine/study/events'
import type { RunAssignment } from '../../lab/ports'
import type { JobChannel } from './protocol'

/** What a job can do; one of these lives as long as the process and keeps its backend and data set from run to run. */
export interface Worker {
  /** Computes a run; `emit` resolves when the next event may come. Resolves after `run-ended`. */
  run(assignment: RunAssignment, emit: (event: RunEvent) => Promise<void>, signal: AbortSignal): Promise<void>
  probe(backend: BackendId): Promise<BackendReport>
}

/** Answers a host's messages with a worker. */
export function serveJob(channel: JobChannel, worker: Worker): void {
  let cancel: AbortController | null = null
  let stored: (() => void) | null = null

  const emit = (event: RunEvent): Promise<void> => {
    channel.send({ type: 'event', event })
    if (event.type !== 'round-ended') return Promise.resolve()
    return new Promise((resolve) => (stored = resolve))
  }
  channel.onMessage((message) => {
    switch (message.type) {
      case 'run':
        cancel = new AbortController()
        worker.run(message.assignment, emit, cancel.signal).then(
          () => channel.send({ type: 'ended', error: null }),
          (error: unknown) => channel.send({ type: 'ended', error: encodeError(error) }),
        )
        return
      case 'cancel':
        cancel?.abort()
        stored?.()
        return
      case 'stored':
        stored?.()
        return
      case 'probe':
        void worker.probe(message.backend).then((report) => channel.send({ type: 'probed', report }))
    }
  })
  channel.send({ type: 'ready' })
}
