import { open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { QuerentError, type ErrorDetails } from '@engine/core/errors'
import { withFile } from '../errors'
import { fetchFollowing, networkError } from './fetchFollowing'
import type { Meter } from './meter'
import { discardPart, partFile, readPart, writeState, type Part, type PartState } from './part'
import type { DownloadRequest, Failure } from './request'

/**
 * Asks one address once, for the rest of what is there or for all of it, and appends what comes to the part. Resolves to null when
 * all bytes are there. Throws what no other address would mend: `cancelled`, `disk-full`, `not-writable`.
 */
export async function transfer(url: string, request: DownloadRequest, stallMs: number, meter: Meter): Promise<Failure | null> {
  const { file, name, signal } = request
  const part = await readPart(file)
  const { state } = part
  const isSame = state?.url === url && state.validator !== null && part.bytes > 0
  if (isSame && part.bytes === state.total) return null
  const range: Record<string, string> = isSame ? { range: `bytes=${part.bytes}-`, 'if-range': state.validator ?? '' } : {}

  const stall = new AbortController()
  let timer = setTimeout(() => stall.abort(), stallMs)
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(), stallMs)
  }
  try {
    const both = AbortSignal.any([stall.signal, ...(signal === undefined ? [] : [signal])])
    const response = await fetchFollowing(url, { 'accept-encoding': 'identity', ...range }, both)
    if ('again' in response) return response
    try {
      const answer = readAnswer(response, url, part, request)
      if ('again' in answer) {
        if (answer.startOver) await discardPart(file)
        return answer
      }
      await requireRoom(file, name, answer.state.total, answer.from)
      if (answer.from === 0) await writeState(file, answer.state)
      return await receive(response, answer, request, meter, alive)
    } finally {
      await response.body?.cancel().catch(() => undefined)
    }
  } catch (error) {
    if (signal?.aborted) throw new QuerentError('cancelled', `the download of ${name} was stopped`)
    if (error instanceof QuerentError && error.code !== 'network') throw error
    const isStalled = stall.signal.aborted
    return { again: true, error: isStalled ? failed(url, `no byte came for ${Math.round(stallMs / 1000)} s`) : networkError(url, error) }
  } finally {
    clearTimeout(timer)
  }
}

interface Answer {
  /** first byte that follows */
  readonly from: number
  readonly state: PartState
}

const failed = (url: string, message: string, details: ErrorDetails = {}): QuerentError =>
  new QuerentError('network', `${new URL(url).host}: ${message}`, { path: url, ...details })

/** What the server's head says: where its bytes belong, or why they cannot be had. */
function readAnswer(response: Response, url: string, part: Part, request: DownloadRequest): Answer | (Failure & { startOver?: boolean }) {
  const { status, headers } = response
  const never = (message: string, details?: ErrorDetails): Failure => ({ again: false, error: failed(url, message, details) })
  const startOver = (message: string): Failure & { startOver: true } => ({ again: true, startOver: true, error: failed(url, message) })
  if (status === 416) return startOver('the server has no more bytes of it than have come')
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const seconds = Number(headers.get('retry-after') ?? NaN)
    return {
      again: true,
      error: failed(url, `the server cannot answer now (${status})`),
      ...(seconds >= 0 ? { afterMs: seconds * 1000 } : {}),
    }
  }
  if (status === 401 || status === 403) return never(`the server does not give it to everybody (${status})`, { found: `HTTP ${status}` })
  if (status === 404 || status === 410) return never(`the file is not there any more (${status})`, { found: `HTTP ${status}` })
  if (status !== 200 && status !== 206) return never(`an unexpected answer (${status})`, { found: `HTTP ${status}` })
  if (/^text\/html|^application\/xhtml/i.test(headers.get('content-type') ?? '')) return never(htmlMessage, { found: 'text/html' })

  const etag = headers.get('etag')
  const length = headers.get('content-encoding') === null ? Number(headers.get('content-length') ?? NaN) : NaN
  if (status === 206) {
    const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '') ?? []
    const state = part.state
    if (state === null || Number(from) !== part.bytes) return startOver('the server sent other bytes than were asked for')
    const isOther = (total !== '*' && state.total !== null && Number(total) !== state.total) || (etag !== null && etag !== state.etag)
    return isOther ? startOver('the file on the server changed in the meantime') : { from: part.bytes, state }
  }
  const total = Number.isSafeInteger(length) ? length : null
  const { bytes, mostBytes = bytes } = request
  if (total !== null && bytes !== undefined && total !== bytes)
    return never('the server has another file', { found: `${total} bytes`, expected: `${bytes} bytes` })
  if (total !== null && mostBytes !== undefined && total > mostBytes)
    return never(tooLarge, { found: `${total} bytes`, expected: `at most ${mostBytes} bytes` })
  const validator = etag !== null && !etag.startsWith('W/') ? etag : headers.get('last-modified')
  return { from: 0, state: { url, etag, validator, total } }
}

const htmlMessage = 'the server answered with a web page, not with the file'
const tooLarge = 'the file is larger than it may be'

/** Less room than is needed is said before anything is written. */
async function requireRoom(file: string, name: string, total: number | null, from: number): Promise<void> {
  if (total === null) return
  const { bavail, bsize } = await statfs(dirname(file))
  const free = bavail * bsize
  if (total - from > free)
    throw new QuerentError('disk-full', `${name} does not fit on the disk`, {
      file,
      found: `${free} bytes free`,
      expected: `${total - from} bytes`,
    })
}

/** Appends the body to the part. */
async function receive(
  response: Response,
  { from, state }: Answer,
  request: DownloadRequest,
  meter: Meter,
  alive: () => void,
): Promise<Failure | null> {
  const { file, bytes, mostBytes = bytes ?? Infinity } = request
  const { url, total } = state
  let received = from
  const handle = await withFile(file, () => open(partFile(file), from === 0 ? 'w' : 'a'))
  try {
    for await (const chunk of response.body ?? []) {
      alive()
      if (received === 0 && isPage(chunk)) return { again: false, error: failed(url, htmlMessage, { found: 'a web page' }) }
      if (received + chunk.length > Math.min(mostBytes, total ?? Infinity))
        return {
          again: false,
          error: failed(url, tooLarge, { found: `more than ${received} bytes`, expected: `at most ${mostBytes} bytes` }),
        }
      await withFile(file, () => handle.appendFile(chunk))
      received += chunk.length
      meter.received(received, total)
    }
    await withFile(file, () => handle.sync())
  } finally {
    await handle.close()
  }
  const expected = total ?? bytes
  if (expected === undefined || received === expected) return null
  return { again: true, error: failed(url, 'the server ended too early', { found: `${received} bytes`, expected: `${expected} bytes` }) }
}

/** Some servers send a page of theirs under the name and type of the file. */
const isPage = (chunk: Uint8Array): boolean => /^\s*<(!doctype html|html)/i.test(new TextDecoder('latin1').decode(chunk.subarray(0, 200)))
