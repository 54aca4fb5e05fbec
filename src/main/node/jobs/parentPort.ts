import process from 'node:process'
import type { Port } from '@contract/rpc'

/** A message port inside a utility process, as Electron hands it over. */
export interface UtilityPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

/** The line of a utility process to the desktop's main process. */
export interface ParentPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown; readonly ports: readonly UtilityPort[] }) => void): unknown
}

/** Electron's parent port; undefined in a plain Node process. */
export const parentPort = (process as { readonly parentPort?: ParentPort }).parentPort

export const labPort = (port: UtilityPort): Port => ({
  post: (message) => port.postMessage(message),
  onMessage: (listener) => {
    port.on('message', ({ data }) => listener(data))
    port.start()
  },
  onClose: (listener) => void port.on('close', listener),
  close: () => port.close(),
})
