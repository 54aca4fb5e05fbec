import { useClient } from '@/client/labClient'
import { saveFile } from '@/client/saveFile'
import { useMessages } from '@/state/messages'
import { useStudy } from '@/state/study'
import { useWorkspace } from '@/state/workspace'

/** Saves projects as one file each, which opens anywhere. */
export function useProjectFile() {
  const client = useClient()
  const messages = useMessages()
  const workspace = useWorkspace()
  const study = useStudy()

  async function save(project: string, results: boolean): Promise<void> {
    await messages.attempt('The project could not be saved as a file', async () => {
      if (study.project === project && study.dirty && !(await study.save())) return
      const file = await client.call('project.export', { project, results })
      const saved = await saveFile(file.name, file.mime, file.bytes)
      if (saved) messages.say({ tone: 'good', title: `Saved ${saved}` })
    })
  }
  async function saveActive(): Promise<void> {
    const active = workspace.workspace?.active
    if (active) await save(active, true)
    else messages.say({ tone: 'note', title: 'No project is open' })
  }
  return { save, saveActive }
}
