import { z } from 'zod'
import type { WireError } from './errorCodec'

/**
 * Messages between the desktop's main process and its lab process. Ports travel beside them: `client` brings a window's line,
 * `job` the line of a job process that main forked on the lab's request.
 */
export const labToMain = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** the lab cannot start; the error is a `WireError` */
  z.object({ type: z.literal('failed'), error: z.unknown() }),
  z.object({ type: z.literal('spawn-job'), id: z.number().int() }),
  z.object({ type: z.literal('kill-job'), id: z.number().int() }),
  /** running or not: keeps the machine awake, and asks before closing */
  z.object({ type: z.literal('busy'), busy: z.boolean() }),
  z.object({ type: z.literal('stopped') }),
])
export type LabToMain = z.infer<typeof labToMain>

export const mainToLab = z.discriminatedUnion('type', [
  z.object({ type: z.literal('client') }),
  z.object({ type: z.literal('job'), id: z.number().int(), pid: z.number().int().optional() }),
  z.object({ type: z.literal('job-exit'), id: z.number().int(), code: z.number().int().nullable() }),
  z.object({ type: z.literal('stop') }),
])
export type MainToLab = z.infer<typeof mainToLab>

/** What the preload puts on `window.querent`. */
export interface DesktopBridge {
  /** Asks for a line to the lab; it arrives as the window message 'querent.lab-port' with one port. */
  requestLab(): void
  /** Shows the save dialog and writes the file; null when the user cancelled. Rejects with a `WireError`. */
  saveFile(name: string, mime: string, bytes: Uint8Array): Promise<string | null>
  /** A menu item or its shortcut was used; returns the unsubscriber. */
  onMenu(listener: (command: string) => void): () => void
}

/** ipcMain channels: only shell things go here, everything else through the lab's port. */
export const shellChannels = { requestLab: 'shell.requestLab', saveFile: 'shell.saveFile', menu: 'shell.menu', labPort: 'shell.labPort' } as const

export const saveFileRequest = z.tuple([z.string().min(1).max(255), z.string().max(100), z.instanceof(Uint8Array)])

export type SaveFileReply = { readonly ok: true; readonly path: string | null } | { readonly ok: false; readonly error: WireError }
