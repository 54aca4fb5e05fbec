import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { LabEvents } from '@contract/commands'
import type { ExperimentSummary } from '@contract/types'
import { useClient } from '@/client/labClient'
import { keptText, useMessages } from './messages'
import { useProgramConsent } from './programConsent'
import { applyBatch, liveFrom, type LiveExperiment } from './experimentReducer'

/** The experiment on the screen, kept current by event batches, and the list of its project's experiments. */
export const useExperiment = defineStore('experiment', () => {
  const client = useClient()
  const messages = useMessages()

  /** Replaced once per batch by a copy of its first level: nothing inside is reactive, and its map stays the same. */
  const live = shallowRef<LiveExperiment | null>(null)
  const list = shallowRef<readonly ExperimentSummary[]>([])
  const listedProject = ref<string | null>(null)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  /** why the list of the project asked for last is not there */
  const listError = shallowRef<unknown>(null)

  let wanted: string | null = null
  let waiting: LabEvents['experiment.events'][] = []

  const id = computed(() => live.value?.snapshot.summary.id ?? null)
  const summary = computed(() => live.value?.snapshot.summary ?? null)
  const isLive = computed(() => summary.value?.state === 'running' || summary.value?.state === 'paused')

  async function loadList(project: string): Promise<void> {
    try {
      const found = await client.call('experiment.list', { project })
      listedProject.value = project
      list.value = [...found].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
      listError.value = null
    } catch (cause) {
      listError.value = cause
    }
  }

  async function open(experiment: string, again = false): Promise<void> {
    if (wanted === experiment && !again) return
    wanted = experiment
    waiting = []
    loading.value = live.value?.snapshot.summary.id !== experiment
    error.value = null
    try {
      const snapshot = await client.call('experiment.open', { experiment })
      if (wanted !== experiment) return
      const next = liveFrom(snapshot)
      for (const batch of waiting) applyBatch(next, batch)
      live.value = next
    } catch (cause) {
      if (wanted !== experiment) return
      error.value = cause
      // What a lost host could not give is asked for again when it is back.
      if (client.connection() === 'open') wanted = null
    } finally {
      loading.value = false
    }
  }

  function close(): void {
    wanted = null
    live.value = null
    error.value = null
  }

  client.on('experiment.events', (payload) => {
    if (payload.experiment !== wanted) return
    if (live.value?.snapshot.summary.id !== wanted) {
      waiting.push(payload)
      return
    }
    const outcome = applyBatch(live.value, payload)
    if (outcome === 'gap') void open(payload.experiment, true)
    else if (outcome === 'applied') live.value = { ...live.value }
  })
  client.on('experiment.changed', (changed) => {
    if (changed.project === listedProject.value) {
      const others = list.value.filter((item) => item.id !== changed.id)
      list.value = [changed, ...others].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    }
    if (live.value?.snapshot.summary.id === changed.id) {
      live.value = { ...live.value, snapshot: { ...live.value.snapshot, summary: changed } }
    }
  })
  client.on('connection.changed', (state) => {
    if (state === 'open' && wanted) void open(wanted, true)
  })

  /** Resolves to nothing when the study starts programs that the user does not allow. */
  async function start(project: string): Promise<ExperimentSummary | undefined> {
    const programs = await client.call('programs.list', { project })
    const asked = programs.filter(({ confirmed }) => !confirmed).map(({ command }) => [...command])
    if (asked.length > 0) {
      if (!(await useProgramConsent().ask(asked))) return undefined
      await client.call('programs.confirm', { commands: asked })
    }
    const started = await client.call('experiment.start', { project })
    await loadList(project)
    return started
  }

  async function remove(experiment: ExperimentSummary): Promise<void> {
    await client.call('experiment.remove', { experiment: experiment.id })
    if (wanted === experiment.id) close()
    await loadList(experiment.project)
    const restore = async (): Promise<void> => {
      await client.call('experiment.restore', { experiment: experiment.id })
      await loadList(experiment.project)
    }
    messages.say({
      tone: 'note',
      title: `Deleted the results of ${experiment.name}`,
      text: keptText,
      lasting: true,
      action: { label: 'Undo', run: () => void messages.attempt('The results could not be restored', restore) },
    })
  }

  const control = (action: 'pause' | 'resume' | 'cancel' | 'retry', runs?: string[]): Promise<unknown> =>
    messages.attempt(`The experiment could not ${action}`, async () => {
      if (id.value) await client.call('experiment.control', { experiment: id.value, action, runs })
    })

  return { live, list, listedProject, listError, loading, error, id, summary, isLive, loadList, open, close, start, remove, control }
})
