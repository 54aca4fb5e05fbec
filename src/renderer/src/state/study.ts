import { useDebounceFn } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type { PlanReport } from '@contract/types'
import { QuerentError } from '@engine/core/errors'
import { checkStudy } from '@engine/study/schema'
import { readSource } from '@engine/study/source'
import type { Finding } from '@engine/study/spec'
import { useClient } from '@/client/labClient'
import { useReconnected } from '@/composables/useReconnected'
import { keepDraft, keptDraft } from './draftStorage'
import { pushEdit, redo, startHistory, undo, type TextHistory } from './history'
import { useMessages } from './messages'

interface Draft {
  readonly history: TextHistory
  readonly saved: string
  readonly revision: number
}

/** The study being edited: its text is the truth, the form and the plan follow it. Unsaved drafts of other projects are kept. */
export const useStudy = defineStore('study', () => {
  const client = useClient()
  const messages = useMessages()

  const project = ref<string | null>(null)
  const draft = shallowRef<Draft | null>(null)
  const loading = ref(false)
  const error = shallowRef<unknown>(null)
  const plan = shallowRef<PlanReport | null>(null)
  const planning = ref(false)
  const planError = shallowRef<unknown>(null)
  const drafts = new Map<string, Draft>()

  const text = computed(() => draft.value?.history.present ?? '')
  const dirty = computed(() => draft.value !== null && draft.value.history.present !== draft.value.saved)
  const canUndo = computed(() => (draft.value?.history.past.length ?? 0) > 0)
  const canRedo = computed(() => (draft.value?.history.future.length ?? 0) > 0)
  const source = computed(() => readSource(text.value))
  const checked = computed(() => checkStudy(text.value, { file: 'study.yaml' }))

  /** What is wrong comes at once from here; what the lab's linter adds belongs to the text it was asked about. */
  const findings = computed<readonly Finding[]>(() => {
    const own = checked.value.findings
    if (!checked.value.study || !plan.value) return own
    const known = new Set(own.map((finding) => `${finding.path}\n${finding.message}`))
    return [...own, ...plan.value.findings.filter((finding) => !known.has(`${finding.path}\n${finding.message}`))]
  })
  const valid = computed(() => checked.value.study !== null)

  async function open(id: string): Promise<void> {
    if (project.value === id && draft.value) return
    if (project.value && draft.value) drafts.set(project.value, draft.value)
    project.value = id
    plan.value = null
    error.value = null
    const kept = drafts.get(id)
    if (kept && kept.history.present !== kept.saved) {
      draft.value = kept
      return
    }
    draft.value = null
    await reload()
  }

  async function reload(): Promise<void> {
    const id = project.value
    if (!id) return
    loading.value = true
    try {
      const { yaml, revision } = await client.call('study.get', { project: id })
      if (project.value !== id) return
      // What was left unsaved lies one undo above the stored text; its revision tells a save whether that has moved on since.
      const kept = keptDraft(id)
      const stored = startHistory(yaml)
      draft.value = {
        history: kept ? pushEdit(stored, kept.text, null, performance.now()) : stored,
        saved: yaml,
        revision: kept?.revision ?? revision,
      }
      error.value = null
    } catch (cause) {
      if (project.value === id) error.value = cause
    } finally {
      loading.value = false
    }
  }

  const change = (history: TextHistory): void => {
    if (draft.value) draft.value = { ...draft.value, history }
    keep()
  }
  const keep = (): void => {
    if (project.value && draft.value) keepDraft(project.value, dirty.value ? { text: text.value, revision: draft.value.revision } : null)
  }
  const write = (next: string, kind: string | null = null): void => {
    if (draft.value) change(pushEdit(draft.value.history, next, kind, performance.now()))
  }
  /** An edit of the text by a function; one that cannot be made becomes a message. */
  const edit = (make: (text: string) => string, kind: string | null = null): void => {
    try {
      write(make(text.value), kind)
    } catch (cause) {
      messages.fail('The study could not be changed', cause)
    }
  }

  async function save(): Promise<boolean> {
    const id = project.value
    const current = draft.value
    if (!id || !current) return false
    try {
      const { revision } = await client.call('study.save', { project: id, yaml: current.history.present, revision: current.revision })
      if (project.value === id && draft.value) draft.value = { ...draft.value, saved: current.history.present, revision }
      keep()
      return true
    } catch (cause) {
      if (cause instanceof QuerentError && cause.code === 'locked')
        messages.say({
          tone: 'bad',
          title: 'The study was saved from another window in the meantime',
          text: 'Your edits are still here. Loading the stored study drops them; undo brings them back.',
          action: { label: 'Load it', run: () => void adoptStored() },
        })
      else messages.fail('The study could not be saved', cause)
      return false
    }
  }

  /** Takes over what another window stored, with the edits one undo away. */
  async function adoptStored(): Promise<void> {
    const id = project.value
    const current = draft.value
    if (!id || !current) return
    await messages.attempt('The study could not be read', async () => {
      const { yaml, revision } = await client.call('study.get', { project: id })
      draft.value = { history: pushEdit(current.history, yaml, null, performance.now()), saved: yaml, revision }
      keep()
    })
  }

  let turn = 0
  const requestPlan = useDebounceFn(async () => {
    const id = project.value
    const yaml = text.value
    if (!id || !valid.value) return
    const mine = ++turn
    planning.value = true
    try {
      const report = await client.call('study.plan', { project: id, yaml })
      if (mine !== turn) return
      plan.value = report
      planError.value = null
    } catch (cause) {
      if (mine === turn) planError.value = cause
    } finally {
      if (mine === turn) planning.value = false
    }
  }, 300)
  watch([text, project], () => void requestPlan())
  // Runs that finished since are reused: the grid says so.
  client.on('experiment.changed', ({ finishedAt }) => {
    if (finishedAt !== null) void requestPlan()
  })

  useReconnected(
    () => error.value ?? planError.value,
    () => (error.value ? reload() : requestPlan()),
  )

  return {
    project,
    draft,
    text,
    dirty,
    canUndo,
    canRedo,
    source,
    checked,
    valid,
    findings,
    loading,
    error,
    plan,
    planning,
    planError,
    open,
    reload,
    write,
    edit,
    save,
    undo: () => draft.value && change(undo(draft.value.history)),
    redo: () => draft.value && change(redo(draft.value.history)),
    requestPlan,
  }
})
