import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import { mostPieceBytes, type CommandInput } from '@contract/commands'
import type { ImportMapping, ImportPreview, ImportProgress, ImportResult } from '@contract/importing'
import { QuerentError } from '@engine/core/errors'
import { useClient } from '@/client/labClient'

/** Path of a file on this machine, or of the chosen folder it came with; empty in a browser. */
function pathOf(file: File): string {
  const path = window.querent?.pathOf(file) ?? ''
  const below = file.webkitRelativePath
  return path === '' || below === '' ? path : path.slice(0, path.length - below.length) + below.split('/')[0]
}

type Files = CommandInput<'datasets.preview'>['files']

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
  let files: Files | null = null
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
    const found = await step('sending', () => filesOf(chosen))
    if (found === undefined) return
    files = found
    await look()
  }

  /** On the desktop the lab reads the files where they are; elsewhere they are sent in pieces. */
  async function filesOf(chosen: readonly File[]): Promise<Files> {
    const paths = [...new Set(chosen.map(pathOf))]
    if (!paths.includes('')) return { paths }
    const upload = crypto.randomUUID()
    sent.value = 0
    const total = chosen.reduce((sum, { size }) => sum + size, 0)
    let before = 0
    for (const file of chosen) {
      const path = file.webkitRelativePath || file.name
      for (let offset = 0; offset === 0 || offset < file.size; offset += mostPieceBytes) {
        const bytes = new Uint8Array(await file.slice(offset, offset + mostPieceBytes).arrayBuffer())
        await client.call('datasets.upload', { upload, name: path, offset, bytes })
        sent.value = total === 0 ? 1 : (before + offset + bytes.length) / total
      }
      before += file.size
    }
    return { upload }
  }

  async function look(): Promise<void> {
    const asked = files
    if (asked === null) return
    const found = await step('looking', () => client.call('datasets.preview', { task, files: asked, mapping: mapping.value }))
    if (found === undefined) return
    preview.value = found
    mapping.value = found.mapping
  }

  /** Changes what is what and looks again. */
  function change(patch: Partial<ImportMapping>): Promise<void> {
    mapping.value = { ...mapping.value, ...patch }
    return look()
  }

  async function confirm(details: Pick<ImportMapping, 'id' | 'licence' | 'source'>): Promise<ImportResult | undefined> {
    const asked = files
    if (asked === null) return undefined
    progress.value = null
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

  const isOpen = computed(() => stage.value !== 'none')
  return { stage, preview, mapping, progress, sent, error, name, isOpen, start, change, confirm, stop, close }
})
