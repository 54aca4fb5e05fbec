import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { ResultSet } from '@engine/study/results'
import { sharedAnalyst } from './analyst'
import type { Answer, Kind, Question } from './questions'

/** An answer with what it is about: results and question may have moved on since. */
export interface Answered<K extends Kind> {
  readonly results: ResultSet
  readonly question: Question<K>
  readonly answer: Answer<K>
}

export interface Asked<K extends Kind> {
  /** stays until the next one arrives; null before the first and while nothing is asked */
  readonly found: Readonly<ShallowRef<Answered<K> | null>>
  readonly pending: Readonly<Ref<boolean>>
  readonly error: Readonly<ShallowRef<unknown>>
}

/** Keeps the answer to a question current; null asks nothing. */
export function useAnswer<K extends Kind>(results: () => ResultSet | null, question: () => Question<K> | null): Asked<K> {
  const found = shallowRef<Answered<K> | null>(null)
  const pending = ref(false)
  const error = shallowRef<unknown>(null)
  let abort = new AbortController()

  watch(
    () => [results(), JSON.stringify(question())] as const,
    async ([all]) => {
      abort.abort()
      abort = new AbortController()
      const { signal } = abort
      const asked = question()
      if (!all || !asked) {
        found.value = null
        pending.value = false
        return
      }
      pending.value = true
      try {
        const answer = await sharedAnalyst().ask(all, asked, signal)
        if (signal.aborted) return
        error.value = null
        if (answer !== null) found.value = { results: all, question: asked, answer }
      } catch (cause) {
        if (signal.aborted) return
        error.value = cause
      }
      pending.value = false
    },
    { immediate: true },
  )
  onScopeDispose(() => abort.abort())
  return { found, pending, error }
}
