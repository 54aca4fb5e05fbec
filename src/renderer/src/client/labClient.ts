import { inject, type InjectionKey } from 'vue'
import type { LabClient } from '@contract/commands'

export const labClientKey: InjectionKey<LabClient> = Symbol('lab client')

/** The lab this window talks to; provided once by `createWorkbench`. */
export function useClient(): LabClient {
  const client = inject(labClientKey)
  if (!client) throw new Error('no lab client was provided')
  return client
}
