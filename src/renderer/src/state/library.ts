import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { DatasetInfo } from '@contract/types'
import { useClient } from '@/client/labClient'
import { keptText, useMessages } from './messages'

/** The data sets that studies can name. */
export const useLibrary = defineStore('library', () => {
  const client = useClient()
  const messages = useMessages()
  /** null until the first answer */
  const datasets = shallowRef<readonly DatasetInfo[] | null>(null)
  const error = shallowRef<unknown>(null)

  async function refresh(): Promise<void> {
    try {
      datasets.value = await client.call('datasets.list', {})
      error.value = null
    } catch (failure) {
      error.value = failure
    }
  }

  /** Takes a set out of the library and offers to bring it back; resolves to whether it is gone. */
  async function remove({ id }: DatasetInfo): Promise<boolean> {
    const done = await messages.attempt('The data set could not be removed', () => client.call('datasets.remove', { dataset: id }))
    if (done === undefined) return false
    await refresh()
    messages.say({
      tone: 'note',
      title: `Removed ${id}`,
      text: keptText,
      lasting: true,
      action: { label: 'Undo', run: () => void restore(id) },
    })
    return true
  }
  async function restore(id: string): Promise<void> {
    await messages.attempt('The data set could not be brought back', () => client.call('datasets.restore', { dataset: id }))
    await refresh()
  }

  return { datasets, error, refresh, remove }
})
