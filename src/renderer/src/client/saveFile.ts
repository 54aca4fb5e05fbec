import { decodeError } from '@contract/errorCodec'
import type { DesktopBridge, SaveFileReply } from '@contract/shell'
import type { WaitingFile } from '@contract/importing'

declare global {
  interface Window {
    /** what the desktop shell's preload offers; absent in a browser */
    readonly querent?: DesktopBridge
  }
}

/**
 * Has a file made where the user wants it, and never holds it: the desktop asks for the place first and moves the file there, a browser
 * downloads it from the host. Null when the user cancelled.
 */
export async function saveMade(name: string, make: () => Promise<WaitingFile>): Promise<string | null> {
  const shell = window.querent
  if (!shell) {
    const made = await make()
    Object.assign(document.createElement('a'), { href: `/saved/${made.saved}`, download: made.name }).click()
    return made.name
  }
  const place = pathOf(await shell.choosePlace(name))
  return place === null ? null : pathOf(await shell.putSaved((await make()).saved, place))
}

function pathOf(reply: SaveFileReply): string | null {
  if (!reply.ok) throw decodeError(reply.error)
  return reply.path
}

/** Saves bytes where the user wants them: the desktop's save dialog, or a download. Null when the user cancelled. */
export async function saveFile(name: string, mime: string, bytes: Uint8Array): Promise<string | null> {
  if (window.querent) return pathOf(await window.querent.saveFile(name, mime, bytes))
  const url = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: mime }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return name
}
