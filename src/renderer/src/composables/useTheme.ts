import { usePreferredDark } from '@vueuse/core'
import { computed, watchEffect, type ComputedRef } from 'vue'
import { useWorkspace } from '@/state/workspace'

/** Light or dark as it is drawn now, and the switch between them. */
export function useTheme(): { readonly dark: ComputedRef<boolean>; toggle(): void } {
  const workspace = useWorkspace()
  const preferred = usePreferredDark()
  const dark = computed(() => (workspace.settings.theme === 'system' ? preferred.value : workspace.settings.theme === 'dark'))
  return { dark, toggle: () => void workspace.change({ theme: dark.value ? 'light' : 'dark' }) }
}

/** Writes the chosen theme onto the document; called once by the frame. */
export function applyTheme(): void {
  const workspace = useWorkspace()
  watchEffect(() => {
    const { theme } = workspace.settings
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
  })
}
