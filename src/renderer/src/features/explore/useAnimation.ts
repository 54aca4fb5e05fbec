import { onBeforeUnmount, ref } from 'vue'
import type { CommandInput } from '@contract/commands'
import { useClient } from '@/client/labClient'
import { describeError } from '@/client/describeError'
import { saveFile } from '@/client/saveFile'
import { useMessages } from '@/state/messages'

type Request = Omit<CommandInput<'explore.animate'>, 'task'>

/** Makes an animation and saves it; leaving the page stops it. */
export function useAnimation() {
  const client = useClient()
  const messages = useMessages()
  /** 0 … 1 while one is being made */
  const progress = ref<number | null>(null)
  const error = ref<string | null>(null)
  let task: string | null = null

  async function save(request: Request): Promise<void> {
    const own = (task = crypto.randomUUID())
    progress.value = 0
    error.value = null
    try {
      const file = await client.call('explore.animate', { ...request, task: own })
      if (task !== own) return
      const saved = await saveFile(file.name, file.mime, file.bytes)
      if (saved) messages.say({ tone: 'good', title: `Saved ${saved}` })
    } catch (cause) {
      if (task === own) error.value = describeError(cause).message
    } finally {
      if (task === own) {
        task = null
        progress.value = null
      }
    }
  }
  function stop(): void {
    if (task === null) return
    void client.call('explore.stopAnimation', { task }).catch(() => undefined)
    task = null
    progress.value = null
  }
  const off = client.on('explore.animation', ({ task: named, progress: done }) => {
    if (named === task) progress.value = done
  })
  onBeforeUnmount(() => {
    off()
    stop()
  })
  return { progress, error, save, stop }
}
