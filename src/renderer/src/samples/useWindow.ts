import { useElementSize } from '@vueuse/core'
import { computed, ref, type Ref } from 'vue'

/** Browsers lose the place in taller elements. */
const mostPixels = 12_000_000

/**
 * The rows of a long list that are in view, all of one height. Lists too tall for a browser are scrolled in proportion by the bar and
 * row by row by wheel and keyboard. `head` is the height that stays on top.
 */
export function useWindow(host: Ref<HTMLElement | null>, count: () => number, rowHeight: () => number, head = 0) {
  const size = useElementSize(host)
  /** pixels above the view, as if the list had its full height */
  const top = ref(0)
  const scrolled = ref(0)
  const left = ref(0)
  const full = computed(() => count() * rowHeight())
  const height = computed(() => Math.min(full.value, mostPixels))
  const view = computed(() => Math.max(0, size.height.value - head))
  const ratio = computed(() => (full.value > height.value ? (full.value - view.value) / (height.value - view.value) : 1))

  function onScroll(): void {
    if (!host.value) return
    left.value = host.value.scrollLeft
    if (host.value.scrollTop === scrolled.value) return
    scrolled.value = host.value.scrollTop
    top.value = scrolled.value * ratio.value
  }
  function moveTo(pixels: number): void {
    if (!host.value) return
    top.value = Math.max(0, Math.min(full.value - view.value, pixels))
    host.value.scrollTop = top.value / ratio.value
    scrolled.value = host.value.scrollTop
    if (ratio.value === 1) top.value = scrolled.value
  }
  function onWheel(event: WheelEvent): void {
    if (ratio.value === 1 || event.ctrlKey || event.deltaY === 0) return
    event.preventDefault()
    moveTo(top.value + event.deltaY)
  }
  /** Scrolls as little as it takes to show a row. */
  function show(row: number): void {
    const start = row * rowHeight()
    if (start < top.value) moveTo(start)
    else if (start + rowHeight() > top.value + view.value) moveTo(start + rowHeight() - view.value)
  }

  const first = computed(() => Math.max(0, Math.floor(top.value / rowHeight())))
  const last = computed(() => Math.min(count(), Math.ceil((top.value + view.value) / rowHeight())))
  /** where the first row is, in pixels of the element */
  const offset = computed(() => scrolled.value + first.value * rowHeight() - top.value)
  return { width: size.width, view, height, top, left, first, last, offset, onScroll, onWheel, moveTo, show }
}
