import { onScopeDispose } from 'vue'
import { useClient } from '@/client/labClient'

/** Asks again, when the host is back, for what had failed or may be old. */
export function useReconnected(isDue: () => unknown, again: () => unknown): void {
  const stop = useClient().on('connection.changed', (state) => {
    if (state === 'open' && isDue()) void again()
  })
  onScopeDispose(stop)
}
