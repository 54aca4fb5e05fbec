import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Port } from '@contract/rpc'
import { decodeFrame, encodeFrame } from '@contract/wire'
import { QuerentError } from '@engine/core/errors'
import { dropSaved, findSaved } from '../datasets/saved'
import type { Sessions } from './sessions'
import { staticFile } from './staticFiles'

const protocol = 'querent.v1'
const maxFrameBytes = 64 * 1024 * 1024

export interface Host {
  readonly port: number
  /** with the single-use launch token in the fragment, which browsers never send */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the renderer and the lab's line on the loopback interface only. Three checks stand before the lab: the Host header
 * names the loopback interface (a rebound DNS name does not), the Origin is the page's own, and the token is a session's.
 */
export async function startHost(options: {
  root: string
  sessions: Sessions
  port: number
  attach: (port: Port) => void
  /** folder of files that wait to be taken by a window */
  saved: string
}): Promise<Host> {
  const { sessions } = options
  const server = createServer((request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  })

  const sending = new Set<string>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refuse = (status: number, text: string): void => void response.writeHead(status, { 'Content-Type': 'text/plain' }).end(text)
    if (!isLoopbackHost(request)) return refuse(421, 'wrong host')
    const [pathname] = (request.url ?? '/').split(/[?#]/)
    if (request.method === 'POST' && pathname === '/session') {
      if (!isSameOrigin(request)) return refuse(403, 'wrong origin')
      const session = await sessions.exchange(bearer(request))
      return session
        ? void response.writeHead(200, { 'Cache-Control': 'no-store', 'Content-Type': 'text/plain' }).end(session)
        : refuse(401, 'the link was used before')
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(405, 'GET only')
    const saved = /^\/saved\/([0-9a-f]{64})$/.exec(pathname)?.[1]
    if (saved !== undefined) return sendSaved(request, response, saved)
    const reply = await staticFile(options.root, pathname, `'self' ws://${request.headers.host}`)
    response.writeHead(reply.status, reply.headers).end(request.method === 'HEAD' ? undefined : reply.body)
  }

  /**
   * A file that a session has asked for over its line, by the name that only it was told; a link cannot carry more. It goes out once,
   * however far it came, and only to a page of this host (or to what sends no word of where it comes from).
   */
  async function sendSaved(request: IncomingMessage, response: ServerResponse, saved: string): Promise<void> {
    const refuse = (status: number, text: string): void => void response.writeHead(status, { 'Content-Type': 'text/plain' }).end(text)
    const site = request.headers['sec-fetch-site'] ?? 'same-origin'
    if (request.method !== 'GET' || site !== 'same-origin') return refuse(403, 'forbidden')
    const found = sending.has(saved) ? null : await findSaved(options.saved, saved)
    if (found === null || sending.has(saved)) return refuse(404, 'this file is not there any more; save it again')
    sending.add(saved)
    try {
      response.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': found.size,
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(found.name)}`,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cross-Origin-Resource-Policy': 'same-origin',
      })
      await pipeline(createReadStream(found.path), response).catch(() => undefined) // the download was stopped
    } finally {
      await dropSaved(options.saved, saved)
      sending.delete(saved)
    }
  }

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy()) // a client that leaves early must not end the host
    const refuse = (line: string): void => void socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\n\r\n`)
    if (!isLoopbackHost(request)) return refuse('421 Misdirected Request')
    if (!isSameOrigin(request)) return refuse('403 Forbidden')
    if (!sessions.isSession(tokenOf(request))) return refuse('401 Unauthorized')
    sockets.handleUpgrade(request, socket, head, (client) => options.attach(socketPort(client)))
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new QuerentError('bad-usage', `port ${options.port} is in use`, { path: '--port', expected: 'a free port, or 0 for any' })
          : error,
      ),
    )
    server.listen(options.port, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/#token=${sessions.launchToken}`,
    close: () =>
      new Promise((resolve) => {
        sockets.clients.forEach((client) => client.terminate())
        sockets.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Loopback names on any port, so that a forwarded port (`ssh -L`) works. */
const isLoopbackHost = (request: IncomingMessage): boolean =>
  /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(request.headers.host ?? '')
const isSameOrigin = (request: IncomingMessage): boolean => request.headers.origin === `http://${request.headers.host}`
const bearer = (request: IncomingMessage): string => /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
const tokenOf = (request: IncomingMessage): string =>
  /(?:^|,)\s*token\.([0-9a-f]{64})\s*(?:,|$)/.exec(request.headers['sec-websocket-protocol'] ?? '')?.[1] ?? ''

function socketPort(socket: WebSocket): Port {
  socket.on('error', () => undefined) // a broken frame: `close` follows
  return {
    post: (message) => {
      if (socket.readyState === socket.OPEN) socket.send(encodeFrame(message))
    },
    onMessage: (listener) =>
      void socket.on('message', (data: Buffer, isBinary) => {
        let message: unknown
        try {
          if (!isBinary) throw new TypeError('text frame')
          message = decodeFrame(data)
        } catch {
          return socket.close(1003, 'bad frame')
        }
        listener(message)
      }),
    onClose: (listener) => void socket.on('close', listener),
    close: () => socket.close(),
  }
}
