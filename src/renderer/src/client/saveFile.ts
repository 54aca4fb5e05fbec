/** What the desktop shell's preload may offer; absent in a browser. */
interface ShellBridge {
  /** asks the shell for a line to the lab; it arrives as a window message with a port */
  requestLab?(): void
  saveFile?(name: string, mime: string, bytes: Uint8Array): Promise<string | null>
}
declare global {
  interface Window {
    readonly querent?: ShellBridge
  }
}

/** Saves bytes where the user wants them: the desktop's save dialog, or a download. Null when the user cancelled. */
export async function saveFile(name: string, mime: string, bytes: Uint8Array): Promise<string | null> {
  if (window.querent?.saveFile) return window.querent.saveFile(name, mime, bytes)
  const url = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: mime }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
  return name
}
