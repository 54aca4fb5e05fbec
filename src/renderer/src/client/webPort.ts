import type { Port } from '@contract/rpc'
import { decodeFrame, encodeFrame } from '@contract/wire'
import { QuerentError } from '@engine/core/errors'

const sessionKey = 'querent.session'

/** The line to the loopback host: the launch token of the address is exchanged once, the session token survives a reload. */
export async function openWebPort(): Promise<Port> {
  await exchangeLaunchToken()
  const session = sessionStorage.getItem(sessionKey) ?? localStorage.getItem(sessionKey)
  if (session === null)
    throw new QuerentError(
      'bad-input',
      'This page was opened without its key. Open the address that the terminal shows (it works once), or start Querent again.',
    )
  const socket = new WebSocket(`ws://${location.host}/lab`, ['querent.v1', `token.${session}`])
  socket.binaryType = 'arraybuffer'
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener(
      'error',
      () => reject(new QuerentError('not-found', 'The workbench host does not answer. Is it still running?')),
      { once: true },
    )
  })
  return {
    post: (message) => socket.send(encodeFrame(message)),
    onMessage: (listener) =>
      socket.addEventListener('message', (event: MessageEvent<ArrayBuffer>) => listener(decodeFrame(new Uint8Array(event.data)))),
    onClose: (listener) => socket.addEventListener('close', listener),
    close: () => socket.close(),
  }
}

async function exchangeLaunchToken(): Promise<void> {
  const token = /(?:^#|&)token=([0-9a-f]{64})/.exec(location.hash)?.[1]
  if (token === undefined) return
  // The token leaves the address before anything else can read or bookmark it.
  history.replaceState(null, '', location.pathname)
  const reply = await fetch('/session', { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
  if (!reply.ok) return // used before: a session of this browser may still hold
  const session = await reply.text()
  sessionStorage.setItem(sessionKey, session)
  localStorage.setItem(sessionKey, session)
}
