import { useThrottleFn } from '@vueuse/core'
import { shallowRef, watch, type ShallowRef } from 'vue'

/**
 * The value of `compute`, refreshed at most every `milliseconds` while what it reads changes, and always once after the
 * last change. For work that must not run at the rate of events.
 */
export function useSampled<T>(sources: () => unknown, compute: () => T, milliseconds: number): Readonly<ShallowRef<T>> {
  const result = shallowRef(compute()) as ShallowRef<T>
  const refresh = useThrottleFn(() => void (result.value = compute()), milliseconds, true, false)
  watch(sources, () => void refresh(), { flush: 'post' })
  return result
}
