import { connectLab, type Port } from '@contract/rpc'
import { labEventNames, type LabClient, type LabEventName, type LabEvents } from '@contract/commands'
import { QuerentError } from '@engine/core/errors'

const firstDelayMs = 500
const longestDelayMs = 5_000

/**
 * A client that outlives its line: when the host goes away it says so, keeps trying, and says when it is back. Listeners stay;
 * calls made while the line is down reject at once.
 */
export async function reconnectingClient(open: () => Promise<Port>): Promise<LabClient> {
  const listeners = new Map<LabEventName, Set<(payload: never) => void>>()
  const emit = <E extends LabEventName>(event: E, payload: LabEvents[E]): void =>
    listeners.get(event)?.forEach((listener) => listener(payload as never))
  let line: ReturnType<typeof connectLab> | null = null
  let state: 'connecting' | 'open' | 'lost' = 'connecting'

  const adopt = (port: Port): void => {
    const next = connectLab(port, () => {
      state = 'lost'
      void retry(firstDelayMs)
    })
    for (const event of labEventNames) next.on(event, (payload) => emit(event, payload))
    line = next
    state = 'open'
  }
  const retry = async (delayMs: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    try {
      adopt(await open())
      emit('connection.changed', 'open')
    } catch {
      void retry(Math.min(delayMs * 2, longestDelayMs))
    }
  }
  adopt(await open())
  return {
    connection: () => state,
    call: (command, input) => {
      if (!line || state !== 'open')
        return Promise.reject(new QuerentError('not-found', 'the workbench host cannot be reached; trying again'))
      return line.call(command, input)
    },
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener)
      return () => set.delete(listener)
    },
  }
}
