import type { WireError } from './errorCodec'

/** What a page may ask of the desktop shell; everything else goes to the lab. Types and names only: the preload bundles this. */

/** What the preload puts on `window.querent`. */
export interface DesktopBridge {
  /** Asks for a line to the lab; it arrives as the window message `labPortMessage` with one port. */
  requestLab(): void
  /** Shows the save dialog and writes the file. Failures come as data: an error would lose its code on the way. */
  saveFile(name: string, mime: string, bytes: Uint8Array): Promise<SaveFileReply>
  /** Shows the save dialog alone, for a file that is still to be made. */
  choosePlace(name: string): Promise<SaveFileReply>
  /** Moves a file that the lab has made (`datasets.save`) to a path that `choosePlace` gave. */
  putSaved(saved: string, path: string): Promise<SaveFileReply>
  /** Absolute path of a file that was dropped or chosen; empty when it is none of the disk. */
  pathOf(file: unknown): string
  /** Files or folders were opened with the app, by absolute path; also those opened before the page could hear. Returns the unsubscriber. */
  onOpen(listener: (paths: string[]) => void): () => void
  /** A menu item or its shortcut was used; returns the unsubscriber. */
  onMenu(listener: (command: MenuCommand) => void): () => void
}

/** `path` is null when the user cancelled. */
export type SaveFileReply = { readonly ok: true; readonly path: string | null } | { readonly ok: false; readonly error: WireError }

/** Items of the application menu that the page carries out. */
export type MenuCommand =
  'project.new' | 'project.open' | 'study.save' | 'project.save' | 'run.start' | 'run.stop' | 'palette.open' | 'help.shortcuts'

export const shellChannels = {
  requestLab: 'shell.requestLab',
  saveFile: 'shell.saveFile',
  choosePlace: 'shell.choosePlace',
  putSaved: 'shell.putSaved',
  menu: 'shell.menu',
  open: 'shell.open',
  labPort: 'shell.labPort',
} as const

/** The window message that carries a line to the lab. */
export const labPortMessage = 'querent.lab-port'
