import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { labPortMessage, shellChannels, type DesktopBridge, type MenuCommand, type SaveFileReply } from '@contract/shell'

// A sandboxed preload can require nothing but Electron: this file and what it imports stay free of packages.

// The port cannot pass the context bridge; a window message can carry it.
ipcRenderer.on(shellChannels.labPort, (event) => window.postMessage(labPortMessage, location.origin, [...event.ports]))

// What is opened before the page listens waits here.
let opened: string[] = []
let hearOpened: ((paths: string[]) => void) | undefined
ipcRenderer.on(shellChannels.open, (_event, paths: string[]) => {
  if (hearOpened) hearOpened(paths)
  else opened = [...opened, ...paths]
})

const bridge: DesktopBridge = {
  requestLab: () => ipcRenderer.send(shellChannels.requestLab),
  saveFile: (name, mime, bytes) => ipcRenderer.invoke(shellChannels.saveFile, name, mime, bytes) as Promise<SaveFileReply>,
  choosePlace: (name) => ipcRenderer.invoke(shellChannels.choosePlace, name) as Promise<SaveFileReply>,
  putSaved: (saved, path) => ipcRenderer.invoke(shellChannels.putSaved, saved, path) as Promise<SaveFileReply>,
  pathOf: (file) => (file instanceof File ? webUtils.getPathForFile(file) : ''),
  onOpen: (listener) => {
    hearOpened = listener
    if (opened.length > 0) listener(opened)
    opened = []
    return () => void (hearOpened = undefined)
  },
  onMenu: (listener) => {
    const heard = (_event: unknown, command: MenuCommand): void => listener(command)
    ipcRenderer.on(shellChannels.menu, heard)
    return () => void ipcRenderer.removeListener(shellChannels.menu, heard)
  },
}

contextBridge.exposeInMainWorld('querent', Object.freeze(bridge))
