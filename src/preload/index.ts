import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { labPortMessage, shellChannels, type DesktopBridge, type MenuCommand, type SaveFileReply } from '@contract/shell'

// A sandboxed preload can require nothing but Electron: this file and what it imports stay free of packages.

// The port cannot pass the context bridge; a window message can carry it.
ipcRenderer.on(shellChannels.labPort, (event) => window.postMessage(labPortMessage, location.origin, [...event.ports]))

const bridge: DesktopBridge = {
  requestLab: () => ipcRenderer.send(shellChannels.requestLab),
  saveFile: (name, mime, bytes) => ipcRenderer.invoke(shellChannels.saveFile, name, mime, bytes) as Promise<SaveFileReply>,
  pathOf: (file) => (file instanceof File ? webUtils.getPathForFile(file) : ''),
  onMenu: (listener) => {
    const heard = (_event: unknown, command: MenuCommand): void => listener(command)
    ipcRenderer.on(shellChannels.menu, heard)
    return () => void ipcRenderer.removeListener(shellChannels.menu, heard)
  },
}

contextBridge.exposeInMainWorld('querent', Object.freeze(bridge))
