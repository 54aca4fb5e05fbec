import { useRouter } from 'vue-router'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { useWorkspace } from '@/state/workspace'

/** Retry works inside a running experiment; one that has ended is continued, which runs again what is not finished. */
export function useRunActions(): { retry(hashes?: string[]): Promise<void> } {
  const experiment = useExperiment()
  const workspace = useWorkspace()
  const messages = useMessages()
  const router = useRouter()
  return {
    retry: async (hashes) => {
      const id = experiment.id
      if (!id) return
      if (experiment.isLive) return void (await experiment.control('retry', hashes))
      const summary = await messages.attempt('The experiment could not be continued', () => workspace.continueExperiment(id))
      if (!summary) return
      await router.replace({ name: 'runs', params: { project: summary.project, experiment: summary.id } })
      await experiment.open(summary.id, true)
    },
  }
}
