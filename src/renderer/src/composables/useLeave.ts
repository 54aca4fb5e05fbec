import { useEventListener } from '@vueuse/core'
import { onBeforeUnmount } from 'vue'

/** Runs when the component goes and when the page does, so that what is typed and not yet taken over is kept. */
export function useLeave(keep: () => void): void {
  onBeforeUnmount(keep)
  useEventListener(window, 'pagehide', keep)
}
