import { onBeforeUnmount, ref, shallowRef, watch, type Ref } from 'vue'
import type { CommandInput, LabEvents } from '@contract/commands'
import { useClient } from '@/client/labClient'
import { fitPlaces, type Places } from '@figures/places'

type MapFrame = NonNullable<LabEvents['explore.frame']['frame']>
export type Subject = CommandInput<'explore.map'>['of']
export type MapMethod = CommandInput<'explore.map'>['method']

/** The map of a data set as it grows; a map that is left before it is finished is stopped. */
export function useMap(of: () => Subject | null, method: () => MapMethod) {
  const client = useClient()
  const places = shallowRef<Places | null>(null)
  const progress = ref(0)
  const error: Ref<string | null> = ref(null)
  let wanted: { readonly key: string | null; readonly method: MapMethod; readonly rows: number } | null = null
  let asked = 0
  /** frames that came before the answer which says whose they are */
  const early = new Map<string, MapFrame>()

  function show(frame: MapFrame): void {
    if (!wanted) return
    places.value = fitPlaces(frame.rows, frame.positions, wanted.rows, wanted.method === 'pca')
    progress.value = frame.progress
  }
  function leave(): void {
    if (wanted?.key && progress.value < 1) void client.call('explore.stop', { map: wanted.key }).catch(() => undefined)
    wanted = null
  }
  async function open(): Promise<void> {
    leave()
    const subject = of()
    const turn = ++asked
    error.value = null
    progress.value = 0
    if (!subject) return void (places.value = null)
    wanted = { key: null, method: method(), rows: 0 }
    early.clear()
    try {
      const state = await client.call('explore.map', { of: subject, method: method() })
      if (turn !== asked) return
      wanted = { key: state.map, method: method(), rows: state.rows }
      const frame = early.get(state.map) ?? state.frame
      if (frame) show(frame)
    } catch (cause) {
      if (turn === asked) error.value = cause instanceof Error ? cause.message : String(cause)
    }
  }
  const off = client.on('explore.frame', ({ map, frame, error: trouble }) => {
    if (wanted?.key === null && frame) early.set(map, frame)
    if (map !== wanted?.key) return
    if (frame) show(frame)
    else error.value = trouble
  })
  watch([() => JSON.stringify(of()), method], () => void open(), { immediate: true })
  onBeforeUnmount(() => {
    off()
    asked++
    leave()
  })
  return { places, progress, error, retry: open }
}
