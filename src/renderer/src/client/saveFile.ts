import { decodeError } from '@contract/errorCodec'
import type { DesktopBridge } from '@contract/shell'

declare global {
  interface Window {
    /** what the desktop shell's preload offers; absent in a browser */
    readonly querent?: DesktopBridge
  }
}

/** Saves bytes where the user wants them: the desktop's save dialog, or a download. Null when the user cancelled. */
export async function saveFile(name: string, mime: string, bytes: Uint8Array): Promise<string | null> {
  if (window.querent) {
    const reply = await window.querent.saveFile(name, mime, bytes)
    if (!reply.ok) throw decodeError(reply.error)
    return reply.path
  }
  const url = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: mime }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return name
}
