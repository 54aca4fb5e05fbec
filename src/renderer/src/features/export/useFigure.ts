import { computed, onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import { watchDebounced } from '@vueuse/core'
import type { FigureRequest } from '@contract/commands'
import { factorText } from '@engine/analysis/resultSet'
import { venues } from '@figures/venues'
import { useClient } from '@/client/labClient'
import { useQuery, useQueryChoice } from '@/composables/useQuery'
import type { ComparisonChoices } from '@/features/compare/useComparisonView'

export type FigureFormat = 'svg' | 'png' | 'pdf'

/** The figure as it will be printed: its request from the URL, and a preview that the lab draws with the exporter itself. */
export function useFigure(choices: ComparisonChoices, experiment: () => string | null) {
  const client = useClient()
  const venue = useQuery('venue', 'neurips')
  const widthText = useQuery('width')
  const heightText = useQuery('height', '60')
  const fontText = useQuery('font', '9')
  const format = useQueryChoice<FigureFormat>('format', ['pdf', 'svg', 'png'], 'pdf')
  const dpi = useQueryChoice<'300' | '600'>('dpi', ['300', '600'], '300')

  const numberIn = (text: string, fallback: number, low: number, high: number): number => {
    const value = Number(text)
    return text !== '' && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : fallback
  }
  const widthMm = computed(() => numberIn(widthText.value, venues.find(({ id }) => id === venue.value)?.widthMm ?? 139.7, 30, 400))
  const heightMm = computed(() => numberIn(heightText.value, 60, 20, 400))
  const fontPt = computed(() => numberIn(fontText.value, 9, 4, 24))

  const request = computed<FigureRequest>(() => {
    const { dataset, metric, baseline, facet } = choices.view.value
    const band = choices.band.value
    return {
      figure: 'learning-curves',
      dataset,
      metric,
      baseline,
      band: band === 'traces' ? 'none' : band,
      hidden: [...choices.hidden.value].sort(),
      facet: Object.fromEntries(Object.entries(facet).map(([path, level]) => [path, factorText(level)])),
      widthMm: widthMm.value,
      heightMm: heightMm.value,
      fontPt: fontPt.value,
    }
  })

  const url = ref('')
  const error = shallowRef<unknown>(null)
  const drawing = ref(false)
  let turn = 0
  async function preview(): Promise<void> {
    const id = experiment()
    if (!id) return
    const mine = ++turn
    drawing.value = true
    try {
      const file = await client.call('export.figure', { experiment: id, request: request.value, format: 'svg' })
      if (mine !== turn) return
      URL.revokeObjectURL(url.value)
      url.value = URL.createObjectURL(new Blob([Uint8Array.from(file.bytes)], { type: file.mime }))
      error.value = null
    } catch (cause) {
      if (mine === turn) error.value = cause
    } finally {
      if (mine === turn) drawing.value = false
    }
  }
  watch(experiment, () => void preview(), { immediate: true })
  watchDebounced(
    () => JSON.stringify(request.value),
    () => void preview(),
    { debounce: 200 },
  )
  onBeforeUnmount(() => {
    turn = -1
    URL.revokeObjectURL(url.value)
  })

  return { venue, widthText, heightText, fontText, widthMm, heightMm, fontPt, format, dpi, request, url, error, drawing, preview }
}
export type FigureChoices = ReturnType<typeof useFigure>
