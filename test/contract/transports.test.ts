import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { MessageChannelMain } from 'electron'
import { openWebPort } from '@/client/webPort'
import { portPair, type Port } from '@contract/rpc'
import { decodeFrame, encodeFrame } from '@contract/wire'
import { labPort } from '@main/node/jobs/parentPort'
import { startHost } from '@main/node/server/host'
import { openSessions } from '@main/node/server/sessions'
import { transportSuite, type Carrier } from '../support/transportSuite'

/** Every carrier that a client may come over; the host and the desktop add theirs here. */
const carriers: Readonly<Record<string, () => Promise<Carrier>>> = {
  'memory, by structured clone': async () => pairs((message) => structuredClone(message)),
  'memory, by binary frames': async () => pairs((message) => decodeFrame(encodeFrame(message))),
  'a WebSocket of the loopback host': webSocket,
  'a message port of the desktop': messagePort,
}

for (const [name, create] of Object.entries(carriers)) transportSuite(name, create)

it('has a suite for the carriers of both hosts', () => {
  expect(Object.keys(carriers)).toEqual(
    expect.arrayContaining([
      expect.stringContaining('WebSocket'),
      expect.stringContaining('message port'),
      expect.stringContaining('memory'),
    ]),
  )
})

function pairs(clone: (message: unknown) => unknown): Carrier {
  return {
    open: async () => {
      const [server, client] = portPair(clone)
      return { server, client }
    },
    dispose: async () => undefined,
  }
}

/** The renderer's own client against the real server. */
async function webSocket(): Promise<Carrier> {
  const folder = mkdtempSync(join(tmpdir(), 'querent-line-'))
  const attached: ((port: Port) => void)[] = []
  const host = await startHost({
    root: folder,
    sessions: openSessions(folder),
    port: 0,
    attach: (port) => attached.shift()?.(port),
    saved: join(folder, 'saved'),
  })
  const { origin, host: address, hash } = new URL(host.url)
  const page = { host: address, hash, pathname: '/' }
  const stored = new Map<string, string>()
  const storage = { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => stored.set(key, value) }
  const { WebSocket } = await import('ws')
  vi.stubGlobal('location', page)
  vi.stubGlobal('history', { replaceState: () => (page.hash = '') })
  vi.stubGlobal('sessionStorage', storage)
  vi.stubGlobal('localStorage', storage)
  // A browser sends its origin by itself.
  const browserFetch = fetch
  vi.stubGlobal('fetch', (path: string, init: RequestInit) =>
    browserFetch(`${origin}${path}`, { ...init, headers: { ...init.headers, origin } }),
  )
  vi.stubGlobal(
    'WebSocket',
    class extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { origin })
      }
    },
  )
  return {
    open: async () => {
      const server = new Promise<Port>((resolve) => attached.push(resolve))
      const client = await openWebPort()
      return { server: await server, client }
    },
    dispose: async () => {
      await host.close()
      vi.unstubAllGlobals()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Main's channel: one end for the lab process, the other transferred to the page. */
async function messagePort(): Promise<Carrier> {
  return {
    open: async () => {
      const { port1, port2 } = new MessageChannelMain()
      const page = (port2 as unknown as { transferToPage(): MessagePort }).transferToPage()
      page.start()
      return {
        server: labPort(port1),
        client: {
          post: (message) => page.postMessage(message),
          onMessage: (listener) => page.addEventListener('message', ({ data }) => listener(data)),
          onClose: (listener) => page.addEventListener('close', listener),
          close: () => page.close(),
        },
      }
    },
    dispose: async () => undefined,
  }
}
