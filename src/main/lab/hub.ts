import type { LabEventName, LabEvents } from '@contract/commands'
import type { RunEvent } from '@engine/study/events'

type Push = <E extends LabEventName>(event: E, payload: LabEvents[E]) => void

const batchMs = 100

/** Fans events out to every connected client; run events travel in numbered batches. */
export interface Hub {
  attach(push: Push): () => void
  emit: Push
  /** Queues a run's event for the next batch; of the epochs in it only the latest is sent. */
  runEvent(experiment: string, run: string, event: RunEvent): void
  /** Sends what is queued and tells the number of the last batch. */
  flush(experiment: string): number
  /** Leaves a number out: clients see the gap and open the experiment anew. */
  skip(experiment: string): void
  dispose(): void
}

interface Pending {
  batch: number
  events: (readonly [string, RunEvent])[]
}

export function createHub(): Hub {
  const clients = new Set<Push>()
  const pending = new Map<string, Pending>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const emit: Push = (event, payload) => clients.forEach((push) => push(event, payload))
  const queueOf = (experiment: string): Pending => {
    const queue = pending.get(experiment) ?? { batch: 0, events: [] }
    pending.set(experiment, queue)
    return queue
  }
  const flush = (experiment: string): number => {
    const queue = queueOf(experiment)
    if (queue.events.length > 0) {
      const events = latestEpochs(queue.events)
      queue.events = []
      queue.batch += 1
      emit('experiment.events', { experiment, batch: queue.batch, events })
    }
    return queue.batch
  }
  const flushAll = (): void => {
    timer = undefined
    for (const experiment of pending.keys()) flush(experiment)
  }
  return {
    attach: (push) => {
      clients.add(push)
      return () => clients.delete(push)
    },
    emit,
    runEvent: (experiment, run, event) => {
      // Arrays go to files; clients never see them.
      if (event.type === 'artifact' || event.type === 'checkpoint') return
      queueOf(experiment).events.push([run, event])
      timer ??= setTimeout(flushAll, batchMs)
    },
    flush,
    skip: (experiment) => {
      const queue = queueOf(experiment)
      queue.batch += 2
      emit('experiment.events', { experiment, batch: queue.batch, events: queue.events.splice(0) })
    },
    dispose: () => {
      clearTimeout(timer)
      clients.clear()
      pending.clear()
    },
  }
}

function latestEpochs(events: readonly (readonly [string, RunEvent])[]): (readonly [string, RunEvent])[] {
  const last = new Map<string, number>()
  events.forEach(([run, event], index) => {
    if (event.type === 'epoch') last.set(run, index)
  })
  return events.filter(([run, event], index) => event.type !== 'epoch' || last.get(run) === index)
}
