import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { CommandInput } from '@contract/commands'
import {
  emptyQueue,
  type AppInfo,
  type ExperimentSummary,
  type Notice,
  type ProjectSummary,
  type QueueState,
  type RecipeInfo,
  type Settings,
  type WorkspaceState,
} from '@contract/types'
import { useClient } from '@/client/labClient'
import { keptText, useMessages } from './messages'

/** What the whole window shows: projects, queue, notices, settings, connection. */
export const useWorkspace = defineStore('workspace', () => {
  const client = useClient()
  const messages = useMessages()

  const info = shallowRef<AppInfo | null>(null)
  const workspace = shallowRef<WorkspaceState | null>(null)
  const queue = shallowRef<QueueState>(emptyQueue)
  const notices = shallowRef<readonly Notice[]>([])
  const settings = shallowRef<Settings>({ theme: 'system', jobs: 'auto', backend: 'auto' })
  const recipes = shallowRef<readonly RecipeInfo[] | null>(null)
  const connection = ref(client.connection())
  const lostSince = ref<Date | null>(null)
  const error = shallowRef<unknown>(null)
  const declined = ref(new Set<string>())

  const projects = computed<readonly ProjectSummary[]>(() => workspace.value?.projects ?? [])
  const recent = computed(() => projects.value.filter(({ archived }) => !archived))
  const interrupted = computed(() => (workspace.value?.interrupted ?? []).filter((experiment) => !declined.value.has(experiment.id)))
  const projectById = (id: string): ProjectSummary | undefined => projects.value.find((project) => project.id === id)

  async function load(): Promise<void> {
    try {
      const [appInfo, state, queued, kept, chosen] = await Promise.all([
        client.call('app.info', {}),
        client.call('workspace.get', {}),
        client.call('queue.get', {}),
        client.call('notice.list', {}),
        client.call('settings.get', {}),
      ])
      info.value = appInfo
      workspace.value = state
      queue.value = queued
      notices.value = kept
      settings.value = chosen
      error.value = null
    } catch (cause) {
      error.value = cause
    }
  }

  async function loadRecipes(): Promise<void> {
    recipes.value ??= await client.call('recipes.list', {})
  }

  client.on('workspace.changed', (state) => void (workspace.value = state))
  client.on('queue.changed', (state) => void (queue.value = state))
  client.on('notice.added', (notice) => {
    notices.value = [notice, ...notices.value.filter((n) => n.id !== notice.id)]
    // Warnings come with what the user does: they are listed, and lie over nothing.
    if (notice.severity !== 'warning')
      messages.say({ tone: notice.severity === 'error' ? 'bad' : 'note', title: notice.title, text: notice.message })
  })
  client.on('connection.changed', (state) => {
    const wasLost = connection.value === 'lost'
    connection.value = state
    lostSince.value = state === 'lost' ? new Date() : null
    if (state === 'open' && (wasLost || !info.value)) void load()
  })

  const create = (input: CommandInput<'project.create'>): Promise<ProjectSummary> => client.call('project.create', input)
  const rename = (project: string, name: string): Promise<ProjectSummary> => client.call('project.rename', { project, name })
  const duplicate = (project: ProjectSummary): Promise<ProjectSummary> =>
    create({ name: `${project.name} copy`, from: { project: project.id } })

  async function archive(project: ProjectSummary, archived: boolean): Promise<void> {
    await client.call('project.archive', { project: project.id, archived })
    messages.say({
      tone: 'note',
      title: archived ? `Archived ${project.name}` : `${project.name} is back among the recent ones`,
      action: {
        label: 'Undo',
        run: () =>
          void messages.attempt('The project could not be moved', () =>
            client.call('project.archive', { project: project.id, archived: !archived }),
          ),
      },
    })
  }

  async function remove(project: ProjectSummary): Promise<void> {
    await client.call('project.remove', { project: project.id })
    messages.say({
      tone: 'note',
      title: `Deleted ${project.name}`,
      text: keptText,
      lasting: true,
      action: {
        label: 'Undo',
        run: () =>
          void messages.attempt('The project could not be restored', () => client.call('project.restore', { project: project.id })),
      },
    })
  }

  async function open(project: string): Promise<void> {
    if (workspace.value?.active !== project) await client.call('project.open', { project })
  }

  async function dismiss(notice: string): Promise<void> {
    notices.value = notices.value.filter((n) => n.id !== notice)
    await client.call('notice.dismiss', { notice })
  }

  async function change(patch: Partial<Settings>): Promise<void> {
    settings.value = await client.call('settings.set', patch)
    if (patch.backend !== undefined || patch.jobs !== undefined) info.value = await client.call('app.info', {})
  }

  /** Continues an interrupted experiment from its last finished round. */
  async function continueExperiment(experiment: string): Promise<ExperimentSummary> {
    const summary = await client.call('experiment.continue', { experiment })
    workspace.value = await client.call('workspace.get', {})
    return summary
  }
  const decline = (experiment: string): void => void (declined.value = new Set([...declined.value, experiment]))

  const control = (
    action: CommandInput<'experiment.control'>['action'],
    experiment = queue.value.experiment,
    runs?: string[],
  ): Promise<null> | null => (experiment ? client.call('experiment.control', { experiment, action, runs }) : null)

  return {
    info,
    workspace,
    projects,
    recent,
    interrupted,
    queue,
    notices,
    settings,
    recipes,
    connection,
    lostSince,
    error,
    projectById,
    load,
    loadRecipes,
    create,
    rename,
    duplicate,
    remove,
    archive,
    open,
    dismiss,
    change,
    continueExperiment,
    decline,
    control,
  }
})
