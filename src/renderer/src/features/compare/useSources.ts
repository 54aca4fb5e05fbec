import { computed, ref, shallowReactive, shallowRef, watch } from 'vue'
import { joinSources, tablePrefix, tableSource, type Source } from '@engine/analysis/tidy/joinSources'
import type { ResultSet } from '@engine/study/results'
import { useClient } from '@/client/labClient'
import { useQuerySet } from '@/composables/useQuery'
import { liveFrom } from '@/state/experimentReducer'
import { useExperiment } from '@/state/experiment'
import { useMessages } from '@/state/messages'
import { toResults } from '@/state/toResults'

/** The experiment's results with those added from elsewhere; the URL names them, so that reload and links keep them. */
export function useSources(own: () => ResultSet | null) {
  const client = useClient()
  const experiment = useExperiment()
  const messages = useMessages()
  const wanted = useQuerySet('with')
  const loaded = shallowReactive(new Map<string, Source>())
  const failed = shallowReactive(new Map<string, unknown>())
  const reading = ref(false)

  async function load(id: string): Promise<Source> {
    if (id.startsWith(tablePrefix)) return tableSource(await client.call('results.table', { table: id.slice(tablePrefix.length) }))
    const snapshot = await client.call('experiment.open', { experiment: id })
    return { id, name: snapshot.summary.name, results: toResults(liveFrom(snapshot)), strategies: snapshot.strategies }
  }
  watch(
    () => [...wanted.values.value],
    (ids) => {
      for (const id of ids)
        if (!loaded.has(id) && !failed.has(id))
          load(id).then(
            (source) => loaded.set(id, source),
            (error: unknown) => failed.set(id, error),
          )
    },
    { immediate: true },
  )

  const sources = computed(() => [...wanted.values.value].flatMap((id) => (id === experiment.id ? [] : (loaded.get(id) ?? []))))
  const joined = shallowRef<ReturnType<typeof joinSources> | null>(null)
  watch([own, sources], ([results, added]) => void (joined.value = results ? joinSources(results, added) : null), { immediate: true })

  /** Throws when the table cannot be read as results. */
  async function addTable(name: string, text: string, map?: Readonly<Record<string, string>>): Promise<void> {
    reading.value = true
    try {
      const source = tableSource(await client.call('results.read', { name, text, map }))
      loaded.set(source.id, source)
      wanted.values.value = new Set([...wanted.values.value, source.id])
      messages.say({ tone: 'good', title: `Added ${source.name}` })
    } finally {
      reading.value = false
    }
  }
  const toggle = (id: string): void => {
    failed.delete(id)
    wanted.toggle(id)
  }

  return {
    wanted: wanted.values,
    sources,
    failed,
    reading,
    joined,
    toggle,
    addTable,
  }
}
export type Sources = ReturnType<typeof useSources>
