import { useRouter } from 'vue-router'
import { useShortcuts, type Shortcut } from '@/composables/useShortcuts'
import { pages } from '@/pages'
import { useWorkspace } from '@/state/workspace'
import { useMessages } from '@/state/messages'
import { useStarter } from './useStarter'

/** Keys that work on every page. */
export function useFrameShortcuts(open: { openPalette(): void; openHelp(): void }): void {
  const router = useRouter()
  const workspace = useWorkspace()
  const messages = useMessages()
  const { newEmpty, openStudyFile, runActive } = useStarter()

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
    { keys: 'mod+o', label: 'Open a study file', run: () => void openStudyFile() },
    { keys: '?', label: 'All shortcuts', run: () => open.openHelp() },
    ...pageKeys,
  ])
}
