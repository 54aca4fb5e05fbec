import { onBeforeUnmount } from 'vue'
import type { MenuCommand } from '@contract/shell'
import { dispatchShortcut, isMac } from './useShortcuts'

/** The key that does what the menu item says: what it means is up to the page that is shown. */
const keyOf: Readonly<Record<MenuCommand, string>> = {
  'project.new': 'mod+n',
  'study.save': 'mod+s',
  'run.start': 'mod+enter',
  'run.stop': 'mod+.',
  'palette.open': 'mod+k',
  'help.shortcuts': '?',
}

/** Carries out the items of the desktop's menu for as long as the calling component lives. */
export function useMenu(): void {
  const stop = window.querent?.onMenu((command) => {
    const parts = keyOf[command].split('+')
    const mod = parts.includes('mod')
    dispatchShortcut(new KeyboardEvent('keydown', { key: parts.at(-1), ctrlKey: mod && !isMac, metaKey: mod && isMac }))
  })
  onBeforeUnmount(() => stop?.())
}
