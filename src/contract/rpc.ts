import { createBirpc } from 'birpc'
import { z } from '@engine/core/zod'
import { QuerentError, nearestName } from '@engine/core/errors'
import {
  commands,
  labEventNames,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type LabClient,
  type LabEventName,
  type LabEvents,
} from './commands'
import { decodeError, encodeError, type WireError } from './errorCodec'

/** One end of a message line: an Electron MessagePort, a WebSocket, or an in-memory pair. Messages are plain values. */
export interface Port {
  post(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
  onClose(listener: () => void): void
  close(): void
}

export type Handlers = {
  readonly [C in CommandName]: (input: z.output<(typeof commands)[C]['input']>) => Promise<CommandOutput<C>> | CommandOutput<C>
}

type Reply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WireError }

interface ServerFunctions {
  call(command: string, input: unknown): Promise<Reply>
}
interface ClientFunctions {
  event(name: string, payload: unknown): void
}

/** Requests and replies of the wire; anything else is dropped before it reaches a handler. */
const frame = z.union([
  z.object({ t: z.literal('q'), i: z.string().optional(), m: z.enum(['call', 'event']), a: z.array(z.unknown()).max(2) }),
  z.object({ t: z.literal('s'), i: z.string(), r: z.unknown().optional(), e: z.unknown().optional() }),
])

function channelOf(port: Port): { post: (message: unknown) => void; on: (listener: (message: unknown) => void) => void } {
  return {
    post: (message) => port.post(message),
    on: (listener) =>
      port.onMessage((message) => {
        const parsed = frame.safeParse(message)
        if (parsed.success) listener(parsed.data)
      }),
  }
}

/** Serves a client: validates every input by its schema, answers errors as data. Returns the pusher of events. */
export function serveLab(port: Port, handlers: Handlers): <E extends LabEventName>(event: E, payload: LabEvents[E]) => void {
  const call = async (name: unknown, input: unknown): Promise<Reply> => {
    try {
      return { ok: true, value: await answer(handlers, name, input) }
    } catch (error) {
      return { ok: false, error: encodeError(error) }
    }
  }
  const client = createBirpc<ClientFunctions, ServerFunctions>({ call }, { ...channelOf(port), eventNames: ['event'], timeout: -1 })
  let open = true
  port.onClose(() => {
    open = false
    client.$close()
  })
  return (event, payload) => {
    if (open) void client.event(event, payload)
  }
}

async function answer(handlers: Handlers, name: unknown, input: unknown): Promise<unknown> {
  if (typeof name !== 'string' || !Object.hasOwn(commands, name))
    throw new QuerentError('bad-input', `unknown command ${String(name)}`, {
      found: String(name),
      nearest: nearestName(String(name), Object.keys(commands)),
    })
  const parsed = commands[name as CommandName].input.safeParse(input)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new QuerentError('bad-input', `${name}: ${issue.message}`, { path: issue.path.join('.') })
  }
  return (handlers[name as CommandName] as (value: unknown) => unknown)(parsed.data)
}

/**
 * A client over one port. When the port closes, calls in flight reject with `not-found` and `onLost` tells the owner,
 * who may connect a new one.
 */
export function connectLab(port: Port, onLost: () => void = () => {}): LabClient & { close(): void } {
  const listeners = new Map<LabEventName, Set<(payload: never) => void>>()
  const emit = (name: string, payload: unknown): void =>
    listeners.get(name as LabEventName)?.forEach((listener) => listener(payload as never))
  const server = createBirpc<ServerFunctions, ClientFunctions>(
    { event: (name, payload) => labEventNames.includes(name as LabEventName) && emit(name, payload) },
    { ...channelOf(port), timeout: -1 },
  )
  let state: 'open' | 'lost' = 'open'
  const lose = (): boolean => {
    if (state === 'lost') return false
    state = 'lost'
    server.$close(lost())
    emit('connection.changed', 'lost')
    return true
  }
  port.onClose(() => {
    if (lose()) onLost()
  })
  return {
    connection: () => state,
    call: async <C extends CommandName>(command: C, input: CommandInput<C>) => {
      if (state === 'lost') throw lost()
      const reply = await server.call(command, input)
      if (!reply.ok) throw decodeError(reply.error)
      return reply.value as CommandOutput<C>
    },
    on: (event, listener) => {
      const set = listeners.get(event) ?? new Set()
      listeners.set(event, set)
      set.add(listener)
      return () => set.delete(listener)
    },
    close: () => {
      lose() // some carriers tell only the other end
      port.close()
    },
  }
}

const lost = (): QuerentError => new QuerentError('not-found', 'the workbench host cannot be reached')

/** Two ends in one process, each message deep-copied as a process line would. */
export function portPair(clone: (message: unknown) => unknown): [Port, Port] {
  const ends = [0, 1].map(() => ({ messages: [] as ((message: unknown) => void)[], closes: [] as (() => void)[] }))
  const closeBoth = (): void => ends.forEach((end) => end.closes.splice(0).forEach((listener) => listener()))
  const end = (own: number, other: number): Port => ({
    post: (message) => {
      const copy = clone(message)
      void Promise.resolve().then(() => ends[other].messages.forEach((listener) => listener(copy)))
    },
    onMessage: (listener) => void ends[own].messages.push(listener),
    onClose: (listener) => void ends[own].closes.push(listener),
    close: closeBoth,
  })
  return [end(0, 1), end(1, 0)]
}
