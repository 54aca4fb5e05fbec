import type { Port } from '@contract/rpc'
import { labPortMessage } from '@contract/shell'

/** The line to the lab process; the preload hands over a MessagePort each time one is asked for. */
export function openElectronPort(requestLab: () => void): Promise<Port> {
  return new Promise((resolve) => {
    const receive = (event: MessageEvent): void => {
      if (event.source !== window || event.data !== labPortMessage) return
      window.removeEventListener('message', receive)
      const [port] = event.ports
      port.start()
      resolve({
        post: (message) => port.postMessage(message),
        onMessage: (listener) => port.addEventListener('message', (message) => listener(message.data)),
        onClose: (listener) => port.addEventListener('close', listener),
        close: () => port.close(),
      })
    }
    window.addEventListener('message', receive)
    requestLab()
  })
}
