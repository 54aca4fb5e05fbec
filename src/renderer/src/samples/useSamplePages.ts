import { shallowRef, watch } from 'vue'
import type { CommandInput } from '@contract/commands'
import type { SampleSet } from '@contract/types'
import { useClient } from '@/client/labClient'

export interface SampleSource {
  readonly of: CommandInput<'explore.samples'>['of']
  readonly part: 'train' | 'test'
  /** rows in the order in which they are shown; null: all, as they are stored */
  readonly order: Int32Array | null
  readonly count: number
}

const pageRows = 100
const mostPages = 40

export type SamplePages = ReturnType<typeof useSamplePages>

/** Samples as they come into view, a page at a time, the pages looked at last kept; `within` as in `explore.samples`. */
export function useSamplePages(source: () => SampleSource, within: () => number) {
  const client = useClient()
  let pages = new Map<number, SampleSet>()
  let wanted: readonly number[] = []
  let loading = false
  let round = 0
  /** changes when a page has come */
  const version = shallowRef(0)
  const error = shallowRef<unknown>(null)

  const rowAt = (at: number): number => source().order?.[at] ?? at

  /** Says which places are in view; what left it again before it was asked for never is. */
  function want(first: number, last: number): void {
    const from = Math.floor(first / pageRows)
    wanted = Array.from({ length: Math.max(0, Math.ceil(last / pageRows) - from) }, (_, i) => from + i)
    if (!loading) void load()
  }

  async function load(): Promise<void> {
    const own = round
    loading = true
    try {
      for (let page = nextPage(); page !== undefined; page = nextPage()) {
        const { of, part, count } = source()
        const length = Math.min(pageRows, count - page * pageRows)
        const rows = Array.from({ length }, (_, i) => rowAt(page * pageRows + i))
        const samples = await client.call('explore.samples', { of, part, rows, within: within() })
        if (own !== round) return
        pages.set(page, samples)
        for (const old of pages.keys()) if (pages.size > mostPages && !wanted.includes(old)) pages.delete(old)
        version.value++
      }
      error.value = null
    } catch (failure) {
      if (own === round) error.value = failure
    } finally {
      if (own === round) loading = false
    }
  }
  const nextPage = (): number | undefined => wanted.find((page) => !pages.has(page) && page * pageRows < source().count)

  watch(
    () => [source(), within()] as const,
    () => {
      pages = new Map()
      round++
      loading = false
      error.value = null
      version.value++
    },
  )

  return {
    version,
    error,
    want,
    rowAt,
    retry: () => void load(),
    /** The page with a place, and where in it; null while it is on its way. */
    at(place: number): { readonly samples: SampleSet; readonly at: number } | null {
      const samples = pages.get(Math.floor(place / pageRows))
      return samples ? { samples, at: place % pageRows } : null
    },
  }
}
