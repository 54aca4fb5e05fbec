import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ExtractionRequest, ExtractionState, FeatureInfo, FeatureNetwork } from '@contract/features'
import { useClient } from '@/client/labClient'
import { useReconnected } from '@/composables/useReconnected'
import { useMessages } from './messages'

/** Stored features, the public networks that make some, and what is being made, which the host goes on with while pages come and go. */
export const useExtractions = defineStore('extractions', () => {
  const client = useClient()
  const messages = useMessages()
  /** null until the first answer */
  const stored = shallowRef<readonly FeatureInfo[] | null>(null)
  const networks = shallowRef<readonly FeatureNetwork[]>([])
  /** by data set */
  const states = shallowRef<ReadonlyMap<string, ExtractionState>>(new Map())
  const error = shallowRef<unknown>(null)

  client.on('features.changed', (state) => {
    const before = states.value.get(state.request.dataset)
    states.value = new Map(states.value).set(state.request.dataset, state)
    // Rows are made once the network is here.
    if (state.phase === 'done' || (before?.step === 'download' && state.step === 'rows')) void refresh()
  })
  useReconnected(() => stored.value !== null || error.value !== null, refresh)

  async function refresh(): Promise<void> {
    try {
      const [features, known, latest] = await Promise.all([
        client.call('features.list', {}),
        client.call('features.networks', {}),
        client.call('features.extractions', {}),
      ])
      stored.value = features
      networks.value = known
      states.value = new Map(latest.map((state) => [state.request.dataset, state]))
      error.value = null
    } catch (failure) {
      error.value = failure
    }
  }
  const goOn = (request: ExtractionRequest): Promise<unknown> =>
    messages.attempt('The features could not be made', () => client.call('features.extract', request))
  const stop = (dataset: string): Promise<unknown> =>
    messages.attempt('The extraction could not be stopped', () => client.call('features.stop', { dataset }))

  return { stored, networks, states, error, refresh, goOn, stop }
})
