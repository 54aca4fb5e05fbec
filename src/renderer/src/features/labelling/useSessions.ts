import { onScopeDispose, shallowRef } from 'vue'
import type { CommandInput } from '@contract/commands'
import type { LabellingProgress, LabellingSession } from '@contract/labelling'
import { QuerentError } from '@engine/core/errors'
import { useClient } from '@/client/labClient'

/** The labelling sessions of a data set: what the lab says of them, and what is being chosen now. */
export function useSessions(dataset: string) {
  const client = useClient()
  /** null until the first answer */
  const sessions = shallowRef<readonly LabellingSession[] | null>(null)
  const error = shallowRef<unknown>(null)
  /** sessions that choose at the moment, with the share of their training that is done */
  const choosing = shallowRef<ReadonlyMap<string, LabellingProgress>>(new Map())
  const tasks = new Map<string, string>()

  const put = (session: LabellingSession): void => {
    const others = sessions.value ?? []
    const isKnown = others.some(({ id }) => id === session.id)
    sessions.value = isKnown ? others.map((each) => (each.id === session.id ? session : each)) : [session, ...others]
  }
  const drop = (session: string): void => {
    sessions.value = (sessions.value ?? []).filter(({ id }) => id !== session)
  }
  const setChoosing = (session: string, progress: LabellingProgress | null): void => {
    const next = new Map(choosing.value)
    if (progress === null) next.delete(session)
    else next.set(session, progress)
    choosing.value = next
  }
  const leave = [
    client.on('labelling.changed', (session) => {
      if (session.dataset !== dataset) return
      setChoosing(session.id, null)
      put(session)
    }),
    client.on('labelling.removed', ({ session }) => drop(session)),
    client.on('labelling.progress', ({ session, task, ...progress }) => {
      tasks.set(session, task)
      setChoosing(session, progress)
    }),
  ]
  onScopeDispose(() => leave.forEach((off) => off()))

  async function refresh(): Promise<void> {
    try {
      sessions.value = await client.call('labelling.list', { dataset })
      error.value = null
    } catch (failure) {
      error.value = failure
    }
  }
  async function start(request: Omit<CommandInput<'labelling.start'>, 'dataset'>): Promise<LabellingSession> {
    const session = await client.call('labelling.start', { dataset, ...request })
    put(session)
    return session
  }
  /** Resolves to null when it was stopped. */
  async function next(session: string, k: number): Promise<LabellingSession | null> {
    const task = crypto.randomUUID()
    tasks.set(session, task)
    setChoosing(session, { what: 'training', fraction: 0 })
    try {
      const after = await client.call('labelling.next', { session, k, task })
      put(after)
      return after
    } catch (failure) {
      if (failure instanceof QuerentError && failure.code === 'cancelled') return null
      throw failure
    } finally {
      setChoosing(session, null)
    }
  }
  async function stop(session: string): Promise<void> {
    const task = tasks.get(session)
    if (task !== undefined) await client.call('labelling.stop', { task })
  }
  async function remove(session: string): Promise<void> {
    await client.call('labelling.remove', { session })
    drop(session)
  }
  async function restore(session: string): Promise<void> {
    put(await client.call('labelling.restore', { session }))
  }
  return { sessions, error, choosing, refresh, put, start, next, stop, remove, restore }
}

export type Sessions = ReturnType<typeof useSessions>
