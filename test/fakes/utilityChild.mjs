// Inside a fake utility process: gives the entry the `process.parentPort` of the real one, over the fork's channel.
import { EventEmitter } from 'node:events'

const ports = new Map()
// Nobody listens any more when the app is gone.
const tell = (envelope) => process.connected && process.send(envelope, () => undefined)

/** A port queues what arrives until it is started. */
class Port extends EventEmitter {
  #queue = []
  constructor(post) {
    super()
    this.postMessage = post
  }
  receive(event) {
    if (this.#queue) this.#queue.push(event)
    else this.emit('message', event)
  }
  start() {
    const queued = this.#queue ?? []
    this.#queue = null
    for (const event of queued) this.emit('message', event)
  }
}

function openPort(id) {
  const port = new Port((message) => tell({ port: id, message }))
  port.close = () => tell({ port: id, closed: true })
  ports.set(id, port)
  return port
}

const parentPort = new Port((message) => tell({ message }))
// Unlike other ports, this one starts with its first listener.
parentPort.on('newListener', (name) => {
  if (name === 'message' && parentPort.listenerCount('message') === 0) setImmediate(() => parentPort.start())
})
Object.defineProperty(process, 'parentPort', { value: parentPort })

process.on('message', ({ port, message, closed, ports: given = [] }) => {
  const receiver = port === undefined ? parentPort : ports.get(port)
  if (closed) receiver?.emit('close')
  else receiver?.receive({ data: message, ports: given.map(openPort) })
})
// Utility processes are reaped with the app.
process.on('disconnect', () => process.exit(0))
