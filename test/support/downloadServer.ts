import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server on this machine whose answers are scripted by path; it counts what it was asked. */
export interface DownloadServer {
  readonly url: (path: string) => string
  /** one answer per request, the last one for all further requests */
  serve(path: string, ...answers: readonly Answer[]): void
  /** `Range` headers of the requests to a path, in order; '' where there was none */
  asked(path: string): readonly string[]
  close(): Promise<void>
}

export async function startDownloadServer(): Promise<DownloadServer> {
  const answers = new Map<string, Answer[]>()
  const asked = new Map<string, string[]>()
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    asked.set(path, [...(asked.get(path) ?? []), request.headers.range ?? ''])
    const scripted = answers.get(path)
    if (scripted === undefined) return void response.writeHead(404).end()
    const answer = scripted.length > 1 ? scripted.shift() : scripted[0]
    answer?.(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    serve: (path, ...scripted) => void answers.set(path, [...scripted]),
    asked: (path) => asked.get(path) ?? [],
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

interface FileAnswer {
  readonly etag?: string
  /** the connection breaks after so many bytes of the answer */
  readonly breakAfter?: number
  /** nothing more is sent after so many bytes, and the connection stays open */
  readonly stallAfter?: number
  readonly ignoreRange?: boolean
  readonly type?: string
  /** announced instead of the true length; null: none is */
  readonly length?: number | null
  /** milliseconds between pieces of 1 kB */
  readonly slowMs?: number
}

/** Serves bytes as a file server does, with the faults that are asked for. */
export const file =
  (bytes: Uint8Array, { etag, breakAfter, stallAfter, ignoreRange, type, length, slowMs }: FileAnswer = {}): Answer =>
  (request, response) => {
    const tag = etag ?? `"${md5(bytes)}"`
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
    const condition = request.headers['if-range']
    const from = range !== undefined && !ignoreRange && (condition === undefined || condition === tag) ? Number(range) : 0
    const body = Buffer.from(bytes.subarray(from))
    response.writeHead(from > 0 ? 206 : 200, {
      'content-type': type ?? 'application/octet-stream',
      ...(length === null ? {} : { 'content-length': length ?? body.length }),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
      ...(tag === '' ? {} : { etag: tag }),
    })
    const cut = breakAfter ?? stallAfter
    if (slowMs !== undefined) return drip(response, body, slowMs)
    if (cut === undefined) return void response.end(body)
    response.write(body.subarray(0, cut), () => {
      if (breakAfter !== undefined) setTimeout(() => response.destroy(), 150) // the client has read what was written by then
    })
  }

function drip(response: ServerResponse, body: Buffer, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    response.write(body.subarray(at, (at += 1024)))
    if (at < body.length) return
    clearInterval(timer)
    response.end()
  }, everyMs)
  response.on('close', () => clearInterval(timer))
}

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body)

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
