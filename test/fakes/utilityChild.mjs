// Inside a fake utility process: gives the entry the `process.parentPort` of the real one, over the fork's channel.
import { EventEmitter } from 'node:events'

const ports = new Map()

class Port extends EventEmitter {
  constructor(id) {
    super()
    this.id = id
    ports.set(id, this)
  }
  postMessage(message) {
    process.send({ port: this.id, message })
  }
  start() {}
  close() {
    if (process.connected) process.send({ port: this.id, closed: true })
  }
}

const parentPort = Object.assign(new EventEmitter(), { postMessage: (message) => process.send({ message }) })
Object.defineProperty(process, 'parentPort', { value: parentPort })

process.on('message', (envelope) => {
  if (envelope.port === undefined) parentPort.emit('message', { data: envelope.message, ports: (envelope.ports ?? []).map((id) => new Port(id)) })
  else if (envelope.closed) ports.get(envelope.port)?.emit('close')
  else ports.get(envelope.port)?.emit('message', { data: envelope.message, ports: (envelope.ports ?? []).map((id) => new Port(id)) })
})
// Utility processes are reaped with the app.
process.on('disconnect', () => process.exit(0))
