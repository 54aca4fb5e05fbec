import { contextBridge, ipcRenderer } from 'electron'
import { decodeError } from '@contract/errorCodec'
import { shellChannels, type DesktopBridge, type SaveFileReply } from '@contract/processes'

// The port cannot pass the context bridge; a window message can carry it.
ipcRenderer.on(shellChannels.labPort, (event) => window.postMessage('querent.lab-port', location.origin, event.ports))

const bridge: DesktopBridge = {
  requestLab: () => ipcRenderer.send(shellChannels.requestLab),
  saveFile: async (name, mime, bytes) => {
    const reply = (await ipcRenderer.invoke(shellChannels.saveFile, name, mime, bytes)) as SaveFileReply
    if (!reply.ok) throw decodeError(reply.error)
    return reply.path
  },
  onMenu: (listener) => {
    const heard = (_event: unknown, command: string): void => listener(command)
    ipcRenderer.on(shellChannels.menu, heard)
    return () => void ipcRenderer.removeListener(shellChannels.menu, heard)
  },
}

contextBridge.exposeInMainWorld('querent', Object.freeze(bridge))
