import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'

/**
 * The value of `compute`: at once when `source` changes after a quiet time, else at most every `milliseconds`, and always once
 * after the last change. For work that must not run at the rate of events.
 */
export function useSampled<T>(source: () => unknown, compute: () => T, milliseconds: number): Readonly<ShallowRef<T>> {
  const result = shallowRef(compute()) as ShallowRef<T>
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = -Infinity
  const refresh = (): void => {
    timer = undefined
    last = performance.now()
    result.value = compute()
  }
  watch(source, () => {
    const wait = last + milliseconds - performance.now()
    if (wait <= 0 && timer === undefined) refresh()
    else timer ??= setTimeout(refresh, Math.max(0, wait))
  })
  onScopeDispose(() => clearTimeout(timer))
  return result
}
