import { shallowRef, watch, type ShallowRef } from 'vue'
import type { KeptRound } from '@contract/types'
import { useClient } from '@/client/labClient'

interface Kept {
  readonly hash: string
  readonly rounds: number
}

/** What runs kept of their rounds, by run and round; each is asked for once. */
export function useKept(
  experiment: () => string | null,
  runs: () => readonly Kept[],
): ShallowRef<ReadonlyMap<string, ReadonlyMap<number, KeptRound>>> {
  const client = useClient()
  const known = shallowRef<ReadonlyMap<string, ReadonlyMap<number, KeptRound>>>(new Map())
  const asked = new Set<string>()
  watch(
    () => JSON.stringify([experiment(), runs()]),
    async () => {
      const id = experiment()
      if (id === null) return
      for (const { hash, rounds } of runs()) {
        const missing = Array.from({ length: rounds }, (_, round) => round).filter((round) => !asked.has(`${id} ${hash} ${round}`))
        if (missing.length === 0) continue
        for (const round of missing) asked.add(`${id} ${hash} ${round}`)
        const found = await Promise.all(
          missing.map(
            async (round) => [round, await client.call('explore.round', { experiment: id, run: hash, round }).catch(() => null)] as const,
          ),
        )
        const own = new Map(known.value.get(hash))
        for (const [round, kept] of found) if (kept) own.set(round, kept)
        known.value = new Map(known.value).set(hash, new Map([...own].sort(([a], [b]) => a - b)))
      }
    },
    { immediate: true },
  )
  return known
}
