import { onScopeDispose } from 'vue'
import { useClient } from '@/client/labClient'

/** Asks again for what had failed when the host is back. */
export function useReconnected(failed: () => unknown, again: () => unknown): void {
  const stop = useClient().on('connection.changed', (state) => {
    if (state === 'open' && failed()) void again()
  })
  onScopeDispose(stop)
}
