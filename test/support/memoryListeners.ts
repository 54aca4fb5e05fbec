import type { LabClient, LabEventName, LabEvents } from '@contract/commands'

export interface Listeners {
  emit<E extends LabEventName>(event: E, payload: LabEvents[E]): void
  readonly on: LabClient['on']
}

/** Listeners get copies, as over any process line. */
export function createListeners(): Listeners {
  const listeners = new Map<LabEventName, Set<(payload: never) => void>>()
  return {
    emit: (event, payload) => listeners.get(event)?.forEach((listener) => listener(structuredClone(payload) as never)),
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener)
      return () => set.delete(listener)
    },
  }
}
