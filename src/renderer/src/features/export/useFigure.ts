import { watchDebounced } from '@vueuse/core'
import { computed, onBeforeUnmount, shallowRef, watch, type ComputedRef } from 'vue'
import type { CommandInput, FigureRequest } from '@contract/commands'
import type { FigureResult } from '@contract/types'
import { factorText } from '@engine/analysis/resultSet'
import type { ResultSet } from '@engine/study/results'
import type { NamedStrategy } from '@figures/palette'
import { figureIds, figures, type FigureId } from '@figures/registry'
import { requestedFigure } from '@figures/request'
import { venues } from '@figures/venues'
import { useClient } from '@/client/labClient'
import { useQuery, useQueryChoice, useQuerySet } from '@/composables/useQuery'
import { noSplit, useCompareUrl } from '@/features/compare/useCompareUrl'
import type { ComparisonChoices } from '@/features/compare/useComparisonView'

export type FigureFormat = CommandInput<'export.figure'>['format']
export const figureFormats: readonly FigureFormat[] = ['pdf', 'svg', 'png']

/** Limits of the lengths and sizes that a sheet may have. */
export const limits = { width: [30, 400], height: [20, 400], font: [4, 24] } as const

const numberIn = (text: string | undefined, [low, high]: readonly [number, number]): number | undefined => {
  const value = Number(text)
  return text && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : undefined
}

export interface OfferedFigure {
  readonly id: FigureId
  readonly title: string
  /** why these results do not have it */
  readonly reason: string | null
}

/** The sheet as the URL describes it: what is shown, at which size, in which formats. */
export function useFigure(choices: ComparisonChoices, results: () => ResultSet | null, strategies: () => readonly NamedStrategy[]) {
  const figureText = useQuery('figure')
  const venue = useQuery('venue', 'neurips')
  const widthText = useQuery('width')
  const heightsText = useQuery('heights')
  /** as Compare has it; without, data sets and cells are panels */
  const split = useQuery('by')
  const { prices } = useCompareUrl()
  const fontText = useQuery('font', '9')
  const chosenFormats = useQuerySet('formats')
  const dpi = useQueryChoice<'300' | '600'>('dpi', ['300', '600'], '300')
  const letters = useQueryChoice<'text' | 'outlines'>('letters', ['text', 'outlines'], 'text')

  /** Compare arrives with its view; its paired differences are a figure of their own here. */
  const selected = computed<FigureId>({
    get: () =>
      figureIds.find((id) => id === figureText.value) ??
      (choices.band.value === 'paired-difference' ? 'paired-difference' : 'learning-curves'),
    set: (id) => void (figureText.value = id),
  })
  const formats = computed<readonly FigureFormat[]>(() => {
    const given = figureFormats.filter((format) => chosenFormats.values.value.has(format))
    return given.length > 0 ? given : ['pdf']
  })
  function toggleFormat(format: FigureFormat): void {
    const next = new Set<FigureFormat>(formats.value)
    if (!next.delete(format)) next.add(format)
    if (next.size > 0) chosenFormats.values.value = next
  }

  const widthMm = computed(() => numberIn(widthText.value, limits.width) ?? venues.find(({ id }) => id === venue.value)?.widthMm ?? 139.7)
  const fontPt = computed(() => numberIn(fontText.value, limits.font) ?? 9)
  const heights = computed<ReadonlyMap<string, string>>(
    () => new Map(heightsText.value.split(',').flatMap((part) => (part.includes(':') ? [part.split(':') as [string, string]] : []))),
  )
  /** Millimetres that the user set for the selected figure; without, the figure's own height is taken. */
  const heightMm = computed<number | undefined>({
    get: () => numberIn(heights.value.get(selected.value), limits.height),
    set: (value) => {
      const next = new Map(heights.value)
      if (value === undefined) next.delete(selected.value)
      else next.set(selected.value, String(value))
      heightsText.value = [...next].map((pair) => pair.join(':')).join(',')
    },
  })
  /** levels that the URL names; every other level is drawn, in panels */
  const levels = computed<Readonly<Record<string, string>>>(() => {
    const given = choices.givenLevels.value
    return Object.fromEntries(
      choices.factors.value.flatMap(({ path, levels: all }) => {
        const level = all.map(factorText).find((text) => text === given[path])
        return level === undefined ? [] : [[path, level]]
      }),
    )
  })
  const dataset = computed(() => choices.datasets.value.find((name) => name === choices.dataset.value))

  const requestFor = (figure: FigureId): FigureRequest => {
    const { metric, baseline } = choices.view.value
    const budget = numberIn(choices.budget.value, [0, Number.MAX_SAFE_INTEGER])
    const height = numberIn(heights.value.get(figure), limits.height)
    // Cut by one factor, or not at all, a figure shows one level of the others.
    const cut = choices.factors.value.some(({ path }) => path === split.value) || ['dataset', noSplit].includes(split.value)
    const one = cut && split.value !== 'dataset' ? choices.view.value.dataset : dataset.value
    const { [split.value]: _split, ...others } = Object.fromEntries(
      Object.entries(choices.view.value.facet).map(([path, level]) => [path, factorText(level)]),
    )
    return {
      figure,
      ...(one === undefined ? {} : { dataset: one }),
      metric,
      baseline,
      band: choices.band.value === 'traces' ? 'traces' : 't95',
      hidden: [...choices.hidden.value].sort(),
      facet: cut ? others : { ...levels.value },
      ...(cut ? { split: split.value } : {}),
      ...(prices.value ? { prices: prices.value } : {}),
      ...(budget === undefined ? {} : { budget }),
      widthMm: widthMm.value,
      ...(height === undefined ? {} : { heightMm: height }),
      fontPt: fontPt.value,
    }
  }
  const offered: ComputedRef<readonly OfferedFigure[]> = computed(() => {
    const all = results()
    return figureIds.map((id) => ({
      id,
      title: figures[id].title,
      reason: all ? figures[id].needs(all, requestedFigure(requestFor(id), all, strategies()).choices) : null,
    }))
  })
  const offer = computed(() => offered.value.find(({ id }) => id === selected.value) ?? offered.value[0])

  const look = computed(() => ({
    ...(formats.value.includes('png') ? { dpi: dpi.value === '600' ? (600 as const) : (300 as const) } : {}),
    ...(formats.value.includes('svg') && letters.value === 'outlines' ? { outlines: true } : {}),
  }))
  return {
    ...{ selected, offered, offer, venue, widthText, fontText, widthMm, heightMm, fontPt, formats, toggleFormat, dpi, letters, look },
    ...{ levels, dataset, split, requestFor },
  }
}
export type FigureChoices = ReturnType<typeof useFigure>

/** The selected figure as it will be printed, drawn by the lab with the exporter itself. */
export function usePreview(figure: FigureChoices, experiment: () => string | null, added: () => readonly string[], stage: () => unknown) {
  const client = useClient()
  const drawn = shallowRef<(FigureResult & { readonly url: string }) | null>(null)
  const error = shallowRef<unknown>(null)
  const drawing = shallowRef(false)
  let turn = 0
  const show = (next: typeof drawn.value): void => {
    if (drawn.value) URL.revokeObjectURL(drawn.value.url)
    drawn.value = next
  }
  async function preview(): Promise<void> {
    const id = experiment()
    const mine = ++turn
    if (!id || figure.offer.value.reason !== null) return
    drawing.value = true
    try {
      const file = await client.call('export.figure', {
        experiment: id,
        request: figure.requestFor(figure.selected.value),
        format: 'svg',
        added: [...added()],
      })
      if (mine !== turn) return
      show({ ...file, url: URL.createObjectURL(new Blob([Uint8Array.from(file.bytes)], { type: file.mime })) })
      error.value = null
    } catch (cause) {
      if (mine === turn) error.value = cause
    } finally {
      if (mine === turn) drawing.value = false
    }
  }
  watch([experiment, figure.selected, stage], () => void preview(), { immediate: true })
  watchDebounced(
    () => JSON.stringify([figure.requestFor(figure.selected.value), figure.offer.value.reason, added()]),
    () => void preview(),
    { debounce: 200 },
  )
  onBeforeUnmount(() => {
    turn = -1
    show(null)
  })
  return { drawn, error, drawing, preview }
}
