import { computed, watch, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { ProjectSummary } from '@contract/types'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { useWorkspace } from '@/state/workspace'
import { isExperimentPage } from '@/pages'
import { useReconnected } from './useReconnected'

/**
 * The project (and, on experiment pages, the experiment) that the URL names. A URL without one gets the active project and
 * its latest experiment, so a page link is always complete.
 */
export function useProjectRoute(): { readonly project: ComputedRef<ProjectSummary | null> } {
  const route = useRoute()
  const router = useRouter()
  const workspace = useWorkspace()
  const experiment = useExperiment()
  const messages = useMessages()

  const param = (name: string): string => (typeof route.params[name] === 'string' ? route.params[name] : '')
  const project = computed(() => workspace.projectById(param('project') || workspace.workspace?.active || '') ?? null)
  const page = route.name

  async function enter(id: string): Promise<void> {
    await messages.attempt('The project could not be opened', () => workspace.open(id))
    if (experiment.listedProject !== id) await experiment.loadList(id)
  }
  watch(
    () => project.value?.id,
    async (id) => {
      if (!id) return
      if (!param('project')) await router.replace({ name: page, params: { project: id }, query: route.query })
      await enter(id)
    },
    { immediate: true },
  )
  useReconnected(
    () => experiment.listError !== null && project.value,
    () => enter(project.value?.id ?? ''),
  )

  if (isExperimentPage(page))
    watch(
      () => [param('experiment'), experiment.listedProject, experiment.list[0]?.id] as const,
      ([wanted, listed, latest]) => {
        if (route.name !== page) return
        if (wanted) void experiment.open(wanted)
        else if (listed && listed === project.value?.id) {
          if (latest) void router.replace({ name: page, params: { project: listed, experiment: latest }, query: route.query })
          else experiment.close()
        }
      },
      { immediate: true },
    )

  return { project }
}
