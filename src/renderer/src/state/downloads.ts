import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { DownloadableSet } from '@contract/downloads'
import { useClient } from '@/client/labClient'
import { useReconnected } from '@/composables/useReconnected'
import { useLibrary } from './library'
import { useMessages } from './messages'

/** Public data sets and their downloads, which the host goes on with while pages come and go. */
export const useDownloads = defineStore('downloads', () => {
  const client = useClient()
  const library = useLibrary()
  const messages = useMessages()
  /** null until the first answer */
  const sets = shallowRef<readonly DownloadableSet[] | null>(null)
  const error = shallowRef<unknown>(null)

  client.on('downloads.changed', (state) => {
    sets.value = sets.value?.map((set) => (set.id === state.set ? { ...set, state } : set)) ?? null
    if (state.phase === 'here') void library.refresh()
  })
  useReconnected(() => sets.value !== null || error.value !== null, refresh)

  async function refresh(): Promise<void> {
    try {
      sets.value = await client.call('downloads.list', {})
      error.value = null
    } catch (failure) {
      error.value = failure
    }
  }
  const start = (set: string, mirror?: string): Promise<unknown> =>
    messages.attempt('The download could not be started', () => client.call('downloads.start', { set, mirror }))
  const pause = (set: string): Promise<unknown> =>
    messages.attempt('The download could not be paused', () => client.call('downloads.pause', { set }))
  const cancel = (set: string): Promise<unknown> =>
    messages.attempt('The download could not be cancelled', () => client.call('downloads.cancel', { set }))

  return { sets, error, refresh, start, pause, cancel }
})
