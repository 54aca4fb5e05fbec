import { QuerentError } from '@engine/core/errors'
import type { Failure } from './request'

const mostRedirects = 8
const redirects = new Set([301, 302, 303, 307, 308])

/** The answer at the end of the redirects; refuses loops, other protocols, and the step from https to http. */
export async function fetchFollowing(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response | Failure> {
  let at = new URL(url)
  const never = (message: string): Failure => ({
    again: false,
    error: new QuerentError('network', `${at.host}: ${message}`, { path: at.href }),
  })
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const response = await fetch(at, { headers, signal, redirect: 'manual' })
    if (!redirects.has(response.status)) return response
    await response.body?.cancel()
    const location = response.headers.get('location')
    if (location === null || !URL.canParse(location, at)) return never('the server redirects to nowhere')
    const next = new URL(location, at)
    if (next.protocol !== 'https:' && next.protocol !== at.protocol)
      return never(`the server redirects to ${next.protocol}//, which is not safe`)
    at = next
  }
  return never(`more than ${mostRedirects} redirects`)
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no server has this name; is this machine online?',
  EAI_AGAIN: 'the name of the server cannot be looked up; is this machine online?',
  ECONNREFUSED: 'the server refuses the connection',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the server sent another number of bytes than it announced',
  ETIMEDOUT: 'the server does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'the server does not answer',
  ENETUNREACH: 'the network cannot be reached',
  EHOSTUNREACH: 'the server cannot be reached',
}

/** What went wrong between here and the server, in words. */
export function networkError(url: string, error: unknown): QuerentError {
  if (error instanceof QuerentError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const { code = '', message = '' } = (cause ?? {}) as NodeJS.ErrnoException
  return new QuerentError(
    'network',
    `${new URL(url).host}: ${reasons[code] ?? message}`,
    { path: url, found: code || message },
    { cause: error },
  )
}
