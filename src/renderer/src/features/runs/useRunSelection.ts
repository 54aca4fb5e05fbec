import { computed, shallowRef, type Ref } from 'vue'

/** Rows chosen by pointer or keyboard, as lists do it: Ctrl adds one, Shift takes all from the last one on. `keys` are in the order shown. */
export function useRunSelection(keys: Ref<readonly string[]>) {
  const chosen = shallowRef<ReadonlySet<string>>(new Set())
  /** the row that the keyboard is on, and the one that Shift selects from */
  const cursor = shallowRef<string | null>(null)
  let anchor: string | null = null

  /** Rows that are filtered away or gone are not selected. */
  const selected = computed(() => keys.value.filter((key) => chosen.value.has(key)))

  const only = (key: string): void => {
    anchor = key
    cursor.value = key
    chosen.value = new Set([key])
  }
  function extend(key: string): void {
    const [from, to] = [keys.value.indexOf(anchor ?? key), keys.value.indexOf(key)].sort((a, b) => a - b)
    cursor.value = key
    chosen.value = new Set(keys.value.slice(Math.max(0, from), to + 1))
  }
  function toggle(key: string): void {
    anchor = key
    cursor.value = key
    const next = new Set(chosen.value)
    if (!next.delete(key)) next.add(key)
    chosen.value = next
  }
  /** Moves the cursor by rows; `stretch` selects on the way. Returns its new place. */
  function move(by: number, stretch: boolean): number {
    const found = cursor.value === null ? -1 : keys.value.indexOf(cursor.value)
    const at = found < 0 && by < 0 ? keys.value.length : found
    const next = Math.min(keys.value.length - 1, Math.max(0, at + by))
    const key = keys.value[next]
    if (key !== undefined) {
      if (stretch) {
        anchor ??= key
        extend(key)
      } else only(key)
    }
    return next
  }
  const all = (): void => void (chosen.value = new Set(keys.value))
  const clear = (): void => void (chosen.value = new Set())

  return { selected, cursor, only, extend, toggle, move, all, clear }
}
