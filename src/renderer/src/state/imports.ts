import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { ImportMapping, ImportPreview, ImportProgress, ImportResult } from '@contract/importing'
import { QuerentError } from '@engine/core/errors'
import { useClient } from '@/client/labClient'
import { useReconnected } from '@/composables/useReconnected'
import { keepImport, keptImport } from './draftStorage'
import { sendFiles, type SentFiles } from '@/client/sendFiles'

/** A data set on its way into the library: files chosen, looked at, mapped, read. */
export const useImports = defineStore('imports', () => {
  const client = useClient()
  const stage = shallowRef<'none' | 'sending' | 'looking' | 'ready' | 'importing'>('none')
  const preview = shallowRef<ImportPreview | null>(null)
  const mapping = shallowRef<ImportMapping>({})
  const progress = shallowRef<ImportProgress | null>(null)
  const sent = shallowRef(0)
  const error = shallowRef<unknown>(null)
  const name = shallowRef('')
  /** what the new set is to be called; empty: as the lab proposes */
  const id = shallowRef('')
  const licence = shallowRef('')
  let files: SentFiles | null = null
  let task = ''

  client.on('datasets.progress', (heard) => {
    if (heard.task === task) progress.value = heard
  })

  /** Runs a step; an answer that comes after the user went on is dropped. */
  async function step<T>(next: typeof stage.value, work: () => Promise<T>): Promise<T | undefined> {
    const own = (task = crypto.randomUUID())
    stage.value = next
    error.value = null
    try {
      const value = await work()
      return own === task ? value : undefined
    } catch (failure) {
      if (own === task && !(failure instanceof QuerentError && failure.code === 'cancelled')) error.value = failure
      return undefined
    } finally {
      if (own === task) stage.value = 'ready'
    }
  }

  async function start(chosen: readonly File[]): Promise<void> {
    name.value = chosen.length === 1 ? chosen[0].name : `${chosen[0].name} and ${chosen.length - 1} more`
    preview.value = null
    mapping.value = {}
    id.value = ''
    licence.value = ''
    const found = await step('sending', () => sendFiles(client, chosen, (share) => void (sent.value = share)))
    if (found === undefined) return
    files = found
    await look()
  }

  async function look(): Promise<void> {
    const asked = files
    if (asked === null) return
    const found = await step('looking', () => client.call('datasets.preview', { task, files: asked, mapping: mapping.value }))
    if (found === undefined) return
    preview.value = found
    mapping.value = found.mapping
    id.value ||= found.mapping.id ?? ''
  }

  /** Changes what is what and looks again. */
  function change(patch: Partial<ImportMapping>): Promise<void> {
    mapping.value = { ...mapping.value, ...patch }
    return look()
  }

  async function confirm(): Promise<ImportResult | undefined> {
    const asked = files
    if (asked === null) return undefined
    progress.value = null
    const details = { id: id.value || undefined, licence: licence.value || undefined }
    return step('importing', () => client.call('datasets.import', { task, files: asked, mapping: { ...mapping.value, ...details } }))
  }

  async function stop(): Promise<void> {
    const stopped = task
    task = ''
    stage.value = preview.value === null ? 'none' : 'ready'
    await client.call('datasets.stop', { task: stopped })
  }

  function close(): void {
    if (stage.value === 'looking' || stage.value === 'importing') void stop()
    task = ''
    files = null
    preview.value = null
    error.value = null
    stage.value = 'none'
  }

  // The lab keeps the files that were sent; what was said about them is kept here until the window closes.
  const kept = keptImport()
  if (kept) {
    files = kept.files
    ;[name.value, id.value, licence.value, mapping.value] = [kept.name, kept.id, kept.licence, kept.mapping]
    void look()
  }
  watch([stage, mapping, id, licence], () => {
    keepImport(
      stage.value === 'none' || !files ? null : { files, name: name.value, id: id.value, licence: licence.value, mapping: mapping.value },
    )
  })
  useReconnected(() => error.value !== null, look)

  const isOpen = computed(() => stage.value !== 'none')
  return { stage, preview, mapping, progress, sent, error, name, id, licence, isOpen, start, change, confirm, stop, close }
})
