import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

/** The question whether a study may start programs on this machine; `ProgramConsent.vue` shows it. */
export const useProgramConsent = defineStore('programConsent', () => {
  const asked = shallowRef<readonly (readonly string[])[] | null>(null)
  let settle: (allowed: boolean) => void = () => undefined

  const answer = (allowed: boolean): void => {
    asked.value = null
    settle(allowed)
  }
  const ask = (commands: readonly (readonly string[])[]): Promise<boolean> => {
    settle(false) // a question that is asked anew leaves the old one unanswered
    asked.value = commands
    return new Promise((resolve) => (settle = resolve))
  }
  return { asked, ask, answer }
})
