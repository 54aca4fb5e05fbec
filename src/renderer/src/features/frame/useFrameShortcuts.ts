import { onBeforeUnmount } from 'vue'
import { useRouter } from 'vue-router'
import type { MenuCommand } from '@contract/shell'
import { runShortcut, useShortcuts, type Shortcut } from '@/composables/useShortcuts'
import { pages } from '@/pages'
import { useWorkspace } from '@/state/workspace'
import { useMessages } from '@/state/messages'
import { useProjectFile } from './useProjectFile'
import { useStarter } from './useStarter'

/** Commands of the desktop's menu, by the keys that do the same. */
const menuKeys: Readonly<Record<MenuCommand, string>> = {
  'project.new': 'mod+n',
  'project.open': 'mod+o',
  'study.save': 'mod+s',
  'project.save': 'mod+shift+s',
  'run.start': 'mod+enter',
  'run.stop': 'mod+.',
  'palette.open': 'mod+k',
  'help.shortcuts': '?',
}

/** Keys that work on every page. */
export function useFrameShortcuts(open: { openPalette(): void; openHelp(): void; openFiles(): void }): void {
  const router = useRouter()
  const workspace = useWorkspace()
  const messages = useMessages()
  const { bring, newEmpty, runActive } = useStarter()
  const { saveActive } = useProjectFile()

  const stop = (): void => void messages.attempt('The queue could not be stopped', async () => workspace.control('cancel'))
  const pageKeys: Shortcut[] = pages.map((page) => ({
    keys: `mod+${page.digit}`,
    label: page.title,
    run: () => void router.push({ name: page.name }),
  }))
  useShortcuts([
    { keys: 'mod+k', label: 'Search or run a command', run: () => open.openPalette() },
    { keys: 'mod+enter', label: 'Run the study', run: () => void runActive() },
    { keys: 'mod+.', label: 'Stop the queue', run: stop },
    { keys: 'mod+n', label: 'New project', run: () => void newEmpty() },
    { keys: 'mod+o', label: 'Open a study, project or result folder', run: () => open.openFiles() },
    { keys: 'mod+shift+s', label: 'Save the project as one file', run: () => void saveActive() },
    { keys: '?', label: 'All shortcuts', run: () => open.openHelp() },
    ...pageKeys,
  ])
  const stopListening = window.querent?.onMenu((command) => runShortcut(menuKeys[command]))
  if (stopListening) onBeforeUnmount(stopListening)
  // What is opened with the app goes where a dropped file goes.
  const stopOpening = window.querent?.onOpen((paths) => void messages.attempt('This could not be opened', () => bring({ paths })))
  if (stopOpening) onBeforeUnmount(stopOpening)
}
