import { onBeforeUnmount, ref } from 'vue'
import { useClient } from '@/client/labClient'
import { saveMade } from '@/client/saveFile'
import { useMessages } from '@/state/messages'
import { QuerentError } from '@engine/core/errors'

/** Writes a data set as a file of any size; leaving the page stops it. */
export function useSaving() {
  const client = useClient()
  const messages = useMessages()
  /** 0 … 1 while a file is being made */
  const progress = ref<number | null>(null)
  let task: string | null = null

  async function save(dataset: string, format: 'npz' | 'csv'): Promise<void> {
    const own = (task = crypto.randomUUID())
    await messages.attempt('The data set could not be saved', async () => {
      try {
        const saved = await saveMade(`${dataset}.${format}`, () => {
          if (task !== own) throw new QuerentError('cancelled', 'saving was stopped')
          progress.value = 0
          return client.call('datasets.save', { task: own, dataset, format })
        })
        if (saved) messages.say({ tone: 'good', title: `Saved ${saved}` })
      } catch (error) {
        if (task === own) throw error // not when it was stopped
      }
    })
    if (task === own) task = progress.value = null
  }
  function stop(): void {
    if (task === null) return
    void client.call('datasets.stop', { task }).catch(() => undefined)
    task = progress.value = null
  }
  const off = client.on('datasets.saving', ({ task: named, progress: done }) => {
    if (named === task) progress.value = done
  })
  onBeforeUnmount(() => {
    off()
    stop()
  })
  return { progress, save, stop }
}
